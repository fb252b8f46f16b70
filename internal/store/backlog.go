package store

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Backlog is what the nodes still have to do for all users together, and what they store.
type Backlog struct {
	SearchLag   time.Duration // since the oldest message that the search index lacks was sent; 0 for none
	WebhooksDue int           // outgoing webhooks that wait for a node
	WebhookAge  time.Duration // for how long the first of them has been waiting; 0 for none
	StoredBytes int64         // of files, as counted for the quota
}

// Backlog reads the backlog. Each part is found by an index, so that every node may ask
// several times a minute.
func (s *Store) Backlog(ctx context.Context) (b Backlog, err error) {
	ctx, cancel := bound(ctx)
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

// webhookBacklog counts the due webhooks and returns since when the first has been due: since
// its next message was sent, or since its retry or next turn was due if that is later. A
// change that is no new message, such as a reaction, has no time; it counts only in retries.
var webhookBacklog = `SELECT count(*), COALESCE(min(CASE
		WHEN sent_at > next_at THEN sent_at
		WHEN sent_at IS NOT NULL OR failures > 0 THEN next_at END), 0)
	FROM (SELECT h.next_at, h.failures, (SELECT m.created_at FROM messages m
		WHERE m.room_id = h.room_id AND m.seq > h.delivered ORDER BY m.seq LIMIT 1) AS sent_at` + dueHooks + `) AS due`

// since returns the time that has passed since t, 0 if t is unknown or ahead of this node's
// clock.
func (s *Store) since(t chat.Time) time.Duration {
	if t == 0 {
		return 0
	}
	return max(0, s.now().Sub(t.Std()))
}

// ActiveUsers counts the users who used a session within a time. It reads all sessions: ask
// rarely.
func (s *Store) ActiveUsers(ctx context.Context, within time.Duration) (n int, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	err = s.read.QueryRowContext(ctx, `SELECT count(DISTINCT user_id) FROM sessions WHERE last_seen_at >= $1`,
		int64(s.clock())-within.Milliseconds()).Scan(&n)
	return n, s.fail("count active users", err)
}
