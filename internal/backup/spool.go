package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// spool is a temporary file for one blob at a time. The source is read only once, even with retries,
// and memory does not depend on its size.
type spool struct{ file *os.File }

func newSpool() (spool, error) {
	file, err := os.CreateTemp("", "chillin-backup-")
	if err != nil {
		return spool{}, fmt.Errorf("create a temporary file: %w", err)
	}
	// Unlinked, the file is removed when the process ends for any reason.
	if err := os.Remove(file.Name()); err != nil {
		return spool{}, errors.Join(fmt.Errorf("create a temporary file: %w", err), file.Close())
	}
	return spool{file}, nil
}

// fill reads r completely. r must have size bytes.
func (s spool) fill(r io.Reader, size int64) (sum string, err error) {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(s.file, hash), io.LimitReader(r, size+1))
	if err == nil && n != size {
		err = fmt.Errorf("it has %d bytes, want %d", n, size)
	}
	return hex.EncodeToString(hash.Sum(nil)), err
}

func (s spool) read(size int64) io.Reader { return io.NewSectionReader(s.file, 0, size) }

func (s spool) close() error { return s.file.Close() }
