package chat

import (
	"context"
	"io"
	"time"
)

// Blobs keeps bytes under random names. A key is made of a-z 0-9 / _ - .
type Blobs interface {
	// Put stores size bytes of r under key. A key is never written twice: an
	// existing one is an error and stays as it is.
	Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error
	// Get opens a blob; an Error with code NOT_FOUND where there is none. The
	// caller closes Body.
	Get(ctx context.Context, key string) (Blob, error)
	// Delete removes a blob; that there is none is no error.
	Delete(ctx context.Context, key string) error
	// Ready asks the engine whether it works.
	Ready(ctx context.Context) error
}

// Blob is an opened blob.
type Blob struct {
	Body        io.ReadSeekCloser
	Size        int64
	ContentType string
	ModTime     time.Time
}
