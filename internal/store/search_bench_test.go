package store

import (
	"flag"
	"fmt"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

var searchMessages = flag.Int("search-messages", 20_000, "the number of messages that BenchmarkSearch searches")

const searchRooms = 50

// BenchmarkSearch measures a page of 50 results from 50 rooms, for words that are in every third
// message, in one of a hundred, in 20 messages, in none, and for a word of two letters. For the figures
// in docs/performance.md run it with -search-messages 1000000.
func BenchmarkSearch(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			s := e.open(b)
			alice, bob := register(b, s, "alice"), register(b, s, "bob")
			fillSearched(b, s, alice, bob)
			index(b, s)
			if onPostgres(s) {
				if _, err := s.write.ExecContext(b.Context(), `ANALYZE`); err != nil {
					b.Fatal(err)
				}
			}
			for _, c := range []struct{ name, text string }{
				{"common", "harbour"}, {"one of 100", "lantern"}, {"rare", "zeppelin"}, {"absent", "xylophone"}, {"absent, of common parts", "harbourlanternal"}, {"two letters", "qq"},
			} {
				query, err := markup.NewQuery(c.text, chat.MaxQuery)
				if err != nil {
					b.Fatal(err)
				}
				for who, viewer := range map[string]chat.Caller{"all rooms": alice, "one room": bob} {
					b.Run(c.name+"/"+who, func(b *testing.B) {
						q := chat.SearchQuery{Search: chat.Search{Text: c.text, Limit: 50}, Viewer: viewer.User.ID,
							Folding: chat.SearchFolding.Version, Indexed: query.Indexed(), Matches: query.Matches}
						for b.Loop() {
							if _, _, err := s.Search(b.Context(), q); err != nil {
								b.Fatal(err)
							}
						}
					})
				}
			}
		})
	}
}

// fillSearched writes messages of twelve words to the rooms of alice, in turn. bob is in one of them.
func fillSearched(b *testing.B, s *Store, alice, bob chat.Caller) {
	b.Helper()
	var first chat.Room
	for i := range searchRooms {
		room := createRoom(b, s, alice, fmt.Sprintf("room %d", i))
		if i == 0 {
			first = room
		}
	}
	if _, _, err := s.Join(b.Context(), first.ID, bob.User.ID, nil); err != nil {
		b.Fatal(err)
	}
	words := []string{"market", "morning", "window", "letter", "garden", "silver", "autumn", "bridge", "candle", "meadow", "travel", "winter", "copper", "island", "pepper", "ribbon"}
	text := "'message ' || i || ' '"
	for i, word := range words {
		text += fmt.Sprintf(` || CASE WHEN (i * %d) %% 17 < 9 THEN '%s ' ELSE '' END`, 7+2*i, word)
	}
	for word, every := range map[string]int{"harbour": 3, "lantern": 100, "zeppelin": *searchMessages / 20} {
		text += fmt.Sprintf(` || CASE WHEN i %% %d = 0 THEN '%s ' ELSE '' END`, every, word)
	}
	cid, hash := "lower(hex(randomblob(18)))", "x'00'"
	if onPostgres(s) {
		cid, hash = "gen_random_uuid()", `'\x00'::bytea`
	}
	const atOnce = 10_000 // what Postgres inserts within the time of a statement
	for done := 0; done < *searchMessages; done += atOnce {
		_, err := s.write.ExecContext(b.Context(), fmt.Sprintf(`
			WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO messages (room_id, seq, change_seq, kind, author_id, cid, send_hash, text, html, created_at)
			SELECT %d + i %% %d, 10 + i / %d, 10 + i / %d, 'text', %d, %s, %s, %s, '', 1000 + i FROM n`,
			done, min(done+atOnce, *searchMessages)-1, first.ID, searchRooms, searchRooms, searchRooms, alice.User.ID, cid, hash, text))
		if err != nil {
			b.Fatal(err)
		}
	}
}
