package store

import (
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// BenchmarkHistory measures a page of 50 messages at several places of a large room. For the figures in
// docs/performance.md run it with -messages 1000000.
func BenchmarkHistory(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			s := e.open(b)
			alice := register(b, s, "alice")
			room := createRoom(b, s, alice, "large")
			fillLarge(b, s, alice, []chat.Room{room})
			head := chat.Seq(*largeMessages)
			for name, q := range map[string]chat.PageQuery{
				"newest":              {},
				"before the middle":   {Before: new(head / 2)},
				"around a message":    {Around: new(head / 3)},
				"after the beginning": {After: new(chat.Seq(20))},
			} {
				q.Limit = 50
				b.Run(name, func(b *testing.B) {
					for b.Loop() {
						page, err := s.Page(b.Context(), room.ID, alice.User.ID, q)
						if err != nil || len(page.Messages) != 50 {
							b.Fatalf("%d messages, %v", len(page.Messages), err)
						}
					}
				})
			}
		})
	}
}
