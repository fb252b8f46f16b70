package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store"
)

// Target is the empty chat that a backup is restored into.
type Target struct {
	Database func(ctx context.Context) (*store.Restore, error)
	Blobs    func() (chat.Blobs, error)
	// EndSessions signs everybody out.
	EndSessions bool
}

// Restore restores an archive. It first reads all of it, then copies the blobs, and last
// loads the rows in one transaction: the target is complete or has no database. A restore
// that was interrupted is done again; blobs that are there already are kept.
func Restore(ctx context.Context, path string, keys Keys, target Target) (r Report, err error) {
	file, size, err := openArchive(path)
	if err != nil {
		return r, err
	}
	defer file.Close()
	to, err := target.Database(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	err = pass(ctx, file, &keys, func(in *Reader) error {
		err := verify(ctx, in)
		r = report(in.Header, in.Manifest)
		return err
	})
	if err != nil {
		return r, err
	}
	r.Path, r.Bytes, r.Resumed = path, size, to.Resumed
	if err := to.Mark(ctx); err != nil {
		return r, err
	}
	blobs, err := target.Blobs()
	if err != nil {
		return r, err
	}
	err = pass(ctx, file, &keys, func(in *Reader) (err error) {
		r.Kept, err = copyBlobs(ctx, in, blobs)
		return err
	})
	if err != nil {
		return r, interrupted(err)
	}
	err = pass(ctx, file, &keys, func(in *Reader) error { return load(ctx, in, to, r, target.EndSessions) })
	if err != nil {
		return r, interrupted(err)
	}
	return r, nil
}

// interrupted tells what to do after an error that left something in the target.
func interrupted(err error) error {
	return fmt.Errorf("%w\nThe target has no database yet, and nodes refuse it. Run the same restore again: files that are there already are kept", err)
}

// pass reads the archive from its start.
func pass(ctx context.Context, file *os.File, keys *Keys, work func(*Reader) error) error {
	in, err := fromStart(ctx, file, keys)
	if err != nil {
		return err
	}
	defer in.Close()
	return work(in)
}

func load(ctx context.Context, in *Reader, to *store.Restore, r Report, endSessions bool) error {
	if err := to.Begin(ctx, in.Header.Schema); err != nil {
		return err
	}
	_, rows, err := loadTables(ctx, in, to)
	if err != nil {
		return err
	}
	var loaded int64
	for _, n := range rows {
		loaded += n
	}
	if loaded != r.Rows {
		return broken("%d rows were loaded and not %d", loaded, r.Rows)
	}
	if err := to.Finish(ctx, endSessions); err != nil {
		return err
	}
	last := chat.Backup{FinishedAt: chat.At(r.CreatedAt), Messages: r.Messages, Files: r.Blobs, Bytes: r.Bytes}
	if err := to.SetLastBackup(ctx, in.Header.ID, last); err != nil {
		return err
	}
	return to.Commit(ctx)
}

// copyBlobs copies all blobs of an archive. It returns how many were there already.
func copyBlobs(ctx context.Context, in *Reader, to chat.Blobs) (kept int64, err error) {
	file, err := newSpool()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.close()) }()
	for {
		e, err := in.Next()
		if errors.Is(err, io.EOF) {
			return kept, nil
		}
		if err != nil {
			return kept, err
		}
		if e.Table != nil {
			err = in.Skip(e)
		} else {
			var there bool
			there, err = copyBlob(ctx, e, file, to)
			if there {
				kept++
			}
		}
		if err != nil {
			return kept, err
		}
	}
}

func copyBlob(ctx context.Context, e *Entry, file spool, to chat.Blobs) (there bool, err error) {
	sum, err := file.fill(e.Body, e.Size)
	if err != nil {
		return false, err
	}
	err = retry(ctx, func() error {
		there, err = hasBlob(ctx, to, e.Key, sum)
		if err != nil || there {
			return err
		}
		return to.Put(ctx, e.Key, file.read(e.Size), e.Size, e.Type)
	})
	return there, err
}

// hasBlob reports whether a blob exists. It returns an error if it has other bytes.
func hasBlob(ctx context.Context, blobs chat.Blobs, key, sum string) (bool, error) {
	blob, err := blobs.Get(ctx, key)
	if err != nil {
		if chat.CodeOf(err) == chat.NotFound {
			return false, nil
		}
		return false, err
	}
	defer blob.Body.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, blob.Body); err != nil {
		return false, err
	}
	if hex.EncodeToString(hash.Sum(nil)) != sum {
		return false, fmt.Errorf("the target has another file named %s: restore into an empty folder or bucket", key)
	}
	return true, nil
}
