package store

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
)

const loneMessages = 100

// BenchmarkAppendLone measures an Append with one message in its transaction. It alternates
// with the two bare statements that number and insert a message into the same tables, and
// reports the ratio of the CPU time of Postgres. That hardly changes on a busy machine.
func BenchmarkAppendLone(b *testing.B) {
	s := openTestPostgres(b)
	senders := newSenders(b, s, 100)
	rooms, bare := senders.rooms[:50], senders.rooms[50:]
	load, floor := &runs{store: s, messages: loneMessages}, &runs{store: s, messages: loneMessages}
	for b.Loop() {
		load.run(func() {
			for i := range loneMessages {
				d := draft(rooms[i%len(rooms)], senders.users[i%len(senders.users)], sentence())
				if _, _, err := s.Append(b.Context(), d, chat.CanSend); err != nil {
					b.Fatal(err)
				}
			}
		})
		floor.run(func() {
			for i := range loneMessages {
				appendBare(b, s, draft(bare[i%len(bare)], senders.users[i%len(senders.users)], sentence()))
			}
		})
	}
	b.ReportMetric(load.work()/floor.work(), "times-the-floor")
	b.ReportMetric(load.work(), "server-µs/message")
	b.ReportMetric(floor.work(), "floor-server-µs/message")
}

// appendBare numbers and inserts d without a check.
func appendBare(b *testing.B, s *Store, d chat.Draft) {
	batch := &pgx.Batch{}
	batch.Queue(`BEGIN`)
	batch.Queue(`UPDATE rooms SET head = head + 1, active_at = $2 WHERE id = $1`, int64(d.Room), time.Now().UnixMilli())
	batch.Queue(`INSERT INTO messages (room_id, seq, change_seq, kind, author_id, cid, send_hash, text, html, created_at)
		SELECT id, head, head, 'text', $2, $3, $4, $5, $6, active_at FROM rooms WHERE id = $1`,
		int64(d.Room), int64(d.Author), uuid.New(), sendHash(d), d.Text, d.HTML)
	batch.Queue(`COMMIT`)
	if err := s.dialect.(*postgresDialect).appends.SendBatch(context.Background(), batch).Close(); err != nil {
		b.Fatal(err)
	}
}
