package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/chillin-chat/chillin/internal/store"
)

// Writer writes an archive. Its memory does not depend on the size of the archive.
type Writer struct {
	tar    *tar.Writer
	zstd   *zstd.Encoder
	at     time.Time
	spool  spool // of a blob until its checksum is known
	chain  chain
	total  Manifest
	text   []byte
	closed bool
}

// NewWriter writes the header to w.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	encoder, err := zstd.NewWriter(w, zstd.WithWindowSize(4<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("begin archive: %w", err)
	}
	spool, err := newSpool()
	if err != nil {
		return nil, err
	}
	out := &Writer{
		tar: tar.NewWriter(encoder), zstd: encoder, at: time.UnixMilli(h.CreatedAt).UTC().Truncate(time.Second),
		spool: spool, chain: newChain(), total: Manifest{Tables: map[string]TableSum{}},
	}
	if err := out.json(headerName, h); err != nil {
		return nil, errors.Join(err, out.Abort())
	}
	return out, nil
}

func (w *Writer) json(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	sum := sha256.Sum256(text)
	return w.entry(name, "", hex.EncodeToString(sum[:]), int64(len(text)), bytes.NewReader(text))
}

func (w *Writer) entry(name, contentType, sum string, size int64, body io.Reader) error {
	records := map[string]string{recordSHA256: sum}
	if contentType != "" {
		records[recordType] = contentType
	}
	err := w.tar.WriteHeader(&tar.Header{
		Format: tar.FormatPAX, Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: size, ModTime: w.at, PAXRecords: records,
	})
	if err == nil {
		_, err = io.Copy(w.tar, body)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	w.chain.add(name, contentType, sum)
	return nil
}

// Table writes the rows that read yields.
func (w *Writer) Table(t store.Table, read func(yield func(row []any) error) error) error {
	var sum rowSum
	chunk, n := w.text[:0], 0
	flush := func() error {
		n++
		hash := sha256.Sum256(chunk)
		err := w.entry(fmt.Sprintf("%s%s/%06d.jsonl", tablePrefix, t.Name, n), "", hex.EncodeToString(hash[:]), int64(len(chunk)), bytes.NewReader(chunk))
		w.total.RowBytes += int64(len(chunk))
		chunk = chunk[:0]
		return err
	}
	err := read(func(row []any) error {
		from := len(chunk)
		var err error
		if chunk, err = appendRow(chunk, t.Columns, row); err != nil {
			return fmt.Errorf("write %s: %w", t.Name, err)
		}
		sum.add(chunk[from:])
		if len(chunk) >= chunkSize {
			return flush()
		}
		return nil
	})
	if err == nil && len(chunk) > 0 {
		err = flush()
	}
	w.text, w.total.Tables[t.Name] = chunk, sum.total()
	return err
}

// Blob writes a blob. It reads all of it before it writes any of it, so that a failed read can be
// retried.
func (w *Writer) Blob(key, contentType string, size int64, body io.Reader) error {
	sum, err := w.spool.fill(body, size)
	if err != nil {
		return fmt.Errorf("read blob %s: %w", key, err)
	}
	if err := w.entry(blobPrefix+key, contentType, sum, size, w.spool.read(size)); err != nil {
		return &writeError{err}
	}
	w.total.Blobs++
	w.total.BlobBytes += size
	return nil
}

// writeError is an error of writing the archive: the archive is unusable.
type writeError struct{ error }

func (e *writeError) Unwrap() error { return e.error }

// Missing counts a missing blob.
func (w *Writer) Missing() { w.total.Missing++ }

// Close writes the manifest and finishes the archive.
func (w *Writer) Close() (Manifest, error) {
	w.total.Digest = w.chain.total()
	err := w.json(manifestName, w.total)
	if err == nil {
		err = w.tar.Close()
	}
	if err == nil {
		err = w.zstd.Close()
	}
	if err != nil {
		return w.total, fmt.Errorf("finish archive: %w", err)
	}
	w.closed = true
	return w.total, w.spool.close()
}

// Abort releases the resources of the writer after an error. It does nothing after Close.
func (w *Writer) Abort() error {
	if w.closed {
		return nil
	}
	w.closed = true
	w.zstd.Reset(io.Discard)
	return errors.Join(w.zstd.Close(), w.spool.close())
}
