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

// ProfilePatch is a change of a profile. Fields that are nil do not change. The store expects
// clean values.
type ProfilePatch struct {
	DisplayName   *string // "" means the username
	StatusMessage *string
	TimeZone      *string // "" removes it
}

// Profiles is the store of profiles.
type Profiles interface {
	// ChangeProfile changes the profile of a user. It returns NOT_FOUND if there is none.
	ChangeProfile(ctx context.Context, user UserID, p ProfilePatch) (User, error)
	// SetAvatar sets the key of the avatar of a user, "" for none, and returns the previous
	// one. Of concurrent calls each returns a different previous key. size is the size of the
	// avatar in bytes. It returns NOT_FOUND or QUOTA_EXCEEDED.
	SetAvatar(ctx context.Context, user UserID, key string, size int64, quota Quota) (u User, before string, err error)
}

// Pictures resizes pictures.
type Pictures interface {
	// Thumbnail returns the size of the picture in r and a smaller copy of it, rotated as it
	// is shown. It returns the errors of Avatar.
	Thumbnail(ctx context.Context, r io.ReadSeeker) (Thumbnail, error)
	// Avatar returns a small square copy of an uploaded picture without metadata. It returns
	// UNSUPPORTED_MEDIA, TOO_LARGE, or UNAVAILABLE if too many pictures are being decoded.
	Avatar(ctx context.Context, upload io.ReadSeeker) (avatar []byte, contentType string, err error)
}
