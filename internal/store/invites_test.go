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
			i, err := s.CreateInvite(ctx, chat.NewInvite{Room: room.ID, By: alice.User.ID, TokenHash: hash, ExpiresAt: s.clock() + 60_000, Uses: uses}, alwaysYes)
			if err != nil {
				t.Fatalf("create invite: %v", err)
			}
			return hash, i
		}
		dead := func(hash []byte) {
			t.Helper()
			_, err := s.Invited(ctx, hash, carol.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.JoinInvited(ctx, hash, carol.User.ID)
			wantCode(t, err, chat.NotFound)
		}
		one := 1

		t.Run("an invite opens a private room, once for each use", func(t *testing.T) {
			hash, i := invite(&one)
			if *i.UsesLeft != 1 || i.CreatedBy.Username != "alice" || i.ExpiresAt != s.clock()+60_000 {
				t.Fatalf("invite = %+v", i)
			}
			if shown, err := s.Invited(ctx, hash, bob.User.ID); err != nil || shown.Name != "den" {
				t.Fatalf("invited to %+v, %v", shown, err)
			}
			m, told, err := s.JoinInvited(ctx, hash, bob.User.ID)
			if err != nil || told == nil || told.System.Action != chat.Joined || m.Role != chat.Member || m.RoomID != room.ID {
				t.Fatalf("joined = %+v, %+v, %v", m, told, err)
			}
			dead(hash)
			again, told, err := s.JoinInvited(ctx, hash, bob.User.ID) // the answer was lost
			if err != nil || told != nil || again != m {
				t.Fatalf("again = %+v, %+v, %v, want %+v and no message", again, told, err, m)
			}
		})
		t.Run("a member takes no use", func(t *testing.T) {
			hash, _ := invite(&one)
			if _, told, err := s.JoinInvited(ctx, hash, bob.User.ID); err != nil || told != nil {
				t.Fatalf("member: told %+v, %v", told, err)
			}
			if list, err := s.Invites(ctx, room.ID); err != nil || len(list) != 1 || *list[0].UsesLeft != 1 {
				t.Fatalf("invites = %+v, %v, want one with one use", list, err)
			}
		})
		t.Run("the banned are refused and take no use", func(t *testing.T) {
			hash, _ := invite(&one)
			if _, _, err := s.Ban(ctx, room.ID, alice.User.ID, carol.User.ID, "", alwaysYes); err != nil {
				t.Fatal(err)
			}
			_, err := s.Invited(ctx, hash, carol.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.JoinInvited(ctx, hash, carol.User.ID)
			wantCode(t, err, chat.Forbidden) // the service hides the room
			if list, _ := s.Invites(ctx, room.ID); *list[0].UsesLeft != 1 {
				t.Fatalf("uses left = %d, want 1", *list[0].UsesLeft)
			}
			if err := s.Unban(ctx, room.ID, alice.User.ID, carol.User.ID, nil); err != nil {
				t.Fatal(err)
			}
		})
		t.Run("a revoked invite is dead", func(t *testing.T) {
			hash, i := invite(nil)
			wantCode(t, s.RevokeInvite(ctx, createRoom(t, s, alice, "other").ID, alice.User.ID, i.ID, nil), chat.NotFound)
			if err := s.RevokeInvite(ctx, room.ID, alice.User.ID, i.ID, nil); err != nil {
				t.Fatal(err)
			}
			dead(hash)
			wantCode(t, s.RevokeInvite(ctx, room.ID, alice.User.ID, i.ID, nil), chat.NotFound)
		})
		t.Run("an unknown invite is dead", func(t *testing.T) { dead(randomHash()) })
		t.Run("an expired invite is dead and forgotten", func(t *testing.T) {
			hash, i := invite(nil)
			now = now.Add(time.Minute)
			dead(hash)
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
		t.Run("a room has only so many", func(t *testing.T) {
			for range chat.MaxInvites - 1 {
				invite(nil)
			}
			_, err := s.CreateInvite(ctx, chat.NewInvite{Room: room.ID, By: alice.User.ID, TokenHash: randomHash(), ExpiresAt: s.clock() + 60_000}, alwaysYes)
			wantCode(t, err, chat.Forbidden)
		})
	})
}

func TestUsesAreCountedExactly(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		uses, hash := 5, randomHash()
		_, err := s.CreateInvite(t.Context(), chat.NewInvite{Room: room.ID, By: alice.User.ID, TokenHash: hash, ExpiresAt: s.clock() + 60_000, Uses: &uses}, alwaysYes)
		if err != nil {
			t.Fatal(err)
		}
		var users []chat.Caller
		for i := range 12 {
			users = append(users, register(t, s, "user"+string(rune('a'+i))))
		}
		var crowd sync.WaitGroup
		var joined atomic.Int32
		for _, u := range users {
			crowd.Go(func() {
				switch _, _, err := s.JoinInvited(t.Context(), hash, u.User.ID); {
				case err == nil:
					joined.Add(1)
				case chat.CodeOf(err) != chat.NotFound:
					t.Errorf("join: %v", err)
				}
			})
		}
		crowd.Wait()
		got, _, err := s.Room(t.Context(), room.ID, alice.User.ID)
		if err != nil || joined.Load() != 5 || got.MemberCount != 6 {
			t.Fatalf("%d joined, %d members, %v, want 5 and 6", joined.Load(), got.MemberCount, err)
		}
		wantDense(t, s, room.ID)
	})
}
