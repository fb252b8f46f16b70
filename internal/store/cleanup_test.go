package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Objects that are created and deleted repeatedly leave no rows that accumulate.
func TestDeletedObjectsLeaveNoRows(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bob)
		makeAndDelete := func(n int, send bool) chat.UserID {
			t.Helper()
			hook, _ := createIncoming(t, s, room, alice, fmt.Sprintf("hook-%d", n))
			if send {
				appendText(t, s, room, chat.Caller{User: chat.User{ID: hook.UserID}}, "green")
			}
			if _, err := s.DeleteIncoming(ctx, room.ID, hook.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			return hook.UserID
		}
		t.Run("webhooks that never sent a message share a bot", func(t *testing.T) {
			first := makeAndDelete(0, false)
			for n := range 20 {
				if bot := makeAndDelete(n+1, false); bot != first {
					t.Fatalf("webhook %d has bot %d, want %d", n, bot, first)
				}
			}
			if n := count(t, s, `SELECT count(*) FROM users WHERE role = 'bot'`); n != 1 {
				t.Errorf("%d bots are left, want 1", n)
			}
			hook, hash := createIncoming(t, s, room, alice, "hook-new")
			if _, bot, err := s.IncomingByToken(ctx, hash); err != nil || bot.ID != first || hook.UserID != first {
				t.Errorf("bot of the new webhook = %d, %v, want %d, which can post", bot.ID, err, first)
			}
			if _, err := s.DeleteIncoming(ctx, room.ID, hook.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
		})
		t.Run("a bot that sent a message is not reused", func(t *testing.T) {
			sender := makeAndDelete(100, true)
			if next := makeAndDelete(101, false); next == sender {
				t.Error("a bot that sent a message was reused")
			}
		})
		t.Run("a banned bot is not reused", func(t *testing.T) {
			hook, _ := createIncoming(t, s, room, alice, "hook-banned")
			if _, _, err := s.Ban(ctx, room.ID, alice.User.ID, hook.UserID, "", allow); err != nil {
				t.Fatal(err)
			}
			if _, err := s.DeleteIncoming(ctx, room.ID, hook.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			for n := range 3 {
				if bot := makeAndDelete(200+n, false); bot == hook.UserID {
					t.Error("the banned bot joined again")
				}
			}
		})
		t.Run("bots are deleted with their room", func(t *testing.T) {
			den := createRoom(t, s, alice, "den")
			hook, _ := createIncoming(t, s, den, alice, "hook-den")
			if _, err := s.DeleteIncoming(ctx, den.ID, hook.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			if err := s.DeleteRoom(ctx, den.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			if n := count(t, s, `SELECT count(*) FROM users WHERE id = $1 AND expires_at IS NOT NULL`, int64(hook.UserID)); n != 1 {
				t.Error("the bot of a deleted webhook was not deleted with its room")
			}
		})
		t.Run("an ended mute leaves no row", func(t *testing.T) {
			for range 3 {
				if _, err := s.Mute(ctx, room.ID, alice.User.ID, bob.User.ID, s.clock()+60_000, nil); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Mute(ctx, room.ID, alice.User.ID, bob.User.ID, 0, nil); err != nil {
					t.Fatal(err)
				}
			}
			if n := count(t, s, `SELECT count(*) FROM room_mutes WHERE room_id = $1`, int64(room.ID)); n != 0 {
				t.Errorf("%d mutes are left, want none", n)
			}
		})
	})
}

func TestAuditLogOfRoomIsLimited(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room, other := createRoom(t, s, alice, "lobby"), createRoom(t, s, alice, "other")
		write := func(room chat.RoomID, action chat.AuditAction, n int) {
			t.Helper()
			for range n {
				if err := s.WriteAudit(t.Context(), chat.AuditEntry{Actor: alice.User.ID, Action: action, Room: room}); err != nil {
					t.Fatal(err)
				}
			}
		}
		write(room.ID, chat.AuditKicked, 1)
		write(other.ID, chat.AuditMuted, 1)
		write(0, chat.AuditMuted, 1)
		// As many entries as are kept, in one statement.
		_, err := s.write.ExecContext(t.Context(), `
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO audit (at, actor_id, action, room_id, detail) SELECT $2, $3, $4, $5, '' FROM n`,
			chat.MaxAuditEntries, int64(s.clock()), int64(alice.User.ID), string(chat.AuditMuted), int64(room.ID))
		if err != nil {
			t.Fatal(err)
		}
		write(room.ID, chat.AuditMuted, 3)
		of := func(room chat.RoomID, action chat.AuditAction) int {
			return count(t, s, `SELECT count(*) FROM audit WHERE COALESCE(room_id, 0) = $1 AND action = $2`, int64(room), string(action))
		}
		if n := of(room.ID, chat.AuditMuted); n != chat.MaxAuditEntries {
			t.Errorf("%d mutes in the log, want %d", n, chat.MaxAuditEntries)
		}
		for what, n := range map[string]int{
			"another action": of(room.ID, chat.AuditKicked), "another room": of(other.ID, chat.AuditMuted), "the server": of(0, chat.AuditMuted),
		} {
			if n != 1 {
				t.Errorf("%s: %d entries, want 1: a flood must not push it out", what, n)
			}
		}

		now := s.now
		s.now = func() time.Time { return now().Add(2 * time.Hour) }
		for range 2 {
			if err := s.PurgeAudit(t.Context(), time.Hour, 1000); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, s, `SELECT count(*) FROM audit`); n != 1 || of(0, chat.AuditMuted) != 1 {
			t.Errorf("%d entries are left, want only the one about the server", n)
		}
	})
}
