package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.WebhookQueue = (*Store)(nil)

// dueWebhooks selects the outgoing webhooks that have something to deliver at time $1 and are
// neither paused nor leased.
var dueWebhooks = ` FROM outgoing_hooks h JOIN rooms r ON r.id = h.room_id
	WHERE h.delivered < r.head AND h.next_at <= $1 AND h.leased_until <= $1 AND h.disabled_at IS NULL AND ` + webhookMakerAllowed

// Due returns webhooks that are due, at most perMaker of each maker.
func (s *Store) Due(ctx context.Context, perMaker, limit int) ([]chat.DueWebhook, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	due, err := queryAll(ctx, s.read, func(r row) (w chat.DueWebhook, err error) {
		err = r.Scan(&w.ID, &w.Maker, &w.URL)
		return w, err
	}, `SELECT id, maker, url FROM (
			SELECT h.id, h.url, h.next_at, h.failures > 0 AS failing, `+webhookMaker+` AS maker,
				row_number() OVER (PARTITION BY `+webhookMaker+` ORDER BY h.failures > 0, h.next_at, h.id) AS place`+dueWebhooks+`) AS due
		WHERE place <= $2 ORDER BY failing, next_at, id LIMIT $3`, int64(s.clock()), perMaker, limit)
	return due, s.fail("find due webhooks", err)
}

// ClaimDue leases the webhooks of ids that are due.
func (s *Store) ClaimDue(ctx context.Context, ids []chat.WebhookID, lease time.Duration) ([]chat.DeliveryLease, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	now := int64(s.clock())
	var leases []chat.DeliveryLease
	err := s.tx(ctx, func(tx *sql.Tx) error {
		return forEachRow(ctx, tx, func(r row) error {
			var l chat.DeliveryLease
			err := r.Scan(&l.ID, &l.Room, &l.URL, &l.Secret, &l.Delivered, &l.Failures, &l.FailingSince, &l.Lease)
			leases = append(leases, l)
			return err
		}, `UPDATE outgoing_hooks SET lease = lease + 1, leased_until = $2
			WHERE id IN (SELECT h.id`+dueWebhooks+` AND `+s.dialect.in("h.id", 3, bigintList)+s.dialect.skipLocked("h")+`)
			RETURNING id, room_id, url, secret, delivered, failures, COALESCE(failing_since, 0), lease`,
			now, now+lease.Milliseconds(), s.dialect.list(int64s(ids)))
	})
	return leases, s.fail("claim webhooks", err)
}

// Ack moves the cursor of a webhook and renews its lease. It reports false if the lease has
// ended or the webhook is paused: after its maker loses the permission, at most the change in
// progress is delivered.
func (s *Store) Ack(ctx context.Context, l chat.DeliveryLease, upTo chat.Seq, lease time.Duration) (bool, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	result, err := s.write.ExecContext(ctx, `
		UPDATE outgoing_hooks SET delivered = $3, leased_until = $4, failures = 0, failing_since = NULL, last_error = ''
		WHERE id = $1 AND lease = $2 AND EXISTS (
			SELECT 1 FROM outgoing_hooks h JOIN rooms r ON r.id = h.room_id WHERE h.id = $1 AND `+webhookMakerAllowed+`)`,
		int64(l.ID), l.Lease, int64(upTo), int64(s.clock())+lease.Milliseconds())
	if err != nil {
		return false, s.fail("acknowledge delivery", err)
	}
	n, err := result.RowsAffected()
	return n == 1, s.fail("acknowledge delivery", err)
}

// Release ends the lease of a webhook. f is the failure of the delivery, or nil.
func (s *Store) Release(ctx context.Context, l chat.DeliveryLease, f *chat.DeliveryFailure) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	now := int64(s.clock())
	var err error
	if f == nil {
		_, err = s.write.ExecContext(ctx, `UPDATE outgoing_hooks SET leased_until = 0, next_at = $3 WHERE id = $1 AND lease = $2`,
			int64(l.ID), l.Lease, now)
	} else {
		_, err = s.write.ExecContext(ctx, `
			UPDATE outgoing_hooks SET leased_until = 0, next_at = $3, failures = failures + 1, last_error = $4,
				failing_since = COALESCE(failing_since, $5), disabled_at = CASE WHEN $6 THEN $5 ELSE disabled_at END
			WHERE id = $1 AND lease = $2`,
			int64(l.ID), l.Lease, now+f.RetryAfter.Milliseconds(), f.Text, now, f.GiveUp)
	}
	return s.fail("release webhook lease", err)
}
