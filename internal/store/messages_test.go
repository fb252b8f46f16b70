package store

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestPages(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		for i := range 20 {
			appendText(t, s, room, alice, fmt.Sprint(i+1))
		}
		for _, c := range []struct {
			name        string
			query       chat.PageQuery
			first, last chat.Seq
			more        bool
			newer       bool
		}{
			{"newest", chat.PageQuery{Limit: 5}, 16, 20, true, false},
			{"all", chat.PageQuery{Limit: 50}, 1, 20, false, false},
			{"before", chat.PageQuery{Before: new(chat.Seq(4)), Limit: 5}, 1, 3, false, false},
			{"before with more", chat.PageQuery{Before: new(chat.Seq(10)), Limit: 5}, 5, 9, true, false},
			{"after", chat.PageQuery{After: new(chat.Seq(17)), Limit: 5}, 18, 20, false, false},
			{"after with more", chat.PageQuery{After: new(chat.Seq(3)), Limit: 5}, 4, 8, true, false},
			{"around", chat.PageQuery{Around: new(chat.Seq(10)), Limit: 6}, 7, 12, true, true},
			{"around the first", chat.PageQuery{Around: new(chat.Seq(1)), Limit: 6}, 1, 6, false, true},
			{"around the last", chat.PageQuery{Around: new(chat.Seq(20)), Limit: 6}, 15, 20, true, false},
			{"around one near the last", chat.PageQuery{Around: new(chat.Seq(19)), Limit: 6}, 15, 20, true, false},
			{"around all", chat.PageQuery{Around: new(chat.Seq(7)), Limit: 20}, 1, 20, false, false},
			{"around alone", chat.PageQuery{Around: new(chat.Seq(7)), Limit: 1}, 7, 7, true, true},
			{"before the first", chat.PageQuery{Before: new(chat.Seq(1)), Limit: 5}, 0, 0, false, false},
			{"before nothing", chat.PageQuery{Before: new(chat.Seq(0)), Limit: 5}, 0, 0, false, false},
			{"after nothing", chat.PageQuery{After: new(chat.Seq(0)), Limit: 5}, 1, 5, true, false},
			{"around nothing", chat.PageQuery{Around: new(chat.Seq(0)), Limit: 5}, 1, 5, false, true},
			{"before more than the last", chat.PageQuery{Before: new(chat.Seq(999)), Limit: 5}, 16, 20, true, false},
			{"around more than the last", chat.PageQuery{Around: new(chat.Seq(999)), Limit: 5}, 16, 20, true, false},
			{"after the last", chat.PageQuery{After: new(chat.Seq(20)), Limit: 5}, 0, 0, false, false},
		} {
			t.Run(c.name, func(t *testing.T) {
				page, err := s.Page(t.Context(), room.ID, alice.User.ID, c.query)
				if err != nil {
					t.Fatal(err)
				}
				var first, last chat.Seq
				if n := len(page.Messages); n > 0 {
					first, last = page.Messages[0].Seq, page.Messages[n-1].Seq
				}
				if first != c.first || last != c.last || page.HasMore != c.more || page.HasNewer != c.newer || page.Head != 20 {
					t.Fatalf("page = %d…%d, more %v, newer %v, head %d; want %d…%d, more %v, newer %v, head 20",
						first, last, page.HasMore, page.HasNewer, page.Head, c.first, c.last, c.more, c.newer)
				}
			})
		}
		t.Run("an unknown room is not found", func(t *testing.T) {
			_, err := s.Page(t.Context(), 999, alice.User.ID, chat.PageQuery{Limit: 5})
			wantCode(t, err, chat.NotFound)
		})
	})
}

func TestChanges(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")
		for i := range 6 {
			appendText(t, s, room, alice, fmt.Sprint(i+1))
		}
		join(t, s, room, bob) // number 7
		for _, c := range []struct {
			name     string
			since    chat.Seq
			limit    int
			messages int
			to       chat.Seq
			more     bool
		}{
			{"all", 0, 100, 7, 7, false},
			{"a part", 5, 100, 2, 7, false},
			{"none", 7, 100, 0, 7, false},
			{"a page", 0, 3, 3, 3, true},
			{"exactly the rest", 4, 3, 3, 7, false},
		} {
			t.Run(c.name, func(t *testing.T) {
				got, err := s.Changes(t.Context(), room.ID, alice.User.ID, chat.ChangesQuery{Since: c.since, Limit: c.limit})
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Messages) != c.messages || got.From != c.since || got.To != c.to || got.More != c.more || got.Head != 7 {
					t.Fatalf("changes = %d messages, (%d, %d], more %v, head %d; want %d, (%d, %d], %v, 7",
						len(got.Messages), got.From, got.To, got.More, got.Head, c.messages, c.since, c.to, c.more)
				}
				for i, e := range slices.Collect(got.BySeq()) {
					if e.Seq != c.since+chat.Seq(i)+1 {
						t.Fatalf("event %d has seq %d", i, e.Seq)
					}
				}
			})
		}
	})
}

func TestAuthorsAreCurrent(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		name := "Queen Alice"
		if _, err := s.ChangeProfile(t.Context(), alice.User.ID, chat.ProfilePatch{DisplayName: &name}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.SetAvatar(t.Context(), alice.User.ID, "key", 5, plenty); err != nil {
			t.Fatal(err)
		}
		got, err := s.Authors(t.Context(), []chat.UserID{alice.User.ID, bob.User.ID, 999})
		want := map[chat.UserID]chat.Author{
			alice.User.ID: {ID: alice.User.ID, Username: "alice", DisplayName: name, AvatarURL: "/api/v1/avatars/key"},
			bob.User.ID:   {ID: bob.User.ID, Username: "bob", DisplayName: "bob"},
		}
		if err != nil || !maps.Equal(got, want) {
			t.Fatalf("authors = %+v, %v, want %+v", got, err, want)
		}
	})
}
