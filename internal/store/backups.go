package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// ErrHoldExpired is returned when blobs are no longer held for a backup.
var ErrHoldExpired = errors.New("files are no longer kept for this backup, because it could not reach the database for too long")

// HoldBlobs keeps every node from deleting blobs for the given time, or until the
// backup ends. A trigger enforces it, so that it holds for nodes of older versions too.
// A snapshot that is opened afterwards names no blob that is deleted meanwhile.
func (s *Store) HoldBlobs(ctx context.Context, backup string, hold time.Duration) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	now := s.engine.nowMillis()
	err := affected(s.write.ExecContext(ctx, `INSERT INTO backups (id, started_at, held_until) VALUES ($1, $2, `+now+` + $3)
		ON CONFLICT (id) DO UPDATE SET held_until = EXCLUDED.held_until`,
		backup, int64(s.clock()), hold.Milliseconds()))
	return s.fail("hold blobs", err)
}

// RenewHold extends the hold. It returns ErrHoldExpired if the hold ended before.
func (s *Store) RenewHold(ctx context.Context, backup string, hold time.Duration) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	now := s.engine.nowMillis()
	err := affected(s.write.ExecContext(ctx, `UPDATE backups SET held_until = `+now+` + $2 WHERE id = $1 AND held_until > `+now,
		backup, hold.Milliseconds()))
	if errors.Is(err, sql.ErrNoRows) {
		return ErrHoldExpired
	}
	return s.fail("renew hold of blobs", err)
}

// FinishBackup ends the hold and records the backup as the last one. It returns
// ErrHoldExpired if the hold ended before: blobs may have been deleted.
func (s *Store) FinishBackup(ctx context.Context, backup string, b chat.Backup) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		now := s.engine.nowMillis()
		err := affected(tx.ExecContext(ctx, `UPDATE backups SET held_until = 0, finished_at = $2, messages = $3, files = $4, bytes = $5
			WHERE id = $1 AND held_until > `+now, backup, int64(b.FinishedAt), b.Messages, b.Files, b.Bytes))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrHoldExpired
		}
		if err != nil {
			return err
		}
		_, err = found(affected(tx.ExecContext(ctx, `DELETE FROM backups WHERE id <> $1 AND held_until <= `+now, backup)))
		return err
	})
	if errors.Is(err, ErrHoldExpired) {
		return err
	}
	return s.fail("finish backup", err)
}

// AbandonBackup ends the hold of a backup that did not finish.
func (s *Store) AbandonBackup(ctx context.Context, backup string) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `DELETE FROM backups WHERE id = $1 AND finished_at IS NULL`, backup)
	return s.fail("abandon backup", err)
}

// backupsSince is the migration that made the table of backups.
const backupsSince = 12

const lastBackup = `SELECT finished_at, messages, files, bytes FROM backups
	WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 1`

func scanBackup(r row) (b chat.Backup, err error) {
	err = r.Scan(&b.FinishedAt, &b.Messages, &b.Files, &b.Bytes)
	return b, err
}

// LastBackup returns the last backup that finished; its FinishedAt is 0 if there is none.
func (s *Store) LastBackup(ctx context.Context) (b chat.Backup, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	b, err = scanBackup(s.read.QueryRowContext(ctx, lastBackup))
	if _, err := found(err); err != nil {
		return b, s.fail("read last backup", err)
	}
	return b, nil
}
