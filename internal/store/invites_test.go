package store

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestInvites(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
		ctx := t.Context()
		room, _, err := s.CreateRoom(ctx, chat.NewRoom{Name: "den", NameKey: "den", Private: true, Owner: alice.User.ID})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		s.now = func() time.Time { return now }
		invite := func(uses *int) ([]byte, chat.Invite) {
			t.Helper()
			hash := randomHash()
			i, err := s.CreateInvite(ctx, chat.NewInvite{Room: room.ID, By: alice.User.ID, TokenHash: hash, ExpiresAt: s.clock() + 60_000, Uses: uses}, allow)
			if err != nil {
				t.Fatalf("create invite: %v", err)
			}
			return hash, i
		}
		wantNotFound := func(hash []byte) {
			t.Helper()
			_, err := s.RoomByInvite(ctx, hash, carol.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.JoinByInvite(ctx, hash, carol.User.ID)
			wantCode(t, err, chat.NotFound)
		}
		one := 1

		t.Run("an invite opens a private room, once for each use", func(t *testing.T) {
			hash, i := invite(&one)
			if *i.UsesLeft != 1 || i.CreatedBy.Username != "alice" || i.ExpiresAt != s.clock()+60_000 {
				t.Fatalf("invite = %+v", i)
			}
			if shown, err := s.RoomByInvite(ctx, hash, bob.User.ID); err != nil || shown.Name != "den" {
				t.Fatalf("invited to %+v, %v", shown, err)
			}
			m, systemMsg, err := s.JoinByInvite(ctx, hash, bob.User.ID)
			if err != nil || systemMsg == nil || systemMsg.System.Action != chat.Joined || m.Role != chat.Member || m.RoomID != room.ID {
				t.Fatalf("joined = %+v, %+v, %v", m, systemMsg, err)
			}
			wantNotFound(hash)
			again, systemMsg, err := s.JoinByInvite(ctx, hash, bob.User.ID) // a retry after the response was lost
			if err != nil || systemMsg != nil || again != m {
				t.Fatalf("again = %+v, %+v, %v, want %+v and no message", again, systemMsg, err, m)
			}
		})
		t.Run("a member takes no use", func(t *testing.T) {
			hash, _ := invite(&one)
			if _, systemMsg, err := s.JoinByInvite(ctx, hash, bob.User.ID); err != nil || systemMsg != nil {
				t.Fatalf("member: system message %+v, %v", systemMsg, err)
			}
			if list, err := s.Invites(ctx, room.ID); err != nil || len(list) != 1 || *list[0].UsesLeft != 1 {
				t.Fatalf("invites = %+v, %v, want one with one use", list, err)
			}
		})
		t.Run("a banned user is refused and takes no use", func(t *testing.T) {
			hash, _ := invite(&one)
			if _, _, err := s.Ban(ctx, room.ID, alice.User.ID, carol.User.ID, "", allow); err != nil {
				t.Fatal(err)
			}
			_, err := s.RoomByInvite(ctx, hash, carol.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.JoinByInvite(ctx, hash, carol.User.ID)
			wantCode(t, err, chat.Forbidden) // the service reports NOT_FOUND
			if list, _ := s.Invites(ctx, room.ID); *list[0].UsesLeft != 1 {
				t.Fatalf("uses left = %d, want 1", *list[0].UsesLeft)
			}
			if err := s.Unban(ctx, room.ID, alice.User.ID, carol.User.ID, nil); err != nil {
				t.Fatal(err)
			}
		})
		t.Run("a revoked invite is not found", func(t *testing.T) {
			hash, i := invite(nil)
			wantCode(t, s.RevokeInvite(ctx, createRoom(t, s, alice, "other").ID, alice.User.ID, i.ID, nil), chat.NotFound)
			if err := s.RevokeInvite(ctx, room.ID, alice.User.ID, i.ID, nil); err != nil {
				t.Fatal(err)
			}
			wantNotFound(hash)
			wantCode(t, s.RevokeInvite(ctx, room.ID, alice.User.ID, i.ID, nil), chat.NotFound)
		})
		t.Run("an unknown invite is not found", func(t *testing.T) { wantNotFound(randomHash()) })
		t.Run("an expired invite is not found and deleted later", func(t *testing.T) {
			hash, i := invite(nil)
			now = now.Add(time.Minute)
			wantNotFound(hash)
			if list, err := s.Invites(ctx, room.ID); err != nil || len(list) != 0 {
				t.Fatalf("invites = %+v, %v, want none", list, err)
			}
			wantCode(t, s.RevokeInvite(ctx, room.ID, alice.User.ID, i.ID, nil), chat.NotFound)
			invite(nil)
			var rows int
			if err := s.read.QueryRowContext(ctx, `SELECT count(*) FROM invites`).Scan(&rows); err != nil || rows != 1 {
				t.Fatalf("rows = %d, %v, want 1", rows, err)
			}
		})
		t.Run("the number of invites of a room is limited", func(t *testing.T) {
			for range chat.MaxInvites - 1 {
				invite(nil)
			}
			_, err := s.CreateInvite(ctx, chat.NewInvite{Room: room.ID, By: alice.User.ID, TokenHash: randomHash(), ExpiresAt: s.clock() + 60_000}, allow)
			wantCode(t, err, chat.Forbidden)
		})
	})
}

func TestInviteUsesAreCountedExactly(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		uses, hash := 5, randomHash()
		_, err := s.CreateInvite(t.Context(), chat.NewInvite{Room: room.ID, By: alice.User.ID, TokenHash: hash, ExpiresAt: s.clock() + 60_000, Uses: &uses}, allow)
		if err != nil {
			t.Fatal(err)
		}
		var users []chat.Caller
		for i := range 12 {
			users = append(users, register(t, s, "user"+string(rune('a'+i))))
		}
		var wg sync.WaitGroup
		var joined atomic.Int32
		for _, u := range users {
			wg.Go(func() {
				switch _, _, err := s.JoinByInvite(t.Context(), hash, u.User.ID); {
				case err == nil:
					joined.Add(1)
				case chat.CodeOf(err) != chat.NotFound:
					t.Errorf("join: %v", err)
				}
			})
		}
		wg.Wait()
		got, _, err := s.Room(t.Context(), room.ID, alice.User.ID)
		if err != nil || joined.Load() != 5 || got.MemberCount != 6 {
			t.Fatalf("%d joined, %d members, %v, want 5 and 6", joined.Load(), got.MemberCount, err)
		}
		wantDense(t, s, room.ID)
	})
}
