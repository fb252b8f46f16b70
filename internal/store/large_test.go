package store

import (
	"flag"
	"fmt"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

var largeMessages = flag.Int("messages", 20_000, "the number of messages of BenchmarkSearch and BenchmarkHistory")

// fillLarge writes largeMessages messages of about ten words to rooms with consecutive ids, in turn.
func fillLarge(b *testing.B, s *Store, author chat.Caller, rooms []chat.Room) {
	b.Helper()
	words := []string{"market", "morning", "window", "letter", "garden", "silver", "autumn", "bridge", "candle", "meadow", "travel", "winter", "copper", "island", "pepper", "ribbon"}
	text := "'message ' || i || ' '"
	for i, word := range words {
		text += fmt.Sprintf(` || CASE WHEN (i * %d) %% 17 < 9 THEN '%s ' ELSE '' END`, 7+2*i, word)
	}
	for word, every := range map[string]int{"harbour": 3, "lantern": 100, "zeppelin": *largeMessages / 20} {
		text += fmt.Sprintf(` || CASE WHEN i %% %d = 0 THEN '%s ' ELSE '' END`, every, word)
	}
	cid, hash := "lower(hex(randomblob(18)))", "x'00'"
	if onPostgres(s) {
		cid, hash = "gen_random_uuid()", `'\x00'::bytea`
	}
	const atOnce = 10_000 // what Postgres inserts within the time of a statement
	for done := 0; done < *largeMessages; done += atOnce {
		_, err := s.write.ExecContext(b.Context(), fmt.Sprintf(`
			WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO messages (room_id, seq, change_seq, kind, author_id, cid, send_hash, text, html, created_at)
			SELECT %d + i %% %d, 10 + i / %d, 10 + i / %d, 'text', %d, %s, %s, %s, '', 1000 + i FROM n`,
			done, min(done+atOnce, *largeMessages)-1, rooms[0].ID, len(rooms), len(rooms), len(rooms), author.User.ID, cid, hash, text))
		if err != nil {
			b.Fatal(err)
		}
	}
	if _, err := s.write.ExecContext(b.Context(), fmt.Sprintf(`UPDATE rooms SET head = 10 + %d / %d`, *largeMessages, len(rooms))); err != nil {
		b.Fatal(err)
	}
	if onPostgres(s) {
		if _, err := s.write.ExecContext(b.Context(), `ANALYZE`); err != nil {
			b.Fatal(err)
		}
	}
}
