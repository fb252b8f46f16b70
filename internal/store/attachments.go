package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Attachments = (*Store)(nil)

// attachmentColumns are the columns that scanAttachment reads, from a table named a.
const attachmentColumns = `a.id, a.name, a.size, a.content_type, COALESCE(a.width, 0), COALESCE(a.height, 0), a.thumb_key`

func scanAttachment(r row, more ...any) (chat.MessageAttachment, error) {
	var f chat.MessageAttachment
	var thumb string
	dest := append([]any{&f.ID, &f.Name, &f.Size, &f.ContentType, &f.Width, &f.Height, &thumb}, more...)
	err := r.Scan(dest...)
	return withURLs(f, thumb), err
}

// attachmentFields are the same columns with names, for selectMessage.
const attachmentFields = `'id', a.id, 'name', a.name, 'size', a.size, 'contentType', a.content_type,
	'width', COALESCE(a.width, 0), 'height', COALESCE(a.height, 0), 'thumb', a.thumb_key`

// readAttachments decodes the files in a row of selectMessage.
func readAttachments(rows string) ([]chat.MessageAttachment, error) {
	files := []chat.MessageAttachment{}
	if rows == "" {
		return files, nil
	}
	var read []struct {
		chat.MessageAttachment
		Thumb string
	}
	if err := json.Unmarshal([]byte(rows), &read); err != nil {
		return nil, fmt.Errorf("read attachments: %w", err)
	}
	for _, f := range read {
		files = append(files, withURLs(f.MessageAttachment, f.Thumb))
	}
	return files, nil
}

// withURLs returns f with its URLs.
func withURLs(f chat.MessageAttachment, thumb string) chat.MessageAttachment {
	f.URL = fmt.Sprintf("/api/v1/files/%d/%s", f.ID, url.PathEscape(f.Name))
	if thumb != "" {
		f.ThumbnailURL = fmt.Sprintf("/api/v1/thumbnails/%d", f.ID)
	}
	return f
}

// ScheduleBlobDeletion schedules the deletion of blobs that are about to be stored.
// AddAttachment cancels it.
func (s *Store) ScheduleBlobDeletion(ctx context.Context, keys []string, grace time.Duration) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err := s.tx(ctx, func(tx *sql.Tx) error {
		for _, key := range keys {
			_, err := tx.ExecContext(ctx, `INSERT INTO doomed_blobs (blob_key, due) VALUES ($1, $2)
				ON CONFLICT (blob_key) DO UPDATE SET due = excluded.due`, key, int64(s.clock())+grace.Milliseconds())
			if err != nil {
				return err
			}
		}
		return nil
	})
	return s.fail("schedule blob deletion", err)
}

// AddAttachment stores an upload. It locks the owner's row before it counts the owner's
// uploads, so that concurrent uploads cannot exceed the limit.
func (s *Store) AddAttachment(ctx context.Context, a chat.NewAttachment, limit int, quota chat.Quota) (chat.MessageAttachment, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var file chat.MessageAttachment
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var owner int64
		if err := tx.QueryRowContext(ctx, `SELECT id FROM users WHERE id = $1`+s.dialect.forUpdate(), int64(a.Owner)).Scan(&owner); err != nil {
			return err
		}
		unused, err := unusedAttachments(ctx, tx, a.Owner)
		if err != nil {
			return err
		}
		if unused >= limit {
			return chat.ErrTooManyUnused()
		}
		if err := s.recordBlobs(ctx, tx, a.Owner, quota, a.Sizes()); err != nil {
			return err
		}
		if err := cancelBlobDeletions(ctx, tx, a.BlobKey, a.ThumbKey); err != nil {
			return err
		}
		var id int64
		err = tx.QueryRowContext(ctx, `
			INSERT INTO attachments (user_id, blob_key, thumb_key, name, size, content_type, width, height, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, NULLIF($7, 0), NULLIF($8, 0), $9) RETURNING id`,
			owner, a.BlobKey, a.ThumbKey, a.Name, a.Size, a.ContentType, a.Width, a.Height, int64(s.clock())).Scan(&id)
		if err != nil {
			return err
		}
		file, err = scanAttachment(tx.QueryRowContext(ctx, `SELECT `+attachmentColumns+` FROM attachments a WHERE a.id = $1`, id))
		return err
	})
	return file, s.fail("add attachment", err)
}

// cancelBlobDeletions cancels the scheduled deletion of blobs. It returns an error for a key
// that is not scheduled: its blob may already be deleted.
func cancelBlobDeletions(ctx context.Context, tx *sql.Tx, keys ...string) error {
	for _, key := range keys {
		if key == "" {
			continue
		}
		result, err := tx.ExecContext(ctx, `DELETE FROM doomed_blobs WHERE blob_key = $1`, key)
		if err != nil {
			return err
		}
		if rows, err := result.RowsAffected(); err != nil || rows == 0 {
			return errors.Join(err, fmt.Errorf("the deletion of blob %s is not scheduled", key))
		}
	}
	return nil
}

// UnusedAttachments returns the number of a user's uploads that no message contains.
func (s *Store) UnusedAttachments(ctx context.Context, owner chat.UserID) (int, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	n, err := unusedAttachments(ctx, s.read, owner)
	return n, s.fail("count uploads", err)
}

func unusedAttachments(ctx context.Context, from querier, owner chat.UserID) (n int, err error) {
	err = from.QueryRowContext(ctx, `SELECT count(*) FROM attachments WHERE user_id = $1 AND message_id IS NULL`, int64(owner)).Scan(&n)
	return n, err
}

// RemoveAttachment deletes an upload that no message contains.
func (s *Store) RemoveAttachment(ctx context.Context, id chat.AttachmentID, owner chat.UserID) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err := s.write.QueryRowContext(ctx, `DELETE FROM attachments WHERE id = $1 AND user_id = $2 AND message_id IS NULL RETURNING id`,
		int64(id), int64(owner)).Scan(&id)
	return s.fail("remove upload", err)
}

// File returns an attachment that viewer may read. It checks that viewer is active, because a
// disabled user has no session but may still have a link.
func (s *Store) File(ctx context.Context, id chat.AttachmentID, viewer chat.UserID) (chat.StoredFile, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var f chat.StoredFile
	var err error
	f.MessageAttachment, err = scanAttachment(s.read.QueryRowContext(ctx, `
		SELECT `+attachmentColumns+`, a.blob_key, a.thumb_key FROM attachments a
		WHERE a.id = $1 AND (a.message_id IS NULL AND a.user_id = $2 OR EXISTS (
			SELECT 1 FROM messages m JOIN room_members me ON me.room_id = m.room_id AND me.user_id = $2 WHERE m.id = a.message_id))
			AND EXISTS (SELECT 1 FROM users u WHERE u.id = $2 AND `+activeUser+`)`,
		int64(id), int64(viewer)), &f.BlobKey, &f.ThumbKey)
	return f, s.fail("find file", err)
}

// expireBatch is the maximum number of uploads that one ExpireAttachments deletes.
const expireBatch = 500

// ExpireAttachments deletes old uploads that were never sent. If one is being sent, its row
// is evaluated again after the send.
func (s *Store) ExpireAttachments(ctx context.Context, age time.Duration) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `
		DELETE FROM attachments WHERE message_id IS NULL AND id IN (
			SELECT id FROM attachments WHERE message_id IS NULL AND created_at < $1 ORDER BY created_at LIMIT $2)`,
		int64(s.clock())-age.Milliseconds(), expireBatch)
	return s.fail("expire uploads", err)
}

// ClaimBlobDeletions returns keys of blobs to delete and reserves them for the caller for the
// duration of reserve.
func (s *Store) ClaimBlobDeletions(ctx context.Context, limit int, reserve time.Duration) ([]string, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	now := int64(s.clock())
	keys, err := queryAll(ctx, s.write, scanValue[string], `UPDATE doomed_blobs SET due = $2 WHERE due <= $1 AND blob_key IN (
			SELECT blob_key FROM doomed_blobs WHERE due <= $1 ORDER BY due LIMIT $3) RETURNING blob_key`,
		now, now+reserve.Milliseconds(), limit)
	return keys, s.fail("claim blob deletions", err)
}

// FinishBlobDeletion removes a key after its blob was deleted.
func (s *Store) FinishBlobDeletion(ctx context.Context, key string) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `DELETE FROM doomed_blobs WHERE blob_key = $1`, key)
	return s.fail("finish blob deletion", err)
}
