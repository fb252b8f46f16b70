package store

import (
	"fmt"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// BenchmarkOwnRooms measures the first read of every connection, with 20 rooms and 100,000
// messages in total. The cost does not depend on the number of unread messages or on their
// authors.
func BenchmarkOwnRooms(b *testing.B) {
	const rooms, messages = 20, 5000
	for _, e := range engines {
		s := e.open(b)
		alice, bob := register(b, s, "alice"), register(b, s, "bob")
		for i := range rooms {
			room := createRoom(b, s, alice, fmt.Sprintf("room %d", i))
			if _, _, err := s.Join(b.Context(), room.ID, bob.User.ID, nil); err != nil {
				b.Fatal(err)
			}
			fill(b, s, room, alice, messages)
		}
		for _, c := range []struct {
			name string
			user chat.Caller
			read bool
		}{{"nothing unread", bob, true}, {"all unread", bob, false}, {"all its own", alice, false}} {
			b.Run(e.name+"/"+c.name, func(b *testing.B) {
				read := 1
				if c.read {
					read = messages + 1
				}
				if _, err := s.write.ExecContext(b.Context(), `UPDATE room_members SET last_read = $1 WHERE user_id = $2`, read, int64(c.user.User.ID)); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if own, err := s.OwnRooms(b.Context(), c.user.User.ID); err != nil || len(own) != rooms {
						b.Fatal(len(own), err)
					}
				}
			})
		}
	}
}

// fill appends n messages of author in one statement.
func fill(t testing.TB, s *Store, room chat.Room, author chat.Caller, n int) {
	t.Helper()
	hash, cid := `decode('00', 'hex')`, `gen_random_uuid()`
	if _, lite := s.dialect.(*sqliteDialect); lite {
		hash, cid = `x'00'`, `lower(hex(randomblob(18)))`
	}
	for _, statement := range []string{
		`INSERT INTO messages (room_id, seq, change_seq, kind, author_id, cid, send_hash, text, html, created_at)
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $3)
		SELECT r.id, r.head + n.i, r.head + n.i, 'text', $2, ` + cid + `, ` + hash + `, 'some words', '<p>some words</p>', 0 FROM rooms r, n WHERE r.id = $1`,
		`UPDATE rooms SET head = head + $3 WHERE id = $1 AND $2 > 0`,
	} {
		if _, err := s.write.ExecContext(t.Context(), statement, int64(room.ID), int64(author.User.ID), n); err != nil {
			t.Fatalf("fill the room: %v", err)
		}
	}
}
