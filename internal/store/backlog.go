package store

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Backlog is the pending work of all nodes together, and the storage they use.
type Backlog struct {
	SearchLag   time.Duration // age of the oldest message that is not in the search index; 0 for none
	WebhooksDue int           // outgoing webhooks that wait for a node
	WebhookAge  time.Duration // how long the first of them has waited; 0 for none
	StoredBytes int64         // size of files, as counted for the quota
}

// Backlog reads the backlog. Every part uses an index, so that each node can read it several
// times a minute.
func (s *Store) Backlog(ctx context.Context) (b Backlog, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var unindexed, due chat.Time
	err = s.read.QueryRowContext(ctx, `SELECT
		COALESCE((SELECT m.created_at FROM messages m WHERE m.id > (SELECT indexed FROM search_cursor) ORDER BY m.id LIMIT 1), 0),
		`+storedBytes).Scan(&unindexed, &b.StoredBytes)
	if err != nil {
		return Backlog{}, s.fail("read backlog", err)
	}
	err = s.read.QueryRowContext(ctx, webhookBacklog, int64(s.clock())).Scan(&b.WebhooksDue, &due)
	if err != nil {
		return Backlog{}, s.fail("read webhook backlog", err)
	}
	b.SearchLag, b.WebhookAge = s.since(unindexed), s.since(due)
	return b, nil
}

// webhookBacklog returns the number of due webhooks and the time since which the first one
// has been due. A webhook is due since its next message was sent, or since the time of its
// next try if that is later. A change that is not a new message, such as a reaction, has no
// time and counts only for retries.
var webhookBacklog = `SELECT count(*), COALESCE(min(CASE
		WHEN sent_at > next_at THEN sent_at
		WHEN sent_at IS NOT NULL OR failures > 0 THEN next_at END), 0)
	FROM (SELECT h.next_at, h.failures, (SELECT m.created_at FROM messages m
		WHERE m.room_id = h.room_id AND m.seq > h.delivered ORDER BY m.seq LIMIT 1) AS sent_at` + dueWebhooks + `) AS due`

// since returns the time since t. It returns 0 if t is unknown or in the future of this
// node's clock.
func (s *Store) since(t chat.Time) time.Duration {
	if t == 0 {
		return 0
	}
	return max(0, s.now().Sub(t.Std()))
}

// ActiveUsers returns the number of users that used a session within a duration. It reads all
// sessions, so call it rarely.
func (s *Store) ActiveUsers(ctx context.Context, within time.Duration) (n int, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err = s.read.QueryRowContext(ctx, `SELECT count(DISTINCT user_id) FROM sessions WHERE last_seen_at >= $1`,
		int64(s.clock())-within.Milliseconds()).Scan(&n)
	return n, s.fail("count active users", err)
}
