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

// Target is the empty chat into which a backup is restored.
type Target struct {
	Database func(ctx context.Context) (*store.Restore, error)
	Blobs    func() (chat.Blobs, error)
	// EndSessions ends all sessions.
	EndSessions bool
}

// Restore restores an archive. It verifies the whole archive, then copies the blobs, and finally loads
// the rows in one transaction: the target is complete or has no database. Run an interrupted restore
// again; blobs that already exist are kept.
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

// interrupted adds to an error what to do about the partially restored target.
func interrupted(err error) error {
	return fmt.Errorf("%w\nThe target has no database yet, so nodes refuse to use it. Run the same restore again: existing files are kept", err)
}

// pass calls work with a reader at the start of the archive.
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
		return broken("%d rows were loaded, want %d", loaded, r.Rows)
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

// copyBlobs copies all blobs of an archive. It returns how many already existed.
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

// hasBlob reports whether a blob exists. It returns an error if the existing blob is different.
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
