package chat

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"regexp"
	"time"
)

// The limits of a profile.
const (
	MaxDisplayName   = 50      // characters
	MaxStatusMessage = 100     // characters
	MaxAvatar        = 5 << 20 // bytes of an upload
)

// blobPatience bounds one deed of the blob engine, so that a caller hears
// UNAVAILABLE within two seconds when it is away.
const blobPatience = 1800 * time.Millisecond

// ProfilePatch is what a user asks to change of itself; nil is left as it is. The
// store takes it clean.
type ProfilePatch struct {
	DisplayName   *string // "" is the username
	StatusMessage *string
}

// Profiles is the store of what users change of themselves.
type Profiles interface {
	// ChangeProfile changes the names of a user. NOT_FOUND.
	ChangeProfile(ctx context.Context, user UserID, p ProfilePatch) (User, error)
	// SetAvatar gives a user another avatar, "" for none, and returns the key of
	// the one before. Of several at once each learns of another one. size is that of
	// the avatar, in bytes. NOT_FOUND, QUOTA_EXCEEDED.
	SetAvatar(ctx context.Context, user UserID, key string, size int64, quota Quota) (u User, before string, err error)
}

// Pictures makes small pictures of large ones.
type Pictures interface {
	// Thumbnail measures the picture in r and makes a smaller one of it, turned as
	// it is shown. Errors as Avatar.
	Thumbnail(ctx context.Context, r io.ReadSeeker) (Thumbnail, error)
	// Avatar makes a small square picture without metadata of an upload.
	// UNSUPPORTED_MEDIA, TOO_LARGE, UNAVAILABLE where others keep it busy.
	Avatar(ctx context.Context, upload io.ReadSeeker) (avatar []byte, contentType string, err error)
}

// ChangeProfile changes what a caller is called and says of itself.
func (s *Service) ChangeProfile(ctx context.Context, caller Caller, p ProfilePatch) (User, error) {
	if p.DisplayName != nil {
		name, err := CleanDisplayName(*p.DisplayName, caller.User.Username)
		if err != nil {
			return User{}, err
		}
		p.DisplayName = &name
	}
	if p.StatusMessage != nil {
		message, err := line(*p.StatusMessage, MaxStatusMessage, "statusMessage")
		if err != nil {
			return User{}, err
		}
		p.StatusMessage = &message
	}
	if err := allow(s.Rates.Profiles, caller.User.ID); err != nil {
		return User{}, err
	}
	user, err := s.Profiles.ChangeProfile(ctx, caller.User.ID, p)
	if err == nil {
		s.AnnounceUser(ctx, user)
	}
	return user, err
}

// SetAvatar makes an avatar of an upload. The blob is there before the row names
// it, and the old one goes after the row has forgotten it: what is named exists.
func (s *Service) SetAvatar(ctx context.Context, caller Caller, upload io.ReadSeeker) (User, error) {
	picture, contentType, err := s.Pictures.Avatar(ctx, upload)
	if err != nil {
		return User{}, err
	}
	if err := s.checkQuota(ctx, caller.User, int64(len(picture))); err != nil {
		return User{}, err
	}
	key := newBlobName()
	if err := s.putAvatar(ctx, key, picture, contentType); err != nil {
		return User{}, err
	}
	user, before, err := s.Profiles.SetAvatar(ctx, caller.User.ID, key, int64(len(picture)), s.quotaOf(caller.User))
	if err != nil {
		// Where the outcome is unknown the row may name it: rather a blob too many.
		if CodeOf(err) != Unavailable {
			s.dropAvatar(ctx, key)
		}
		return User{}, err
	}
	s.AnnounceUser(ctx, user)
	if before != "" {
		s.Sweeper.Wake() // the store has scheduled its deletion
	}
	return user, nil
}

// RemoveAvatar takes a caller's avatar away.
func (s *Service) RemoveAvatar(ctx context.Context, caller Caller) error {
	if err := allow(s.Rates.Profiles, caller.User.ID); err != nil {
		return err
	}
	user, before, err := s.Profiles.SetAvatar(ctx, caller.User.ID, "", 0, Quota{})
	if err != nil || before == "" {
		return err
	}
	s.AnnounceUser(ctx, user)
	s.Sweeper.Wake() // the store has scheduled its deletion
	return nil
}

// Avatar opens an avatar, which everybody who knows its random name may see. The caller
// closes it. It is not read into memory here: a reader may be slow. It returns NOT_FOUND if
// there is none.
func (s *Service) Avatar(ctx context.Context, key string) (Blob, error) {
	if !blobName.MatchString(key) {
		return Blob{}, ErrMissing()
	}
	blob, err := s.Blobs.Get(ctx, avatarKey(key))
	return blob, patiently(err)
}

func (s *Service) putAvatar(ctx context.Context, key string, picture []byte, contentType string) error {
	ctx, cancel := context.WithTimeout(ctx, blobPatience)
	defer cancel()
	return patiently(s.Blobs.Put(ctx, avatarKey(key), bytes.NewReader(picture), int64(len(picture)), contentType))
}

// dropAvatar deletes the blob of an avatar that no user has had. A failure costs space
// only, so it is logged and not returned.
func (s *Service) dropAvatar(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), blobPatience)
	defer cancel()
	if err := s.Blobs.Delete(ctx, avatarKey(key)); err != nil {
		s.Log.WarnContext(ctx, "delete unused avatar failed", "key", key, "err", err)
	}
}

var blobName = regexp.MustCompile(`^[0-9a-f]{32}$`)

func avatarKey(key string) string { return "avatars/" + key }

// newBlobName is 128 random bits.
func newBlobName() string {
	name := make([]byte, 16)
	_, _ = rand.Read(name) // never fails
	return hex.EncodeToString(name)
}

// patiently makes an engine that took too long an Unavailable.
func patiently(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return ErrUnavailable(err)
	}
	return err
}
