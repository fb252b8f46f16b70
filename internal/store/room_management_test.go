package store

import (
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestRoomManagement(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
		room, other := createRoom(t, s, alice, "lobby"), createRoom(t, s, alice, "other")
		join(t, s, room, bob) // 1
		ctx := t.Context()
		text := func(v string) *string { return &v }
		yes := true

		t.Run("a new name takes a number, other changes do not", func(t *testing.T) {
			got, systemMsg, err := s.ChangeRoom(ctx, room.ID, alice.User.ID, chat.RoomChange{Description: text("quiet"), Private: &yes, PasswordHash: new(chat.PasswordHash("$hash"))}, nil)
			if err != nil || systemMsg != nil || got.Description != "quiet" || !got.Private || !got.HasPassword || got.Head != 1 {
				t.Fatalf("change = %+v, %v, %v", got, systemMsg, err)
			}
			got, systemMsg, err = s.ChangeRoom(ctx, room.ID, alice.User.ID, chat.RoomChange{Name: text("Den"), NameKey: text("den"), PasswordHash: new(chat.PasswordHash(""))}, nil)
			if err != nil || systemMsg == nil || systemMsg.Seq != 2 || systemMsg.System.Action != chat.Named || got.Head != 2 || got.HasPassword || got.Description != "quiet" {
				t.Fatalf("rename = %+v, %+v, %v", got, systemMsg, err)
			}
		})
		t.Run("a name can be used once", func(t *testing.T) {
			_, _, err := s.ChangeRoom(ctx, other.ID, alice.User.ID, chat.RoomChange{Name: text("DEN"), NameKey: text("den")}, nil)
			wantCode(t, err, chat.RoomNameTaken)
			wantDense(t, s, other.ID)
		})
		t.Run("non-members and actions that the rule refuses are refused", func(t *testing.T) {
			no := func(chat.Membership, *chat.Membership) error { return chat.Errorf(chat.Forbidden, "no") }
			_, _, err := s.ChangeRoom(ctx, room.ID, carol.User.ID, chat.RoomChange{}, nil)
			wantCode(t, err, chat.NotAMember)
			wantCode(t, s.DeleteRoom(ctx, room.ID, bob.User.ID, no), chat.Forbidden)
			_, err = s.Kick(ctx, room.ID, alice.User.ID, carol.User.ID, nil)
			wantCode(t, err, chat.NotFound)
			_, err = s.SetRole(ctx, 999, alice.User.ID, bob.User.ID, chat.Moderator, nil)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("a transferred room has one owner", func(t *testing.T) {
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
			systemMsg, err := s.Kick(ctx, room.ID, bob.User.ID, alice.User.ID, nil)
			if err != nil || systemMsg.Seq != 3 || systemMsg.Author.ID != bob.User.ID || systemMsg.System.UserID != alice.User.ID || systemMsg.Text != "bob removed alice from the room." {
				t.Fatalf("kick = %+v, %v", systemMsg, err)
			}
			if user, reason := (chat.MessageChanged{Message: *systemMsg, Seq: 3}).EndsMembership(); reason != chat.RemovedByKick || user != alice.User.ID {
				t.Fatalf("the kick ended the membership of %d (%s), want that of alice", user, reason)
			}
			_, _, err = s.Append(ctx, draft(room, alice, "still here?"), chat.CanSend)
			wantCode(t, err, chat.NotAMember)
			wantDense(t, s, room.ID)
		})
		t.Run("a room is deleted with its messages", func(t *testing.T) {
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
