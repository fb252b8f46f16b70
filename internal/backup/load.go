package backup

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/chillin-chat/chillin/internal/store"
)

// openArchive opens the archive at path for several reads.
func openArchive(path string) (*os.File, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = broken("%s is not a file", path)
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// fromStart returns a reader at the archive's header.
func fromStart(ctx context.Context, file *os.File, keys *Keys) (*Reader, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	in, err := keys.decrypt(ctxReader{ctx, file})
	if err != nil {
		return nil, err
	}
	return NewReader(in)
}

// ctxReader reads r until ctx ends.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (u ctxReader) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// loader loads the rows of an archive into a database, one table after the other.
type loader struct {
	in   *Reader
	next *Entry // the following entry
	err  error  // the error of reading it; io.EOF at the end of the archive
}

// loadTables loads all tables and leaves l at the first entry without rows.
func loadTables(ctx context.Context, in *Reader, to *store.Restore) (l *loader, rows map[string]int64, err error) {
	l, rows = &loader{in: in}, map[string]int64{}
	l.advance()
	for l.err == nil && l.next.Table != nil {
		t := l.next.Table
		n, err := to.Load(ctx, *t, func() ([]any, error) { return l.row(t) })
		if err != nil {
			return l, rows, err
		}
		rows[t.Name] = n
	}
	if l.err != nil && !errors.Is(l.err, io.EOF) {
		return l, rows, l.err
	}
	// Tables without rows have no entries, but their IDs must continue.
	for _, t := range in.Header.Tables {
		if _, loaded := rows[t.Name]; !loaded {
			if _, err := to.Load(ctx, t, func() ([]any, error) { return nil, io.EOF }); err != nil {
				return l, rows, err
			}
		}
	}
	return l, rows, nil
}

func (l *loader) advance() { l.next, l.err = l.in.Next() }

// row returns the next row of t, or io.EOF after the last.
func (l *loader) row(t *store.Table) ([]any, error) {
	for {
		if l.err != nil {
			return nil, l.err
		}
		if l.next.Table != t {
			return nil, io.EOF
		}
		line, err := l.in.Line(l.next)
		if errors.Is(err, io.EOF) {
			l.advance()
			continue
		}
		if err != nil {
			return nil, err
		}
		row, err := parseRow(line, t.Columns)
		if err != nil {
			return nil, broken("%s: %w", t.Name, err)
		}
		return row, nil
	}
}
