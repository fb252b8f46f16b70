package backup

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store"
)

const (
	// holdTime is how long blobs are kept for a backup that no longer renews its hold. After a backup
	// is killed, no blob is deleted for this time.
	holdTime   = 10 * time.Minute
	renewEvery = time.Minute
	// blobTries is how often reading a blob is attempted while the storage is unavailable.
	blobTries = 5
)

// Source is the chat to back up.
type Source struct {
	Store    *store.Store
	Snapshot func(ctx context.Context) (*store.Snapshot, error)
	Blobs    chat.Blobs
	Now      func() time.Time
}

// Report describes a backup that was created, checked or restored.
type Report struct {
	Path      string
	CreatedAt time.Time
	Schema    uint
	Bytes     int64 // of the archive
	Rows      int64
	Users     int64
	Rooms     int64
	Messages  int64
	Blobs     int64
	BlobBytes int64
	Missing   int64    // blobs that the storage did not have when the backup was created
	Removed   []string // older backups in the same folder
	Resumed   bool     // an earlier restore was interrupted
	Kept      int64    // blobs that the target of a restore already had
}

func report(h Header, m Manifest) Report {
	r := Report{
		CreatedAt: time.UnixMilli(h.CreatedAt), Schema: h.Schema,
		Users: m.Tables["users"].Rows, Rooms: m.Tables["rooms"].Rows, Messages: m.Tables["messages"].Rows,
		Blobs: m.Blobs, BlobBytes: m.BlobBytes, Missing: m.Missing,
	}
	for _, t := range m.Tables {
		r.Rows += t.Rows
	}
	return r
}

// Create writes a backup to the file path, or to a new file in the folder path. In a folder it keeps
// only the newest backups if keep is not 0. Nodes may run. A file with the final name is always
// complete.
func Create(ctx context.Context, from Source, path string, keep int, keys Keys) (r Report, err error) {
	folder := ""
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		folder, path = path, fileIn(path, from.Now(), keys.encrypts())
	} else if keep > 0 {
		return r, fmt.Errorf("old backups can only be removed from a folder, and %s is not a folder", path)
	}
	out, err := createOutput(path)
	if err != nil {
		return r, err
	}
	published := false
	defer func() {
		if !published {
			err = errors.Join(err, out.discard())
		}
	}()
	id := strings.ToLower(rand.Text())
	ctx, release, err := holdBlobs(ctx, from.Store, id)
	if err != nil {
		return r, err
	}
	defer release()
	header, manifest, err := write(ctx, from, id, out, keys)
	if err == nil {
		// Nothing has been deleted up to here.
		err = retry(ctx, func() error { return from.Store.RenewHold(ctx, id, holdTime) })
	}
	if err != nil {
		return r, errors.Join(err, context.Cause(ctx))
	}
	r = report(header, manifest)
	r.Path = path
	if r.Bytes, err = out.publish(); err != nil {
		return r, err
	}
	published = true
	done := chat.Backup{FinishedAt: chat.At(from.Now()), Messages: r.Messages, Files: r.Blobs, Bytes: r.Bytes}
	if err := retry(ctx, func() error { return from.Store.FinishBackup(ctx, id, done) }); err != nil {
		return r, fmt.Errorf("%s is complete, but the database could not record it: %w", path, err)
	}
	if folder != "" {
		r.Removed, err = prune(folder, path, keep)
	}
	return r, err
}

// holdBlobs prevents the deletion of blobs until release is called. The context ends if that fails.
func holdBlobs(ctx context.Context, s *store.Store, id string) (_ context.Context, release func(), err error) {
	if err := retry(ctx, func() error { return s.HoldBlobs(ctx, id, holdTime) }); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		tick := time.NewTicker(renewEvery)
		defer tick.Stop()
		for held := time.Now(); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			err := s.RenewHold(ctx, id, holdTime)
			switch {
			case err == nil:
				held = time.Now()
			case errors.Is(err, store.ErrHoldExpired), time.Since(held) > holdTime:
				cancel(store.ErrHoldExpired)
			}
		}
	})
	return ctx, func() {
		cancel(nil)
		renewing.Wait()
		// If this fails, the hold expires.
		_ = s.AbandonBackup(context.WithoutCancel(ctx), id)
	}, nil
}

// write writes the rows of a snapshot, and then the blobs that they refer to.
func write(ctx context.Context, from Source, id string, out *output, keys Keys) (h Header, m Manifest, err error) {
	sealed, err := keys.encrypt(out)
	if err != nil {
		return h, m, err
	}
	blobs, err := newSpool()
	if err != nil {
		return h, m, err
	}
	defer func() { err = errors.Join(err, blobs.close()) }()
	snapshot, err := from.Snapshot(ctx)
	if err != nil {
		return h, m, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	h = Header{
		Format: formatName, Version: FormatVersion, ID: id, CreatedAt: from.Now().UnixMilli(),
		Schema: snapshot.Schema, Epoch: string(snapshot.Epoch), Tables: snapshot.Tables,
	}
	w, err := NewWriter(sealed, h)
	if err != nil {
		return h, m, err
	}
	defer func() { err = errors.Join(err, w.Abort()) }()
	for _, t := range snapshot.Tables {
		if err := w.Table(t, func(yield func([]any) error) error { return snapshot.Rows(ctx, t, yield) }); err != nil {
			return h, m, err
		}
	}
	keyList := bufio.NewWriter(blobs.file)
	err = snapshot.BlobKeys(ctx, func(key string) error {
		_, err := keyList.WriteString(key + "\n")
		return err
	})
	// Close the snapshot as soon as the rows are written, because it affects the database.
	if err := errors.Join(err, keyList.Flush(), snapshot.Close()); err != nil {
		return h, m, err
	}
	if err := writeBlobs(ctx, w, from.Blobs, blobs.file); err != nil {
		return h, m, err
	}
	m, err = w.Close()
	return h, m, errors.Join(err, sealed.Close())
}

func writeBlobs(ctx context.Context, w *Writer, from chat.Blobs, keys io.ReadSeeker) error {
	if _, err := keys.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("list blobs: %w", err)
	}
	lines := bufio.NewScanner(keys)
	for lines.Scan() {
		if err := writeBlob(ctx, w, from, lines.Text()); err != nil {
			return err
		}
	}
	return lines.Err()
}

func writeBlob(ctx context.Context, w *Writer, from chat.Blobs, key string) error {
	return retry(ctx, func() error {
		blob, err := from.Get(ctx, key)
		if err != nil && chat.CodeOf(err) == chat.NotFound {
			w.Missing()
			return nil
		}
		if err != nil {
			return err
		}
		defer blob.Body.Close()
		return w.Blob(key, blob.ContentType, blob.Size, blob.Body)
	})
}

// retry repeats work while an engine is unavailable.
func retry(ctx context.Context, work func() error) error {
	for try := 1; ; try++ {
		err := work()
		_, unusable := errors.AsType[*writeError](err)
		if err == nil || unusable || chat.CodeOf(err) != chat.Unavailable || try == blobTries {
			return err
		}
		select {
		case <-time.After(time.Duration(try) * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
