package backup

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/chillin-chat/chillin/internal/blob"
	"github.com/chillin-chat/chillin/internal/store"
)

// errBroken is wrapped by all errors about invalid archives.
var errBroken = errors.New("the backup is damaged or not complete")

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errBroken, fmt.Errorf(format, args...))
}

// Reader reads an archive sequentially and does not trust its content: sizes are limited before
// reading, names are never used as paths, and the data is verified only after Next has returned io.EOF.
type Reader struct {
	Header   Header
	Manifest Manifest // available after Next has returned io.EOF

	tar   *tar.Reader
	zstd  *zstd.Decoder
	chain chain
	body  *entryBody
	lines *bufio.Reader // of body
	sums  map[string]*rowSum
	table int // index in Header.Tables of the last entry with rows
	chunk int // its number
	total Manifest
	blobs bool // the entries with rows are finished
}

// Entry is an entry with rows or a blob.
type Entry struct {
	Table *store.Table // nil for a blob
	Key   string       // of a blob
	Type  string
	Size  int64
	Body  io.Reader // fails at its end if the content does not match its checksum
}

// NewReader reads the header of an archive.
func NewReader(r io.Reader) (*Reader, error) {
	decoder, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, broken("%w", err)
	}
	in := &Reader{tar: tar.NewReader(decoder), zstd: decoder, chain: newChain(), lines: bufio.NewReaderSize(nil, 64<<10), sums: map[string]*rowSum{}}
	if err := in.readHeader(); err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

// Close frees the reader's memory.
func (r *Reader) Close() { r.zstd.Close() }

func (r *Reader) readHeader() error {
	h, err := r.next()
	if errors.Is(err, io.EOF) || err == nil && h.Name != headerName {
		return broken("it does not begin with %s", headerName)
	}
	if err != nil {
		return err
	}
	if err := r.json(h, &r.Header); err != nil {
		return err
	}
	switch {
	case r.Header.Format != formatName:
		return broken("its format is %q", r.Header.Format)
	case r.Header.Version != FormatVersion:
		return fmt.Errorf("the backup has format version %d and this chillin reads version %d: use a newer chillin", r.Header.Version, FormatVersion)
	}
	if r.Header.ID == "" {
		return broken("it has no ID")
	}
	for i, t := range r.Header.Tables {
		if slices.ContainsFunc(r.Header.Tables[:i], func(o store.Table) bool { return o.Name == t.Name }) {
			return broken("table %q is a duplicate", t.Name)
		}
		r.sums[t.Name] = &rowSum{}
	}
	r.table = -1
	return nil
}

// next skips the rest of the current entry and reads the header of the next one.
func (r *Reader) next() (*tar.Header, error) {
	if r.body != nil {
		if _, err := io.Copy(io.Discard, r.body); err != nil {
			return nil, err
		}
	}
	h, err := r.tar.Next()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, broken("%w", err)
	}
	if h.Typeflag != tar.TypeReg || h.Size < 0 {
		return nil, broken("%q is not a plain file", h.Name)
	}
	want, err := hex.DecodeString(h.PAXRecords[recordSHA256])
	if err != nil || len(want) != sha256.Size {
		return nil, broken("%q has no checksum", h.Name)
	}
	r.body = &entryBody{name: h.Name, r: r.tar, left: h.Size, hash: sha256.New(), want: want}
	if h.Size == 0 {
		if err := r.body.verify(); err != nil {
			return nil, err
		}
	}
	if h.Name != manifestName {
		r.chain.add(h.Name, h.PAXRecords[recordType], h.PAXRecords[recordSHA256])
	}
	return h, nil
}

func (r *Reader) json(h *tar.Header, to any) error {
	if h.Size > maxJSON {
		return broken("%s has %d bytes", h.Name, h.Size)
	}
	text, err := io.ReadAll(r.body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, to); err != nil {
		return broken("%s: %w", h.Name, err)
	}
	return nil
}

// Next returns the next entry. After the last one it compares the manifest with the entries and returns
// io.EOF. Only then the archive is known to be complete.
func (r *Reader) Next() (*Entry, error) {
	h, err := r.next()
	if errors.Is(err, io.EOF) {
		return nil, broken("it ends without %s", manifestName)
	}
	if err != nil {
		return nil, err
	}
	if h.Name == manifestName {
		return nil, r.finish(h)
	}
	if key, is := strings.CutPrefix(h.Name, blobPrefix); is {
		return r.blob(h, key)
	}
	if name, is := strings.CutPrefix(h.Name, tablePrefix); is {
		return r.rows(h, name)
	}
	return nil, broken("%q does not belong in a backup", h.Name)
}

func (r *Reader) blob(h *tar.Header, key string) (*Entry, error) {
	switch {
	case !blob.ValidKey(key):
		return nil, broken("%q is not the name of a file", key)
	case h.Size > maxBlob:
		return nil, broken("%s has %d bytes", h.Name, h.Size)
	}
	r.blobs = true
	r.total.Blobs++
	r.total.BlobBytes += h.Size
	return &Entry{Key: key, Type: h.PAXRecords[recordType], Size: h.Size, Body: r.body}, nil
}

// rows requires the tables in the order of the header, and the entries of each table in order.
func (r *Reader) rows(h *tar.Header, name string) (*Entry, error) {
	table := max(r.table, 0)
	for table < len(r.Header.Tables) && !strings.HasPrefix(name, r.Header.Tables[table].Name+"/") {
		table++
	}
	if table > r.table {
		r.chunk = 0
	}
	if table == len(r.Header.Tables) || r.blobs || name != fmt.Sprintf("%s/%06d.jsonl", r.Header.Tables[table].Name, r.chunk+1) {
		return nil, broken("%q is out of order", h.Name)
	}
	if h.Size > maxChunk {
		return nil, broken("%s has %d bytes", h.Name, h.Size)
	}
	r.table = table
	r.chunk++
	r.lines.Reset(r.body)
	r.total.RowBytes += h.Size
	return &Entry{Table: &r.Header.Tables[table], Size: h.Size, Body: r.body}, nil
}

// Line returns the next line of an entry with rows, and adds it to the sum of its table. It returns
// io.EOF at the end of the entry.
func (r *Reader) Line(e *Entry) ([]byte, error) {
	line, err := r.lines.ReadBytes('\n') // at most the rest of the entry
	switch {
	case errors.Is(err, io.EOF) && len(line) == 0:
		return nil, io.EOF
	case errors.Is(err, io.EOF):
		return nil, broken("a row of %s is truncated", e.Table.Name)
	case err != nil:
		return nil, err
	}
	r.sums[e.Table.Name].add(line)
	return line, nil
}

// Skip reads an entry to its end.
func (r *Reader) Skip(e *Entry) error {
	for e.Table != nil {
		if _, err := r.Line(e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
	_, err := io.Copy(io.Discard, e.Body)
	return err
}

func (r *Reader) finish(h *tar.Header) error {
	if err := r.json(h, &r.Manifest); err != nil {
		return err
	}
	want, got := r.Manifest, r.total
	got.Digest, got.Tables = r.chain.total(), map[string]TableSum{}
	for name, sum := range r.sums {
		got.Tables[name] = sum.total()
	}
	for _, t := range r.Header.Tables {
		if want.Tables[t.Name] != got.Tables[t.Name] {
			return broken("%s has %d rows, want %d, or different rows", t.Name, got.Tables[t.Name].Rows, want.Tables[t.Name].Rows)
		}
	}
	switch {
	case want.Blobs != got.Blobs || want.BlobBytes != got.BlobBytes:
		return broken("it has %d files of %d bytes, want %d of %d", got.Blobs, got.BlobBytes, want.Blobs, want.BlobBytes)
	case want.Digest != got.Digest, want.RowBytes != got.RowBytes, !maps.Equal(want.Tables, got.Tables):
		return broken("its entries differ from those in the manifest")
	}
	if _, err := io.Copy(io.Discard, r.body); err != nil {
		return err
	}
	if _, err := r.tar.Next(); !errors.Is(err, io.EOF) {
		return broken("it has data after %s", manifestName)
	}
	// The end of the compressed stream has a checksum; no data may follow.
	switch n, err := io.Copy(io.Discard, io.LimitReader(r.zstd, 1)); {
	case err != nil:
		return broken("%w", err)
	case n > 0:
		return broken("it has data after %s", manifestName)
	}
	return io.EOF
}

// entryBody reads an entry. If the checksum does not match, it fails before it returns the last bytes,
// so that invalid content is never read completely.
type entryBody struct {
	name string
	r    io.Reader
	left int64
	hash hash.Hash
	want []byte
}

func (b *entryBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	_, _ = b.hash.Write(p[:n]) // never fails
	b.left -= int64(n)
	if b.left == 0 {
		if err := b.verify(); err != nil {
			return 0, err
		}
		return n, nil
	}
	if errors.Is(err, io.EOF) {
		return 0, broken("%s is truncated", b.name)
	}
	if err != nil {
		return 0, broken("%s: %w", b.name, err)
	}
	return n, nil
}

func (b *entryBody) verify() error {
	if string(b.hash.Sum(nil)) != string(b.want) {
		return broken("%s does not match its checksum", b.name)
	}
	return nil
}
