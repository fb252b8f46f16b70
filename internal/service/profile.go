package service

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// blobTimeout is the time limit of one call of the blob engine. It is shorter than
// chat.RequestBudget, so that UNAVAILABLE is returned in time.
const blobTimeout = 1800 * time.Millisecond

// ChangeProfile changes the display name, the status message and the time zone of the caller.
func (s *Service) ChangeProfile(ctx context.Context, caller chat.Caller, p chat.ProfilePatch) (chat.User, error) {
	if p.DisplayName != nil {
		name, err := chat.CleanDisplayName(*p.DisplayName, caller.User.Username)
		if err != nil {
			return chat.User{}, err
		}
		p.DisplayName = &name
	}
	if p.StatusMessage != nil {
		message, err := chat.CleanLine(*p.StatusMessage, chat.MaxStatusMessage, "statusMessage")
		if err != nil {
			return chat.User{}, err
		}
		p.StatusMessage = &message
	}
	if err := allow(s.ChangeRates.Profiles, caller.User.ID); err != nil {
		return chat.User{}, err
	}
	if p.TimeZone != nil {
		if err := chat.CheckTimeZone(*p.TimeZone); err != nil {
			return chat.User{}, err
		}
	}
	user, err := s.Profiles.ChangeProfile(ctx, caller.User.ID, p)
	if err == nil {
		s.PublishProfile(ctx, user)
	}
	return user, err
}

// SetAvatar sets the avatar of the caller to an uploaded picture. The new blob is stored
// before the row refers to it, and the old one is deleted after that, so that a referenced
// blob always exists.
func (s *Service) SetAvatar(ctx context.Context, caller chat.Caller, upload io.ReadSeeker) (chat.User, error) {
	picture, contentType, err := s.Pictures.Avatar(ctx, upload)
	if err != nil {
		return chat.User{}, err
	}
	if err := s.checkQuota(ctx, caller.User, int64(len(picture))); err != nil {
		return chat.User{}, err
	}
	key := newBlobName()
	if err := s.putAvatar(ctx, key, picture, contentType); err != nil {
		return chat.User{}, err
	}
	user, before, err := s.Profiles.SetAvatar(ctx, caller.User.ID, key, int64(len(picture)), s.quotaOf(caller.User))
	if err != nil {
		// If the outcome is unknown, the row may refer to the blob: keep it.
		if chat.CodeOf(err) != chat.Unavailable {
			s.dropAvatar(ctx, key)
		}
		return chat.User{}, err
	}
	s.PublishProfile(ctx, user)
	if before != "" {
		s.GarbageCollector.Wake() // the store has scheduled its deletion
	}
	return user, nil
}

// RemoveAvatar removes the avatar of the caller.
func (s *Service) RemoveAvatar(ctx context.Context, caller chat.Caller) error {
	if err := allow(s.ChangeRates.Profiles, caller.User.ID); err != nil {
		return err
	}
	user, before, err := s.Profiles.SetAvatar(ctx, caller.User.ID, "", 0, chat.Quota{})
	if err != nil || before == "" {
		return err
	}
	s.PublishProfile(ctx, user)
	s.GarbageCollector.Wake() // the store has scheduled its deletion
	return nil
}

// Avatar opens an avatar. Every client that knows its random name may read it. The caller
// closes it. It is not read into memory, because the client may be slow. It returns
// NOT_FOUND if there is none.
func (s *Service) Avatar(ctx context.Context, key string) (chat.Blob, error) {
	if !blobName.MatchString(key) {
		return chat.Blob{}, chat.ErrNotFound()
	}
	blob, err := s.Blobs.Get(ctx, avatarKey(key))
	return blob, timeoutUnavailable(err)
}

func (s *Service) putAvatar(ctx context.Context, key string, picture []byte, contentType string) error {
	ctx, cancel := context.WithTimeout(ctx, blobTimeout)
	defer cancel()
	return timeoutUnavailable(s.Blobs.Put(ctx, avatarKey(key), bytes.NewReader(picture), int64(len(picture)), contentType))
}

// dropAvatar deletes the blob of an avatar that no user has had. A failure costs space
// only, so it is logged and not returned.
func (s *Service) dropAvatar(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), blobTimeout)
	defer cancel()
	if err := s.Blobs.Delete(ctx, avatarKey(key)); err != nil {
		s.Log.WarnContext(ctx, "delete unused avatar failed", "key", key, "err", err)
	}
}

var blobName = regexp.MustCompile(`^[0-9a-f]{32}$`)

func avatarKey(key string) string { return "avatars/" + key }

// newBlobName returns 128 random bits in hexadecimal.
func newBlobName() string {
	name := make([]byte, 16)
	_, _ = rand.Read(name) // never fails
	return hex.EncodeToString(name)
}

// timeoutUnavailable returns UNAVAILABLE for a timeout, and other errors unchanged.
func timeoutUnavailable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return chat.ErrUnavailable(err)
	}
	return err
}

// PublishProfile publishes a changed profile to the user's own connections and to the users
// that share a room with it. It is called after the commit, so it does not stop when ctx
// ends.
func (s *Service) PublishProfile(ctx context.Context, user chat.User) {
	rooms, err := s.Rooms.RoomsOf(context.WithoutCancel(ctx), user.ID)
	if err != nil {
		s.Log.WarnContext(ctx, "publish profile to rooms failed", "user", user.ID, "err", err)
	}
	user.Status = chat.Unknown
	s.Publisher.PublishUser(chat.UserChanged{User: user, Rooms: rooms})
}
