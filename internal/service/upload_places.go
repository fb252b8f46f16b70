package service

import (
	"context"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// BeginUpload checks whether the caller may upload a file and reserves a place for it until
// done is called. Call it before the body is read.
func (s *Service) BeginUpload(ctx context.Context, caller chat.Caller, in chat.Incoming) (done func(), err error) {
	done, err = s.claimUploadPlace(ctx, caller, in)
	if err != nil {
		return nil, err
	}
	unused, err := s.Attachments.UnusedAttachments(ctx, caller.User.ID)
	if err == nil && unused >= chat.MaxUnused {
		err = chat.ErrTooManyUnused()
	}
	if err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// BeginAvatar is BeginUpload for an avatar.
func (s *Service) BeginAvatar(ctx context.Context, caller chat.Caller, in chat.Incoming) (done func(), err error) {
	return s.claimUploadPlace(ctx, caller, in)
}

// claimUploadPlace makes the checks that are common to all uploads and reserves a place.
func (s *Service) claimUploadPlace(ctx context.Context, caller chat.Caller, in chat.Incoming) (done func(), err error) {
	if err := allow(s.UploadRate, caller.User.ID); err != nil {
		return nil, err
	}
	if err := s.checkQuota(ctx, caller.User, 1); err != nil {
		return nil, err
	}
	release, err := s.Space.Reserve(2 * in.Size) // the temporary file and the blob
	if err != nil {
		return nil, err
	}
	if !s.uploads.claim(caller.User.ID, in.Network) {
		release()
		return nil, chat.ErrRateLimited("Too many uploads are running.", time.Second)
	}
	return sync.OnceFunc(func() {
		s.uploads.release(caller.User.ID, in.Network)
		release()
	}), nil
}

// The limits of concurrent uploads on a node.
const (
	uploadPlacesAll        = 32
	uploadPlacesPerNetwork = 8
	uploadPlacesPerUser    = 4
)

// uploadPlaces counts the running uploads, including avatars.
type uploadPlaces struct {
	mu         sync.Mutex
	all        int
	perUser    map[chat.UserID]int
	perNetwork map[string]int
}

func (u *uploadPlaces) claim(user chat.UserID, network string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all >= uploadPlacesAll || u.perUser[user] >= uploadPlacesPerUser || network != "" && u.perNetwork[network] >= uploadPlacesPerNetwork {
		return false
	}
	if u.perUser == nil {
		u.perUser, u.perNetwork = map[chat.UserID]int{}, map[string]int{}
	}
	u.all++
	u.perUser[user]++
	u.perNetwork[network]++
	return true
}

func (u *uploadPlaces) release(user chat.UserID, network string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all--
	if u.perUser[user]--; u.perUser[user] == 0 {
		delete(u.perUser, user)
	}
	if u.perNetwork[network]--; u.perNetwork[network] == 0 {
		delete(u.perNetwork, network)
	}
}

func (u *uploadPlaces) taken() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.all
}

// UploadsRunning returns how many uploads are running on this node.
func (s *Service) UploadsRunning() int { return s.uploads.taken() }
