package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

// allMembers returns the usernames of all pages, separated by spaces.
func allMembers(t *testing.T, s *Store, room chat.Room, q chat.MemberQuery) string {
	t.Helper()
	var names []string
	for pages := 0; ; pages++ {
		page, next, err := s.Members(t.Context(), room.ID, q)
		if err != nil || len(page) > q.Limit || pages > 100 {
			t.Fatalf("page %d has %d members, %v", pages, len(page), err)
		}
		for _, m := range page {
			names = append(names, m.User.Username)
		}
		if next == "" {
			return strings.Join(names, " ")
		}
		q.Cursor = next
	}
}

func TestMemberPages(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		owner := register(t, s, "mem0")
		room := createRoom(t, s, owner, "lobby")
		ids := []int64{int64(owner.User.ID)}
		for n := 1; n < 9; n++ {
			user := register(t, s, fmt.Sprintf("mem%d", n))
			join(t, s, room, user)
			ids = append(ids, int64(user.User.ID))
		}
		other := register(t, s, "other")
		for _, c := range []struct {
			name   string
			online []int64
			want   string
		}{
			{"unknown presence", nil, "mem0 mem1 mem2 mem3 mem4 mem5 mem6 mem7 mem8"},
			{"some online", []int64{ids[7], ids[2], ids[5], int64(other.User.ID)}, "mem2 mem5 mem7 mem0 mem1 mem3 mem4 mem6 mem8"},
			{"all online", ids, "mem0 mem1 mem2 mem3 mem4 mem5 mem6 mem7 mem8"},
			{"last online", ids[8:], "mem8 mem0 mem1 mem2 mem3 mem4 mem5 mem6 mem7"},
		} {
			for limit := 1; limit <= 10; limit++ {
				t.Run(fmt.Sprint(c.name, " by ", limit), func(t *testing.T) {
					if got := allMembers(t, s, room, chat.MemberQuery{Online: c.online, Limit: limit}); got != c.want {
						t.Errorf("members = %s, want %s", got, c.want)
					}
				})
			}
		}
		if _, _, err := s.Members(t.Context(), room.ID, chat.MemberQuery{Limit: 5, Cursor: "x"}); chat.CodeOf(err) != chat.BadRequest {
			t.Errorf("a wrong cursor = %v, want %s", err, chat.BadRequest)
		}
	})
}

func TestMemberSearch(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		owner := register(t, s, "owner")
		room := createRoom(t, s, owner, "lobby")
		ids := map[string]chat.UserID{}
		for username, displayName := range map[string]string{
			"bob": "Robert", "bobby": "B", "abbo": "Abbo", "zoe": "Bö Derek", "jim": "Jim Bowie", "ann": "Ann", "kim": "Kim",
		} {
			user, err := s.Register(t.Context(), chat.NewAccount{Username: username, DisplayName: displayName, PasswordHash: "$argon2id$x"}, newSession(s))
			if err != nil {
				t.Fatal(err)
			}
			ids[username] = user.User.ID
			if username != "kim" {
				join(t, s, room, user)
			}
		}
		search := func(text string) chat.MemberQuery {
			names, err := markup.NewNameQuery(text, 60)
			if err != nil {
				t.Fatal(err)
			}
			return chat.MemberQuery{Rank: names.Rank, Limit: 2, Online: []int64{int64(ids["abbo"]), int64(ids["bobby"])}}
		}
		for query, want := range map[string]string{
			"bo":    "bobby abbo bob zoe jim", // online first, then how well they match
			"BOB":   "bobby bob",
			"derek": "zoe",
			"kim":   "",
			"zzz":   "",
		} {
			if got := allMembers(t, s, room, search(query)); got != want {
				t.Errorf("members for %s = %q, want %q", query, got, want)
			}
		}
	})
}
