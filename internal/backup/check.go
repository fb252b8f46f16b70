package backup

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

// Check reads a whole archive, restores its rows into a temporary database, and compares the database
// with the archive.
func Check(ctx context.Context, path string, keys Keys, scratch func(ctx context.Context) (*store.Restore, error)) (r Report, err error) {
	file, size, err := openArchive(path)
	if err != nil {
		return r, err
	}
	defer file.Close()
	in, err := fromStart(ctx, file, &keys)
	if err != nil {
		return r, err
	}
	defer in.Close()
	to, err := scratch(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	if err := fillScratch(ctx, in, to); err != nil {
		return r, err
	}
	if err := compare(ctx, in, to); err != nil {
		return r, err
	}
	r = report(in.Header, in.Manifest)
	r.Path, r.Bytes = path, size
	return r, nil
}

func fillScratch(ctx context.Context, in *Reader, to *store.Restore) error {
	if err := to.Begin(ctx, in.Header.Schema); err != nil {
		return err
	}
	l, _, err := loadTables(ctx, in, to)
	if err != nil {
		return err
	}
	if err := to.CountBlobs(ctx); err != nil {
		return err
	}
	for ; l.err == nil; l.advance() {
		if err := in.Skip(l.next); err != nil {
			return err
		}
		if err := to.CountBlob(ctx, l.next.Key); err != nil {
			return broken("%w", err)
		}
	}
	if !errors.Is(l.err, io.EOF) {
		return l.err
	}
	return nil
}

func compare(ctx context.Context, in *Reader, to *store.Restore) error {
	for _, t := range in.Header.Tables {
		var sum rowSum
		var line []byte
		err := to.Rows(ctx, t, func(row []any) (err error) {
			if line, err = appendRow(line[:0], t.Columns, row); err != nil {
				return err
			}
			sum.add(line)
			return nil
		})
		if err != nil {
			return err
		}
		if got, want := sum.total(), in.Manifest.Tables[t.Name]; got != want {
			return broken("after the restore, %s has %d rows, want %d, or different rows", t.Name, got.Rows, want.Rows)
		}
	}
	behind, err := to.RoomsBehind(ctx)
	if err != nil {
		return err
	}
	if behind > 0 {
		return broken("%d rooms have messages beyond their head", behind)
	}
	if err := to.Finish(ctx, false); err != nil {
		return err
	}
	var missing int64
	err = to.MissingBlobs(ctx, func(string) error { missing++; return nil })
	if err != nil {
		return err
	}
	if missing != in.Manifest.Missing {
		return broken("%d files that its rows refer to are missing, want %d", missing, in.Manifest.Missing)
	}
	return nil
}

// verify reads a whole archive.
func verify(ctx context.Context, in *Reader) error {
	newest, err := schema.Newest()
	if err != nil {
		return err
	}
	if in.Header.Schema > newest {
		return fmt.Errorf("the backup has schema version %d and this chillin supports versions up to %d: restore it with the chillin that created it, or a newer one", in.Header.Schema, newest)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := in.Skip(e); err != nil {
			return err
		}
	}
}
