package chat

import (
	"context"
	"io"
	"time"
)

// The limits of attachments.
const (
	MaxAttachments = 10  // of one message
	MaxUnused      = 50  // uploads of one user that no message carries yet
	MaxFileName    = 100 // characters
)

// MessageAttachment is a file that a message carries, or will.
type MessageAttachment struct {
	ID           AttachmentID `json:"id"`
	Name         string       `json:"name"`
	Size         int64        `json:"size" doc:"In bytes."`
	ContentType  string       `json:"contentType" doc:"By the content, whatever the name says."`
	Width        int          `json:"width,omitempty" doc:"Of a picture as it is shown, in pixels."`
	Height       int          `json:"height,omitempty"`
	URL          string       `json:"url" doc:"For members of the room who are signed in; see also /attachments/{id}/link."`
	ThumbnailURL string       `json:"thumbnailUrl,omitempty" doc:"A smaller picture, where there is one."`
}

// NewAttachment is what the store needs to keep an upload.
type NewAttachment struct {
	Owner       UserID
	Name        string
	Size        int64
	ContentType string
	// Width and Height are 0 where it is no picture.
	Width, Height int
	BlobKey       string
	ThumbKey      string // "" for none
	ThumbSize     int64  // in bytes
}

// Sizes returns the size of each blob, in bytes.
func (a NewAttachment) Sizes() map[string]int64 {
	sizes := map[string]int64{a.BlobKey: a.Size}
	if a.ThumbKey != "" {
		sizes[a.ThumbKey] = a.ThumbSize
	}
	return sizes
}

func (a NewAttachment) BlobKeys() []string {
	if a.ThumbKey == "" {
		return []string{a.BlobKey}
	}
	return []string{a.BlobKey, a.ThumbKey}
}

// StoredFile is an attachment with the names of its blobs.
type StoredFile struct {
	MessageAttachment
	BlobKey  string
	ThumbKey string // "" for none
}

// Attachments is the store of what people upload. A blob whose key is doomed goes
// when that is due: a key is doomed before its blob is put, saved by the row that
// names it, and doomed again when that row goes, whatever takes it along.
type Attachments interface {
	// ScheduleBlobDeletion dooms keys, to be due after grace. A key that is doomed gets another time.
	ScheduleBlobDeletion(ctx context.Context, keys []string, grace time.Duration) error
	// AddAttachment keeps an upload that no message carries yet, and saves its
	// blobs. FORBIDDEN if the owner has limit of them, QUOTA_EXCEEDED.
	AddAttachment(ctx context.Context, a NewAttachment, limit int, quota Quota) (MessageAttachment, error)
	// UnusedAttachments counts the uploads of a user that no message carries.
	UnusedAttachments(ctx context.Context, owner UserID) (int, error)
	// RemoveAttachment removes an upload that no message carries. NOT_FOUND for
	// every other one.
	RemoveAttachment(ctx context.Context, id AttachmentID, owner UserID) error
	// File returns an attachment to members of its message's room and, while no
	// message carries it, to its owner. NOT_FOUND for everybody else.
	File(ctx context.Context, id AttachmentID, viewer UserID) (StoredFile, error)
	// ExpireAttachments removes uploads that no message carries and that are older
	// than age, not all at once.
	ExpireAttachments(ctx context.Context, age time.Duration) error
	// ClaimBlobDeletions returns at most limit keys that are due, to one caller: they are due
	// again after another while, unless FinishBlobDeletion is told that the blob has gone.
	ClaimBlobDeletions(ctx context.Context, limit int, again time.Duration) ([]string, error)
	FinishBlobDeletion(ctx context.Context, key string) error
}

// Thumbnail tells of a picture what its row and its readers need.
type Thumbnail struct {
	// Width and Height are the picture's own, as it is shown.
	Width, Height int
	// Picture is nil where the picture is small enough itself, or too much for us.
	Picture     []byte
	ContentType string // of Picture
}

// Upload is a file as it came, whole. It is read more than once.
type Upload struct {
	Name string
	Body io.ReadSeeker
	Size int64
}

// ErrTooManyUnused tells whoever uploads and does not send to send.
func ErrTooManyUnused() *Error {
	return Errorf(Forbidden, "You have %d uploaded files that are not in a message. Send or remove some first.", MaxUnused).WithField("file")
}

// Incoming describes an upload whose body has not been read yet.
type Incoming struct {
	Network string // that it comes from; "" is not counted
	Size    int64  // of the file, in bytes, at most
}
