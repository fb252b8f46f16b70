package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

// ErrHoldExpired is returned if the blobs are no longer held for a backup.
var ErrHoldExpired = errors.New("files are no longer held for this backup, because it could not reach the database for too long")

// HoldBlobs prevents every node from deleting blobs for a duration or until the backup ends.
// A trigger enforces this, so that it also applies to nodes of older versions. A blob that is
// in a snapshot taken after this call is not deleted during the hold.
func (s *Store) HoldBlobs(ctx context.Context, backup string, hold time.Duration) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	now := s.dialect.nowMillis()
	err := requireAffected(s.write.ExecContext(ctx, `INSERT INTO backups (id, started_at, held_until) VALUES ($1, $2, `+now+` + $3)
		ON CONFLICT (id) DO UPDATE SET held_until = EXCLUDED.held_until`,
		backup, int64(s.clock()), hold.Milliseconds()))
	return s.fail("hold blobs", err)
}

// RenewHold extends the hold. It returns ErrHoldExpired if the hold has already ended.
func (s *Store) RenewHold(ctx context.Context, backup string, hold time.Duration) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	now := s.dialect.nowMillis()
	err := requireAffected(s.write.ExecContext(ctx, `UPDATE backups SET held_until = `+now+` + $2 WHERE id = $1 AND held_until > `+now,
		backup, hold.Milliseconds()))
	if errors.Is(err, sql.ErrNoRows) {
		return ErrHoldExpired
	}
	return s.fail("renew hold of blobs", err)
}

// FinishBackup ends the hold and records the backup as the last one. It returns
// ErrHoldExpired if the hold has already ended, because blobs may have been deleted.
func (s *Store) FinishBackup(ctx context.Context, backup string, b chat.Backup) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err := s.tx(ctx, func(tx *sql.Tx) error {
		now := s.dialect.nowMillis()
		err := requireAffected(tx.ExecContext(ctx, `UPDATE backups SET held_until = 0, finished_at = $2, messages = $3, files = $4, bytes = $5
			WHERE id = $1 AND held_until > `+now, backup, int64(b.FinishedAt), b.Messages, b.Files, b.Bytes))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrHoldExpired
		}
		if err != nil {
			return err
		}
		_, err = rowFound(requireAffected(tx.ExecContext(ctx, `DELETE FROM backups WHERE id <> $1 AND held_until <= `+now, backup)))
		return err
	})
	if errors.Is(err, ErrHoldExpired) {
		return err
	}
	return s.fail("finish backup", err)
}

// AbandonBackup ends the hold of a backup that did not finish.
func (s *Store) AbandonBackup(ctx context.Context, backup string) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `DELETE FROM backups WHERE id = $1 AND finished_at IS NULL`, backup)
	return s.fail("abandon backup", err)
}

// LastBackup returns the last backup that finished. Its FinishedAt is 0 if there is none.
func (s *Store) LastBackup(ctx context.Context) (b chat.Backup, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	b, err = schema.ScanBackup(s.read.QueryRowContext(ctx, schema.LastBackupQuery))
	if _, err := rowFound(err); err != nil {
		return b, s.fail("read last backup", err)
	}
	return b, nil
}
