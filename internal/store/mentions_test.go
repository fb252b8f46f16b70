package store

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// mentioning returns a draft that mentions users.
func mentioning(room chat.Room, author chat.Caller, users ...chat.Caller) chat.Draft {
	d := draft(room, author, "hello")
	for _, u := range users {
		d.HTML += fmt.Sprintf(`<span class="mention" data-user-id="%d">@%s</span>`, u.User.ID, u.User.Username)
	}
	return d
}

func wantUnread(t *testing.T, s *Store, room chat.Room, user chat.Caller, unread, mentions int) {
	t.Helper()
	own, err := s.OwnRooms(t.Context(), user.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(own, func(o chat.OwnRoom) bool { return o.Room.ID == room.ID })
	if i < 0 || own[i].Unread != unread || own[i].Mentions != mentions {
		t.Fatalf("own rooms = %+v, want %d unread, %d mentions", own, unread, mentions)
	}
}

func TestUnreadMentions(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
		room, other := createRoom(t, s, alice, "lobby"), createRoom(t, s, alice, "other")
		join(t, s, room, bob)
		join(t, s, other, bob)

		first, _, err := s.Append(t.Context(), mentioning(room, alice, alice, bob, carol), chat.CanSend)
		if err != nil {
			t.Fatal(err)
		}
		if want := []chat.UserID{alice.User.ID, bob.User.ID, carol.User.ID}; !slices.Equal(first.Mentions, want) {
			t.Fatalf("mentions = %v, want %v", first.Mentions, want)
		}
		second, _, err := s.Append(t.Context(), mentioning(room, alice, bob), chat.CanSend)
		if err != nil {
			t.Fatal(err)
		}
		appendText(t, s, room, alice, "nobody")
		wantUnread(t, s, room, bob, 3, 2)
		wantUnread(t, s, room, alice, 0, 0)
		wantUnread(t, s, other, bob, 0, 0)

		join(t, s, room, carol) // was mentioned before joining
		wantUnread(t, s, room, carol, 0, 0)

		state, err := s.MarkRead(t.Context(), room.ID, bob.User.ID, first.Seq)
		if err != nil || state.Unread != 2 || state.Mentions != 1 {
			t.Fatalf("read = %+v, %v, want 2 unread, 1 mention", state, err)
		}
		if _, _, err := s.Edit(t.Context(), second.Ref(), alice.User.ID, "nobody now", "<p>nobody now</p>", nil); err != nil {
			t.Fatal(err)
		}
		wantUnread(t, s, room, bob, 2, 0)
		edited, _, err := s.Edit(t.Context(), second.Ref(), alice.User.ID, "bob again", mentioning(room, alice, bob).HTML, nil)
		if err != nil || !slices.Equal(edited.Mentions, []chat.UserID{bob.User.ID}) {
			t.Fatalf("edited = %+v, %v", edited, err)
		}
		wantUnread(t, s, room, bob, 2, 1)
		if deleted, _, err := s.Delete(t.Context(), second.Ref(), alice.User.ID, nil); err != nil || len(deleted.Mentions) != 0 {
			t.Fatalf("deleted = %+v, %v", deleted, err)
		}
		wantUnread(t, s, room, bob, 1, 0)
	})
}

func TestDeletedRoomLeavesNoMentions(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bob)
		if _, _, err := s.Append(t.Context(), mentioning(room, alice, bob), chat.CanSend); err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteRoom(t.Context(), room.ID, alice.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		var left int
		if err := s.read.QueryRowContext(t.Context(), `SELECT count(*) FROM mentions`).Scan(&left); err != nil || left != 0 {
			t.Fatalf("%d mentions left, %v", left, err)
		}
	})
}

func TestMembersByName(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		register(t, s, "carol")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bob)
		got, err := s.MembersByName(t.Context(), room.ID, []string{"bob", "carol", "alice", `"`, "nobody"})
		if want := map[string]chat.UserID{"alice": alice.User.ID, "bob": bob.User.ID}; err != nil || !maps.Equal(got, want) {
			t.Fatalf("members = %v, %v, want %v", got, err, want)
		}
	})
}
