package blob

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Disk stores each blob in one file below a folder. The first line of the file is the content type, so
// that bytes and type cannot be separated.
type Disk struct {
	root string
}

// OpenDisk returns the blobs below dir. It creates dir if necessary.
func OpenDisk(dir string) (*Disk, error) {
	d := &Disk{root: dir}
	if err := os.MkdirAll(d.tmp(), 0o700); err != nil {
		return nil, fmt.Errorf("open blob folder: %w", err)
	}
	return d, nil
}

// header is at the start of every file, so that other files are not mistaken for blobs.
const header = "chillin-blob "

func (d *Disk) tmp() string            { return filepath.Join(d.root, ".tmp") }
func (d *Disk) path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

// Put implements chat.Blobs. After it returns nil, the blob survives a power failure.
func (d *Disk) Put(ctx context.Context, key string, r io.Reader, size int64, contentType string) error {
	if !ValidKey(key) || strings.ContainsAny(contentType, "\r\n") {
		return fmt.Errorf("put blob %q: %w", key, errKey)
	}
	body := &exactReader{r: r, left: size}
	err := d.put(ctx, key, body, size, contentType)
	switch {
	case err == nil:
		return nil
	case body.err != nil, ctx.Err() != nil, errors.Is(err, fs.ErrExist):
		return fmt.Errorf("put blob %q: %w", key, err)
	}
	return chat.ErrUnavailable(fmt.Errorf("put blob %q: %w", key, err))
}

// put writes a complete temporary file and then links it to its name: unlike a rename, a link never
// replaces a file.
func (d *Disk) put(ctx context.Context, key string, body *exactReader, size int64, contentType string) error {
	file, err := os.CreateTemp(d.tmp(), "put-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := io.WriteString(file, header+contentType+"\n"); err != nil {
		return err
	}
	if size == 0 {
		body.err = body.atEnd()
	}
	if body.err != nil {
		return body.err
	}
	if _, err := io.Copy(file, &ctxReader{ctx: ctx, r: body}); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	path := d.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil {
		return err
	}
	return d.syncUp(filepath.Dir(path))
}

// syncUp makes the directory entries from dir up to root durable.
func (d *Disk) syncUp(dir string) error {
	for {
		if err := syncDir(dir); err != nil {
			return err
		}
		if dir == filepath.Clean(d.root) || dir == filepath.Dir(dir) {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Get implements chat.Blobs.
func (d *Disk) Get(_ context.Context, key string) (chat.Blob, error) {
	if !ValidKey(key) {
		return chat.Blob{}, chat.ErrNotFound()
	}
	blob, err := open(d.path(key))
	switch {
	case err == nil:
		return blob, nil
	case errors.Is(err, fs.ErrNotExist):
		return chat.Blob{}, chat.ErrNotFound()
	}
	return chat.Blob{}, chat.ErrUnavailable(fmt.Errorf("get blob %q: %w", key, err))
}

func open(path string) (_ chat.Blob, err error) {
	file, err := os.Open(path)
	if err != nil {
		return chat.Blob{}, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return chat.Blob{}, err
	}
	if info.IsDir() {
		return chat.Blob{}, fs.ErrNotExist
	}
	line, err := bufio.NewReader(file).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, header) {
		return chat.Blob{}, fmt.Errorf("%s is not a blob", path)
	}
	start, size := int64(len(line)), info.Size()-int64(len(line))
	return chat.Blob{
		Body:        section{io.NewSectionReader(file, start, size), file},
		Size:        size,
		ContentType: strings.TrimSuffix(strings.TrimPrefix(line, header), "\n"),
		ModTime:     info.ModTime(),
	}, nil
}

type section struct {
	*io.SectionReader
	io.Closer
}

// Delete implements chat.Blobs.
func (d *Disk) Delete(_ context.Context, key string) error {
	if !ValidKey(key) {
		return nil
	}
	if err := os.Remove(d.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return chat.ErrUnavailable(fmt.Errorf("delete blob %q: %w", key, err))
	}
	return nil
}

// Ready implements chat.Blobs. It writes a byte, which fails on a full or read-only disk.
func (d *Disk) Ready(context.Context) error {
	err := func() error {
		file, err := os.CreateTemp(d.tmp(), "ready-")
		if err != nil {
			return err
		}
		defer os.Remove(file.Name())
		_, err = file.Write([]byte{0})
		return errors.Join(err, file.Close())
	}()
	if err != nil {
		return chat.ErrUnavailable(fmt.Errorf("write to the blob folder: %w", err))
	}
	return nil
}

// ctxReader reads r until ctx ends.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (u *ctxReader) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
