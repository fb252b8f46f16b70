// Package blob keeps bytes under random names: in a folder (Disk) or in any
// object store that speaks S3 (S3). Both pass one suite.
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

// keyForm is segments of a-z 0-9 _ - . divided by slashes. No segment begins
// with a dot: that leaves no way up and no name that Disk uses for itself.
var keyForm = regexp.MustCompile(`^[a-z0-9_-][a-z0-9_.-]*(/[a-z0-9_-][a-z0-9_.-]*)*$`)

const maxKey = 512

// ValidKey reports whether key can name a blob.
func ValidKey(key string) bool { return len(key) <= maxKey && keyForm.MatchString(key) }

var errKey = errors.New("not a key")

// errBody is a body of another size than was told: the caller's fault, not the
// engine's.
var errBody = errors.New("body differs from its size")

// exactly reads size bytes of r and fails where r has fewer or more. It finds
// out before it gives the last bytes away, so that nothing wrong is ever stored
// whole.
type exactly struct {
	r    io.Reader
	left int64
	// err is what r failed with: its fault is not the engine's.
	err error
}

func (e *exactly) Read(p []byte) (int, error) {
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

// atEnd returns nil where r has nothing more to give.
func (e *exactly) atEnd() error {
	switch n, err := io.ReadFull(e.r, make([]byte, 1)); {
	case n > 0:
		return fmt.Errorf("%w: it goes on", errBody)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}
