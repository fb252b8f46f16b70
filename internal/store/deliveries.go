package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.WebhookQueue = (*Store)(nil)

// dueHooks are the outgoing webhooks that have something to deliver at $1, are not
// paused and not leased.
var dueHooks = ` FROM outgoing_hooks h JOIN rooms r ON r.id = h.room_id
	WHERE h.delivered < r.head AND h.next_at <= $1 AND h.leased_until <= $1 AND h.disabled_at IS NULL AND ` + hookMakerMay

// Due returns hooks that are due, of each maker at most perMaker.
func (s *Store) Due(ctx context.Context, perMaker, limit int) ([]chat.DueWebhook, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	due, err := readAll(ctx, s.read, func(r row) (w chat.DueWebhook, err error) {
		err = r.Scan(&w.ID, &w.Maker, &w.URL)
		return w, err
	}, `SELECT id, maker, url FROM (
			SELECT h.id, h.url, h.next_at, h.failures > 0 AS failing, `+hookMaker+` AS maker,
				row_number() OVER (PARTITION BY `+hookMaker+` ORDER BY h.failures > 0, h.next_at, h.id) AS place`+dueHooks+`) AS due
		WHERE place <= $2 ORDER BY failing, next_at, id LIMIT $3`, int64(s.clock()), perMaker, limit)
	return due, s.fail("find due webhooks", err)
}

// ClaimDue leases hooks that are due.
func (s *Store) ClaimDue(ctx context.Context, ids []chat.WebhookID, lease time.Duration) ([]chat.DeliveryLease, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	now := int64(s.clock())
	var turns []chat.DeliveryLease
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		return each(ctx, tx, func(r row) error {
			var t chat.DeliveryLease
			err := r.Scan(&t.ID, &t.Room, &t.URL, &t.Secret, &t.Delivered, &t.Failures, &t.FailingSince, &t.Lease)
			turns = append(turns, t)
			return err
		}, `UPDATE outgoing_hooks SET lease = lease + 1, leased_until = $2
			WHERE id IN (SELECT h.id`+dueHooks+` AND `+s.engine.in("h.id", 3)+s.engine.lockDue()+`)
			RETURNING id, room_id, url, secret, delivered, failures, COALESCE(failing_since, 0), lease`,
			now, now+lease.Milliseconds(), s.engine.list(raw(ids)))
	})
	return turns, s.fail("take webhooks", err)
}

// Ack moves the cursor of a hook whose lease lasts and that is not paused, and
// renews the lease: a maker who was removed receives at most the change under way.
func (s *Store) Ack(ctx context.Context, t chat.DeliveryLease, upTo chat.Seq, lease time.Duration) (bool, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	result, err := s.write.ExecContext(ctx, `
		UPDATE outgoing_hooks SET delivered = $3, leased_until = $4, failures = 0, failing_since = NULL, last_error = ''
		WHERE id = $1 AND lease = $2 AND EXISTS (
			SELECT 1 FROM outgoing_hooks h JOIN rooms r ON r.id = h.room_id WHERE h.id = $1 AND `+hookMakerMay+`)`,
		int64(t.ID), t.Lease, int64(upTo), int64(s.clock())+lease.Milliseconds())
	if err != nil {
		return false, s.fail("move webhook", err)
	}
	n, err := result.RowsAffected()
	return n == 1, s.fail("move webhook", err)
}

// Release lets a hook go, with what failed or nil.
func (s *Store) Release(ctx context.Context, t chat.DeliveryLease, f *chat.DeliveryFailure) error {
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
