package store

import (
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestManagement(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
		room, other := createRoom(t, s, alice, "lobby"), createRoom(t, s, alice, "other")
		join(t, s, room, bob) // 1
		ctx := t.Context()
		text := func(v string) *string { return &v }
		yes := true

		t.Run("a new name takes a number, other changes none", func(t *testing.T) {
			got, told, err := s.ChangeRoom(ctx, room.ID, alice.User.ID, chat.RoomChange{Description: text("quiet"), Private: &yes, PasswordHash: new(chat.PasswordHash("$hash"))}, nil)
			if err != nil || told != nil || got.Description != "quiet" || !got.Private || !got.HasPassword || got.Head != 1 {
				t.Fatalf("change = %+v, %v, %v", got, told, err)
			}
			got, told, err = s.ChangeRoom(ctx, room.ID, alice.User.ID, chat.RoomChange{Name: text("Den"), NameKey: text("den"), PasswordHash: new(chat.PasswordHash(""))}, nil)
			if err != nil || told == nil || told.Seq != 2 || told.System.Action != chat.Named || got.Head != 2 || got.HasPassword || got.Description != "quiet" {
				t.Fatalf("rename = %+v, %+v, %v", got, told, err)
			}
		})
		t.Run("a name is taken once", func(t *testing.T) {
			_, _, err := s.ChangeRoom(ctx, other.ID, alice.User.ID, chat.RoomChange{Name: text("DEN"), NameKey: text("den")}, nil)
			wantCode(t, err, chat.RoomNameTaken)
			wantDense(t, s, other.ID)
		})
		t.Run("strangers are refused, and so is what the rule refuses", func(t *testing.T) {
			no := func(chat.Membership, *chat.Membership) error { return chat.Errorf(chat.Forbidden, "no") }
			_, _, err := s.ChangeRoom(ctx, room.ID, carol.User.ID, chat.RoomChange{}, nil)
			wantCode(t, err, chat.NotAMember)
			wantCode(t, s.DeleteRoom(ctx, room.ID, bob.User.ID, no), chat.Forbidden)
			_, err = s.Kick(ctx, room.ID, alice.User.ID, carol.User.ID, nil)
			wantCode(t, err, chat.NotFound)
			_, err = s.SetRole(ctx, 999, alice.User.ID, bob.User.ID, chat.Moderator, nil)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("a room changes hands and keeps one owner", func(t *testing.T) {
			m, err := s.SetRole(ctx, room.ID, alice.User.ID, bob.User.ID, chat.Owner, nil)
			if err != nil || m.Role != chat.Owner {
				t.Fatalf("membership = %+v, %v", m, err)
			}
			got, me, err := s.Room(ctx, room.ID, alice.User.ID)
			if err != nil || got.OwnerID != bob.User.ID || me.Role != chat.RoomAdmin {
				t.Fatalf("room = %+v, old owner = %+v, %v", got, me, err)
			}
		})
		t.Run("a kick takes a number and ends the membership", func(t *testing.T) {
			told, err := s.Kick(ctx, room.ID, bob.User.ID, alice.User.ID, nil)
			if err != nil || told.Seq != 3 || told.Author.ID != bob.User.ID || told.System.UserID != alice.User.ID || told.Text != "bob removed alice from the room." {
				t.Fatalf("kick = %+v, %v", told, err)
			}
			if user, reason := (chat.MessageChanged{Message: *told, Seq: 3}).EndsMembership(); reason != chat.RemovedByKick || user != alice.User.ID {
				t.Fatalf("the kick ended the membership of %d (%s), want that of alice", user, reason)
			}
			_, _, err = s.Append(ctx, draft(room, alice, "still here?"), chat.CanSend)
			wantCode(t, err, chat.NotAMember)
			wantDense(t, s, room.ID)
		})
		t.Run("a deleted room is gone with what was in it", func(t *testing.T) {
			m := appendText(t, s, room, bob, "last words")
			if err := s.DeleteRoom(ctx, room.ID, bob.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			_, err := s.Message(ctx, m.ID, bob.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.Append(ctx, draft(room, bob, "hello?"), chat.CanSend)
			wantCode(t, err, chat.NotFound)
		})
	})
}

func TestSessionsOfAUser(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		second, err := s.StartSession(t.Context(), alice.User.ID, newSession(s))
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.Sessions(t.Context(), alice.User.ID)
		if err != nil || len(list) != 2 {
			t.Fatalf("sessions = %+v, %v, want 2", list, err)
		}
		wantCode(t, s.EndUserSession(t.Context(), bob.User.ID, second.Session), chat.NotFound)
		if err := s.EndUserSession(t.Context(), alice.User.ID, second.Session); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.EndUserSession(t.Context(), alice.User.ID, second.Session), chat.NotFound)
		third, err := s.StartSession(t.Context(), alice.User.ID, newSession(s))
		if err != nil {
			t.Fatal(err)
		}
		_, was, err := s.Credentials(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		// Who has verified another password than the present one comes too late.
		wantCode(t, s.SetPassword(t.Context(), alice.User.ID, "$older", "$intruder", second.Session), chat.NotFound)
		if err := s.SetPassword(t.Context(), alice.User.ID, was, "$new", third.Session); err != nil {
			t.Fatal(err)
		}
		list, err = s.Sessions(t.Context(), alice.User.ID)
		if err != nil || len(list) != 1 || list[0].ID != third.Session {
			t.Fatalf("sessions = %+v, %v, want only %d", list, err, third.Session)
		}
		if _, phc, err := s.Credentials(t.Context(), "alice"); err != nil || phc != "$new" {
			t.Fatalf("password = %q, %v", phc, err)
		}
	})
}

func TestGuestsEnd(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		n := newSession(s)
		guest, err := s.Register(t.Context(), chat.NewAccount{Username: "guest-1", DisplayName: "Fox", Guest: true, ExpiresAt: n.ExpiresAt}, n)
		if err != nil || !guest.User.Guest || guest.User.Role != chat.PlainUser {
			t.Fatalf("guest = %+v, %v", guest, err)
		}
		if account := register(t, s, "alice"); account.User.Role != chat.Admin {
			t.Fatalf("role = %s: a guest must not take the place of the first account", account.User.Role)
		}
	})
}
