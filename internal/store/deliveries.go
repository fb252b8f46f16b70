package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Deliveries = (*Store)(nil)

// dueHooks are the outgoing webhooks that have something to deliver at $1 and that
// nobody has.
const dueHooks = ` FROM outgoing_hooks h JOIN rooms r ON r.id = h.room_id
	WHERE h.delivered < r.head AND h.next_at <= $1 AND h.leased_until <= $1 AND h.disabled_at IS NULL`

// TakeHooks takes hooks that are due. Mostly there are none: that is found out
// without a transaction.
func (s *Store) TakeHooks(ctx context.Context, limit int, lease time.Duration) ([]chat.HookTurn, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	now := int64(s.clock())
	var due bool
	if err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1`+dueHooks+`)`, now).Scan(&due); err != nil || !due {
		return nil, s.fail("find due webhooks", err)
	}
	var turns []chat.HookTurn
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		return each(ctx, tx, func(r row) error {
			var t chat.HookTurn
			err := r.Scan(&t.ID, &t.Room, &t.URL, &t.Secret, &t.Delivered, &t.Failures, &t.FailingSince, &t.Lease)
			turns = append(turns, t)
			return err
		}, `UPDATE outgoing_hooks SET lease = lease + 1, leased_until = $2
			WHERE id IN (SELECT h.id`+dueHooks+` ORDER BY h.failures > 0, h.next_at, h.id LIMIT $3`+s.engine.lockDue()+`)
			RETURNING id, room_id, url, secret, delivered, failures, COALESCE(failing_since, 0), lease`,
			now, now+lease.Milliseconds(), limit)
	})
	return turns, s.fail("take webhooks", err)
}

// Delivered moves the cursor of a hook whose turn lasts and renews the lease.
func (s *Store) Delivered(ctx context.Context, t chat.HookTurn, upTo chat.Seq, lease time.Duration) (bool, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	result, err := s.write.ExecContext(ctx, `
		UPDATE outgoing_hooks SET delivered = $3, leased_until = $4, failures = 0, failing_since = NULL, last_error = ''
		WHERE id = $1 AND lease = $2`,
		int64(t.ID), t.Lease, int64(upTo), int64(s.clock())+lease.Milliseconds())
	if err != nil {
		return false, s.fail("move webhook", err)
	}
	n, err := result.RowsAffected()
	return n == 1, s.fail("move webhook", err)
}

// EndTurn lets a hook go, with what failed or nil.
func (s *Store) EndTurn(ctx context.Context, t chat.HookTurn, f *chat.HookFailure) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	now := int64(s.clock())
	var err error
	if f == nil {
		_, err = s.write.ExecContext(ctx, `UPDATE outgoing_hooks SET leased_until = 0, next_at = $3 WHERE id = $1 AND lease = $2`,
			int64(t.ID), t.Lease, now)
	} else {
		_, err = s.write.ExecContext(ctx, `
			UPDATE outgoing_hooks SET leased_until = 0, next_at = $3, failures = failures + 1, last_error = $4,
				failing_since = COALESCE(failing_since, $5), disabled_at = CASE WHEN $6 THEN $5 ELSE disabled_at END
			WHERE id = $1 AND lease = $2`,
			int64(t.ID), t.Lease, now+f.RetryAfter.Milliseconds(), f.Text, now, f.GiveUp)
	}
	return s.fail("end webhook's turn", err)
}
