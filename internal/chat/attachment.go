package chat

import (
	"context"
	"io"
	"time"
)

// The limits of attachments.
const (
	MaxAttachments = 10  // of one message
	MaxUnused      = 50  // uploads of one user that are not in a message
	MaxFileName    = 100 // characters
)

// MessageAttachment is an uploaded file, in a message or not yet.
type MessageAttachment struct {
	ID           AttachmentID `json:"id"`
	Name         string       `json:"name"`
	Size         int64        `json:"size" doc:"Size in bytes."`
	ContentType  string       `json:"contentType" doc:"Detected from the content, not from the name."`
	Width        int          `json:"width,omitempty" doc:"Width of a picture as it is shown, in pixels."`
	Height       int          `json:"height,omitempty" doc:"Height of a picture as it is shown, in pixels."`
	URL          string       `json:"url" doc:"For members of the room who are signed in; see also /attachments/{id}/link."`
	ThumbnailURL string       `json:"thumbnailUrl,omitempty" doc:"A smaller picture; missing if there is none."`
}

// NewAttachment is an upload to be stored.
type NewAttachment struct {
	Owner       UserID
	Name        string
	Size        int64
	ContentType string
	// Width and Height are 0 if it is not a picture.
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

// BlobKeys returns the keys of the blobs: the file and, if there is one, the thumbnail.
func (a NewAttachment) BlobKeys() []string {
	if a.ThumbKey == "" {
		return []string{a.BlobKey}
	}
	return []string{a.BlobKey, a.ThumbKey}
}

// StoredFile is an attachment with the keys of its blobs.
type StoredFile struct {
	MessageAttachment
	BlobKey  string
	ThumbKey string // "" for none
}

// Attachments is the store of uploads. The deletion of a blob is scheduled before the blob is
// stored, canceled by the row that refers to it, and scheduled again when that row is
// removed for any reason. So no blob stays without a reference.
type Attachments interface {
	// ScheduleBlobDeletion schedules the deletion of blobs after grace. It changes the time of
	// a deletion that is scheduled already.
	ScheduleBlobDeletion(ctx context.Context, keys []string, grace time.Duration) error
	// AddAttachment stores an upload that is not in a message yet, and cancels the deletion of
	// its blobs. It returns FORBIDDEN if the owner has limit of them, or QUOTA_EXCEEDED.
	AddAttachment(ctx context.Context, a NewAttachment, limit int, quota Quota) (MessageAttachment, error)
	// UnusedAttachments returns how many uploads of a user are not in a message.
	UnusedAttachments(ctx context.Context, owner UserID) (int, error)
	// RemoveAttachment removes an upload of owner that is not in a message. It returns
	// NOT_FOUND if there is none.
	RemoveAttachment(ctx context.Context, id AttachmentID, owner UserID) error
	// File returns an attachment to the members of its message's room or, if it is not in a
	// message, to its owner. It returns NOT_FOUND to others.
	File(ctx context.Context, id AttachmentID, viewer UserID) (StoredFile, error)
	// ExpireAttachments removes a bounded number of uploads that are not in a message and are
	// older than age.
	ExpireAttachments(ctx context.Context, age time.Duration) error
	// ClaimBlobDeletions returns at most limit keys of blobs whose deletion is due. They are
	// due again after retryAfter, unless FinishBlobDeletion is called for them.
	ClaimBlobDeletions(ctx context.Context, limit int, retryAfter time.Duration) ([]string, error)
	// FinishBlobDeletion records that a blob has been deleted.
	FinishBlobDeletion(ctx context.Context, key string) error
}

// Thumbnail is a thumbnail together with the size of the original picture.
type Thumbnail struct {
	// Width and Height are those of the original picture, as it is shown.
	Width, Height int
	// Picture is nil if the original is small enough, or too large to decode.
	Picture     []byte
	ContentType string // of Picture
}

// Upload is a received file. It is read more than once.
type Upload struct {
	Name string
	Body io.ReadSeeker
	Size int64
}

// ErrTooManyUnused is FORBIDDEN: the user has MaxUnused uploads.
func ErrTooManyUnused() *Error {
	return Errorf(Forbidden, "You have %d uploaded files that are not in a message. Send or remove some first.", MaxUnused).WithField("file")
}

// Incoming describes an upload whose body has not been read yet.
type Incoming struct {
	Network string // of the client; "" is not counted
	Size    int64  // the maximum size of the file, in bytes
}

// Media recognizes uploaded files and removes their metadata.
type Media interface {
	// Clean returns the content type of an upload, by its content alone, and the upload without
	// metadata. It returns UNSUPPORTED_MEDIA if the metadata of a picture or video cannot be
	// removed.
	Clean(ctx context.Context, upload io.ReadSeeker) (CleanFile, error)
}

// CleanFile is an upload without metadata.
type CleanFile struct {
	ContentType string        // without parameters
	Body        io.ReadSeeker // reads the upload
	Size        int64         // of Body, in bytes
}
