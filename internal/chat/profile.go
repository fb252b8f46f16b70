package chat

import (
	"context"
	"io"
)

// The limits of a profile.
const (
	MaxDisplayName   = 50      // characters
	MaxStatusMessage = 100     // characters
	MaxAvatar        = 5 << 20 // bytes of an upload
)

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
