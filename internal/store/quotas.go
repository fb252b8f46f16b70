package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Storage = (*Store)(nil)

const (
	millisOfDay = 24 * 60 * 60 * 1000
	// usageBatch is the maximum number of rows that one CompactUsage deletes.
	usageBatch = 5000
	// storedBytes is the total, including changes that are not added to it yet.
	storedBytes = `(SELECT bytes FROM storage_total) + CAST(COALESCE((SELECT sum(bytes) FROM storage_changes), 0) AS bigint)`
	// quotaUser selects the user whose quota user $1 uses.
	quotaUser = `SELECT COALESCE(u.owner_id, u.id) FROM users u WHERE u.id = $1`
)

func (s *Store) today() int64 { return int64(s.clock()) / millisOfDay }

// UploadUsage returns how many bytes user has uploaded today, and how many are stored in
// total.
func (s *Store) UploadUsage(ctx context.Context, user chat.UserID) (u chat.UploadUsage, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err = s.read.QueryRowContext(ctx, `SELECT COALESCE((SELECT bytes FROM upload_days WHERE user_id = (`+quotaUser+`) AND day = $2), 0), `+storedBytes,
		int64(user), s.today()).Scan(&u.Today, &u.Stored)
	return u, s.fail("read upload usage", err)
}

// recordBlobs records the sizes of blobs of user, in the transaction that refers to them. It
// returns QUOTA_EXCEEDED if the user or the server would exceed its quota. It locks the row
// of the day and the total, so that uploads on all nodes are counted; no other operation
// waits for these locks.
func (s *Store) recordBlobs(ctx context.Context, tx *sql.Tx, user chat.UserID, quota chat.Quota, sizes map[string]int64) error {
	var bytes int64
	for _, size := range sizes {
		bytes += size
	}
	var usage chat.UploadUsage
	err := tx.QueryRowContext(ctx, `INSERT INTO upload_days (user_id, day, bytes)
		SELECT COALESCE(u.owner_id, u.id), CAST($2 AS bigint), CAST($3 AS bigint) FROM users u WHERE u.id = $1
		ON CONFLICT (user_id, day) DO UPDATE SET bytes = upload_days.bytes + excluded.bytes RETURNING bytes`,
		int64(user), s.today(), bytes).Scan(&usage.Today)
	if err != nil {
		return err
	}
	var total int64
	if err := tx.QueryRowContext(ctx, `SELECT bytes FROM storage_total WHERE id = 1`+s.dialect.forUpdate()).Scan(&total); err != nil {
		return err
	}
	for key, size := range sizes {
		if _, err := tx.ExecContext(ctx, `INSERT INTO blob_sizes (blob_key, bytes) VALUES ($1, $2)`, key, size); err != nil {
			return err
		}
	}
	if err := tx.QueryRowContext(ctx, `SELECT `+storedBytes).Scan(&usage.Stored); err != nil {
		return err
	}
	return quota.Check(usage)
}

// CompactUsage adds the pending changes to the total and deletes past days.
func (s *Store) CompactUsage(ctx context.Context) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var total int64
		if err := tx.QueryRowContext(ctx, `SELECT bytes FROM storage_total WHERE id = 1`+s.dialect.forUpdate()).Scan(&total); err != nil {
			return err
		}
		changes := `SELECT id FROM storage_changes ORDER BY id LIMIT $1`
		err := forEachRow(ctx, tx, func(r row) error {
			var bytes int64
			err := r.Scan(&bytes)
			total += bytes
			return err
		}, `DELETE FROM storage_changes WHERE id IN (`+changes+`) RETURNING bytes`, usageBatch)
		if err != nil {
			return fmt.Errorf("read changes: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE storage_total SET bytes = $1 WHERE id = 1`, total); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM upload_days WHERE day < $1`, s.today())
		return err
	})
	return s.fail("compact usage", err)
}
