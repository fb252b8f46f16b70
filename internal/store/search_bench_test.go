package store

import (
	"fmt"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

const searchRooms = 50

// BenchmarkSearch measures a page of 50 results from 50 rooms, for words that are in every third
// message, in one of a hundred, in 20 messages, in none, and for a word of two letters. For the figures
// in docs/performance.md run it with -messages 1000000.
func BenchmarkSearch(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			s := e.open(b)
			alice, bob := register(b, s, "alice"), register(b, s, "bob")
			rooms := make([]chat.Room, searchRooms)
			for i := range rooms {
				rooms[i] = createRoom(b, s, alice, fmt.Sprintf("room %d", i))
			}
			if _, _, err := s.Join(b.Context(), rooms[0].ID, bob.User.ID, nil); err != nil {
				b.Fatal(err)
			}
			fillLarge(b, s, alice, rooms)
			index(b, s)
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
