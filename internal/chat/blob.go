package chat

import (
	"context"
	"io"
	"time"
)

// Blobs stores files under random names. A key consists of the characters a-z 0-9 / _ - .
type Blobs interface {
	// Put stores size bytes of r under key. It returns an error if key exists, and does not
	// change that blob.
	Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error
	// Get opens a blob. The caller closes Body. It returns NOT_FOUND if there is none.
	Get(ctx context.Context, key string) (Blob, error)
	// Delete removes a blob. It returns nil if there is none.
	Delete(ctx context.Context, key string) error
	// Ready returns an error if the engine does not work.
	Ready(ctx context.Context) error
}

// Blob is an opened blob.
type Blob struct {
	Body        io.ReadSeekCloser
	Size        int64
	ContentType string
	ModTime     time.Time
}
