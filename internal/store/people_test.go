package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

func TestPeople(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		people := map[string]chat.Caller{}
		for _, name := range []string{"ann", "bob", "bobby", "bert", "blocked", "blocker", "disabled", "closed", "stranger-b"} {
			people[name] = register(t, s, name)
		}
		for _, name := range []string{"guest-near", "guest-far"} {
			guest, err := s.Register(ctx, chat.NewAccount{Username: name, DisplayName: "Berta", Guest: true, ExpiresAt: chat.At(time.Now().Add(time.Hour))}, newSession(s))
			if err != nil {
				t.Fatal(err)
			}
			people[name] = guest
		}
		ann := people["ann"]
		robot, err := s.CreateBot(ctx, people["bert"].User.ID, chat.NewAccount{Username: "brobot", DisplayName: "Robot"}, newSession(s))
		if err != nil {
			t.Fatal(err)
		}
		room := createRoom(t, s, ann, "lobby")
		for _, name := range []string{"bobby", "guest-near"} {
			join(t, s, room, people[name])
		}
		hidden := createRoom(t, s, people["bert"], "hidden")
		createIncoming(t, s, hidden, people["bert"], "bhook")
		mustBlock(t, s, ann, people["blocked"])
		mustBlock(t, s, people["blocker"], ann)
		disabled := true
		if _, err := s.ChangeAccount(ctx, 0, people["disabled"].User.ID, chat.AccountChange{Disabled: &disabled}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.CloseAccount(ctx, people["closed"].User.ID, "deleted-1", false); err != nil {
			t.Fatal(err)
		}

		for _, c := range []struct {
			name, text string
			viewer     string
			everyone   bool
			limit      int
			want       string
		}{
			{"shared rooms first", "b", "ann", true, 20, "bobby guest-near bert bob brobot stranger-b"},
			{"without a search by name", "", "ann", true, 20, "bobby guest-near bert bob brobot stranger-b"},
			{"by display name", "robot", "ann", true, 20, "brobot"},
			{"guests only by those that share a room", "berta", "bob", true, 20, ""},
			{"up to the limit", "b", "ann", true, 3, "bobby guest-near bert"},
			{"up to the limit without a search", "", "ann", true, 3, "bobby guest-near bert"},
			{"only shared rooms", "b", "guest-near", false, 20, "bobby"},
			{"only shared rooms without a search", "", "guest-near", false, 20, "ann bobby"},
			{"no rooms", "", "guest-far", false, 20, ""},
			{"blocked the other way", "b", "blocked", true, 20, "bert blocker bob bobby brobot stranger-b"},
			{"not oneself", "bobby", "bobby", true, 20, ""},
		} {
			q := chat.PeopleQuery{Viewer: people[c.viewer].User.ID, Everyone: c.everyone, Limit: c.limit}
			if c.text != "" {
				names, err := markup.NewNameQuery(c.text, 60)
				if err != nil {
					t.Fatal(err)
				}
				q.Rank = names.Rank
			}
			found, err := s.People(ctx, q)
			var names []string
			for _, u := range found {
				names = append(names, u.Username)
			}
			if got := strings.Join(names, " "); err != nil || got != c.want {
				t.Errorf("%s: people of %s for %q = %q, %v, want %q", c.name, c.viewer, c.text, got, err, c.want)
			}
		}
		nobody := func(string, string) (int, bool) { return 0, false } // as if there were too many to compare
		for username, want := range map[string]int{"bert": 1, "bobby": 1, "blocked": 0, "disabled": 0, "guest-far": 0, "nobody": 0} {
			found, err := s.People(ctx, chat.PeopleQuery{Viewer: ann.User.ID, Everyone: true, Limit: 20, Username: username, Rank: nobody})
			if err != nil || len(found) != want || want == 1 && found[0].Username != username {
				t.Errorf("people with the username %s = %v, %v, want %d", username, found, err, want)
			}
		}
		for _, name := range []string{"blocked", "blocker", "disabled", "closed"} {
			if _, _, _, err := s.OpenDirect(ctx, ann.User.ID, people[name].User.ID); chat.CodeOf(err) != chat.NotFound {
				t.Errorf("OpenDirect with %s, who is not found: error = %v, want NOT_FOUND", name, err)
			}
		}
		if _, _, _, err := s.OpenDirect(ctx, ann.User.ID, robot.ID); err != nil {
			t.Errorf("OpenDirect with a bot that is found: %v", err)
		}
	})
}

func TestCommonRoomsAndMember(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ann, bob, cid := register(t, s, "ann"), register(t, s, "bob"), register(t, s, "cid")
		var want []string
		for _, name := range []string{"zebra", "apple", "only ann"} {
			room := createRoom(t, s, ann, name)
			if name != "only ann" {
				join(t, s, room, bob)
				want = append(want, name)
			}
		}
		slices.Sort(want)
		if _, _, _, err := s.OpenDirect(ctx, ann.User.ID, bob.User.ID); err != nil {
			t.Fatal(err)
		}
		names := func(a, b chat.Caller, limit int) (names []string) {
			rooms, err := s.CommonRooms(ctx, a.User.ID, b.User.ID, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rooms {
				names = append(names, r.Name)
			}
			return names
		}
		if got := names(ann, bob, 100); !slices.Equal(got, want) {
			t.Errorf("common rooms = %q, want %q", got, want)
		}
		if got := names(bob, ann, 1); !slices.Equal(got, want[:1]) {
			t.Errorf("common rooms with limit 1 = %q, want %q", got, want[:1])
		}
		if got := names(ann, cid, 100); got != nil {
			t.Errorf("common rooms with a stranger = %q, want none", got)
		}

		room := createRoom(t, s, ann, "roles")
		join(t, s, room, bob)
		if _, err := s.SetRole(ctx, room.ID, ann.User.ID, bob.User.ID, chat.Moderator, nil); err != nil {
			t.Fatal(err)
		}
		m, err := s.Member(ctx, room.ID, bob.User.ID)
		if err != nil || m.User.Username != "bob" || m.Role != chat.Moderator || m.JoinedAt == 0 {
			t.Errorf("member = %+v, %v, want bob, moderator", m, err)
		}
		if _, err := s.Member(ctx, room.ID, cid.User.ID); chat.CodeOf(err) != chat.NotFound {
			t.Errorf("member without a membership: error = %v, want NOT_FOUND", err)
		}
	})
}
