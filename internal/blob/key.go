// Package blob stores bytes under random names: in a folder (Disk) or in an S3-compatible object store
// (S3). Both pass the same suite.
package blob

import (
	"errors"
	"fmt"
	"io"
	"regexp"

	"github.com/chillin-chat/chillin/internal/chat"
)

var (
	_ chat.Blobs = (*Disk)(nil)
	_ chat.Blobs = (*S3)(nil)
)

// keyForm matches segments of a-z 0-9 _ - . separated by slashes. No segment begins with a dot, so a
// key contains no ".." and no name that Disk uses internally.
var keyForm = regexp.MustCompile(`^[a-z0-9_-][a-z0-9_.-]*(/[a-z0-9_-][a-z0-9_.-]*)*$`)

const maxKey = 512

// ValidKey reports whether key is a valid blob key.
func ValidKey(key string) bool { return len(key) <= maxKey && keyForm.MatchString(key) }

var errKey = errors.New("not a key")

// errBody means that the body has a different size than declared: an error of the caller, not of the
// engine.
var errBody = errors.New("body differs from its size")

// exactReader reads exactly size bytes of r and fails if r has fewer or more. It detects this before it
// returns the last bytes, so that an invalid body is never stored completely.
type exactReader struct {
	r    io.Reader
	left int64
	// err is an error of r, which is not the engine's.
	err error
}

func (e *exactReader) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	if e.left == 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	switch {
	case e.left == 0:
		e.err = e.atEnd()
	case errors.Is(err, io.EOF):
		e.err = fmt.Errorf("%w: %d bytes are missing", errBody, e.left)
	default:
		e.err = err
	}
	if e.err != nil {
		return 0, e.err
	}
	return n, nil
}

// atEnd returns nil if r has no more bytes.
func (e *exactReader) atEnd() error {
	switch n, err := io.ReadFull(e.r, make([]byte, 1)); {
	case n > 0:
		return fmt.Errorf("%w: there are more bytes", errBody)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}
