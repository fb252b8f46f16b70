package chat

import (
	"context"
	"sync"
	"time"
)

// Incoming describes an upload whose body has not been read yet.
type Incoming struct {
	Network string // that it comes from; "" is not counted
	Size    int64  // of the file, in bytes, at most
}

// BeginUpload reports whether caller may upload a file, and takes a place for it until
// done is called. Call it before the body is read.
func (s *Service) BeginUpload(ctx context.Context, caller Caller, in Incoming) (done func(), err error) {
	done, err = s.takePlace(ctx, caller, in)
	if err != nil {
		return nil, err
	}
	unused, err := s.Attachments.UnusedAttachments(ctx, caller.User.ID)
	if err == nil && unused >= MaxUnused {
		err = ErrTooManyUnused()
	}
	if err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// BeginAvatar is BeginUpload for an avatar.
func (s *Service) BeginAvatar(ctx context.Context, caller Caller, in Incoming) (done func(), err error) {
	return s.takePlace(ctx, caller, in)
}

// takePlace makes the checks that all uploads have in common.
func (s *Service) takePlace(ctx context.Context, caller Caller, in Incoming) (done func(), err error) {
	if err := allow(s.Uploads, caller.User.ID); err != nil {
		return nil, err
	}
	if err := s.checkQuota(ctx, caller.User, 1); err != nil {
		return nil, err
	}
	release, err := s.Space.Reserve(2 * in.Size) // the temporary file and the blob
	if err != nil {
		return nil, err
	}
	if !s.uploads.take(caller.User.ID, in.Network) {
		release()
		return nil, limited(time.Second)
	}
	return sync.OnceFunc(func() {
		s.uploads.leave(caller.User.ID, in.Network)
		release()
	}), nil
}

// The uploads under way on a node. One user and one network cannot take all places.
const (
	uploadPlacesAll       = 32
	uploadPlacesOfNetwork = 8
	uploadPlacesOfUser    = 4
)

// uploadPlaces counts the uploads under way, avatars included.
type uploadPlaces struct {
	mu        sync.Mutex
	all       int
	ofUser    map[UserID]int
	ofNetwork map[string]int
}

func (u *uploadPlaces) take(user UserID, network string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.all >= uploadPlacesAll || u.ofUser[user] >= uploadPlacesOfUser || network != "" && u.ofNetwork[network] >= uploadPlacesOfNetwork {
		return false
	}
	if u.ofUser == nil {
		u.ofUser, u.ofNetwork = map[UserID]int{}, map[string]int{}
	}
	u.all++
	u.ofUser[user]++
	u.ofNetwork[network]++
	return true
}

func (u *uploadPlaces) leave(user UserID, network string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all--
	if u.ofUser[user]--; u.ofUser[user] == 0 {
		delete(u.ofUser, user)
	}
	if u.ofNetwork[network]--; u.ofNetwork[network] == 0 {
		delete(u.ofNetwork, network)
	}
}

func (u *uploadPlaces) taken() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.all
}

// UploadsRunning returns how many uploads of this node are in progress.
func (s *Service) UploadsRunning() int { return s.uploads.taken() }
