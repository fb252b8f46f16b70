package store

import (
	"context"
	"sync"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func count(t *testing.T, s *Store, query string, args ...any) (n int) {
	t.Helper()
	if err := s.read.QueryRowContext(context.WithoutCancel(t.Context()), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLargeRoomIsDeletedInBatches(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		other := createRoom(t, s, alice, "other")
		kept := appendText(t, s, other, alice, "kept")
		room := createRoom(t, s, alice, "large")
		said := appendText(t, s, room, alice, "said")
		join(t, s, room, bob)
		_, token := createIncoming(t, s, room, alice, "hook-one")
		invite := randomHash()
		_, err := s.CreateInvite(ctx, chat.NewInvite{Room: room.ID, By: alice.User.ID, TokenHash: invite, ExpiresAt: s.clock() + 60_000}, nil)
		if err != nil {
			t.Fatal(err)
		}
		addFiller(t, s, room, alice, maxInlineDelete)

		if err := s.DeleteRoom(ctx, room.ID, alice.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		if n := count(t, s, `SELECT count(*) FROM messages WHERE room_id = $1`, int64(room.ID)); n <= maxInlineDelete {
			t.Fatalf("%d messages are left: this room was not too large", n)
		}

		t.Run("the room cannot be found or joined in any way", func(t *testing.T) {
			_, err := s.Message(ctx, said.ID, alice.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.Append(ctx, draft(room, bob, "hello?"), chat.CanSend)
			wantCode(t, err, chat.NotAMember) // the service reports a private room as not found
			if r, m, err := s.Room(ctx, room.ID, bob.User.ID); err != nil || !r.Private || r.HasPassword || m != nil {
				t.Fatalf("room = %+v, %+v, %v: want private, without password and without members", r, m, err)
			}
			_, _, err = s.Join(ctx, room.ID, bob.User.ID, nil)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.JoinByInvite(ctx, invite, bob.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.IncomingByToken(ctx, token)
			wantCode(t, err, chat.NotFound)
			wantCode(t, s.RemoveRoom(ctx, alice.User.ID, room.ID), chat.NotFound)
			if heads, err := s.Heads(ctx, []chat.RoomID{room.ID, other.ID}); err != nil || len(heads) != 1 {
				t.Fatalf("heads = %v, %v, want only the other room", heads, err)
			}
			if own, err := s.OwnRooms(ctx, bob.User.ID); err != nil || len(own) != 0 {
				t.Fatalf("bob's rooms = %+v, %v", own, err)
			}
			rooms, _, err := s.ListRooms(ctx, chat.RoomQuery{Viewer: alice.User.ID, All: true, Sort: chat.ByName, Limit: 10})
			if err != nil || len(rooms) != 1 || rooms[0].ID != other.ID {
				t.Fatalf("an admin sees %+v, %v, want the other room", rooms, err)
			}
			createRoom(t, s, bob, "large") // the name can be used again
		})
		t.Run("two nodes delete it in batches, and nothing else", func(t *testing.T) {
			more, err := s.PurgeDeletedRooms(ctx)
			if left := count(t, s, `SELECT count(*) FROM messages WHERE room_id = $1`, int64(room.ID)); err != nil || !more || left == 0 {
				t.Fatalf("more %v, %d left, %v: want a part of it", more, left, err)
			}
			var nodes sync.WaitGroup
			for range 2 {
				nodes.Go(func() {
					for more := true; more; {
						var err error
						if more, err = s.PurgeDeletedRooms(ctx); err != nil {
							t.Error(err)
						}
					}
				})
			}
			nodes.Wait()
			if n := count(t, s, `SELECT (SELECT count(*) FROM messages WHERE room_id = $1) + (SELECT count(*) FROM rooms WHERE id = $1)`, int64(room.ID)); n != 0 {
				t.Fatalf("%d rows are left", n)
			}
			if _, err := s.Message(ctx, kept.ID, alice.User.ID); err != nil {
				t.Fatalf("a message of another room: %v", err)
			}
		})
	})
}

func TestLargeDirectRoomIsDeletedWithBothAccounts(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room, _, _, err := s.OpenDirect(ctx, alice.User.ID, bob.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		appendText(t, s, room, alice, "hello")
		addFiller(t, s, room, alice, maxInlineDelete)
		if _, err := s.CloseAccount(ctx, bob.User.ID, "deleted-2", false); err != nil {
			t.Fatal(err)
		}
		for i, user := range []chat.Caller{bob, alice} {
			removal, err := s.RemoveFromRoom(ctx, room.ID, user.User.ID)
			if err != nil || removal.Deleted != (i == 1) {
				t.Fatalf("removal %d = %+v, %v", i, removal, err)
			}
		}
		if rooms, err := s.RoomsOf(ctx, alice.User.ID); err != nil || len(rooms) != 0 {
			t.Fatalf("rooms = %v, %v", rooms, err)
		}
		for more := true; more; {
			if more, err = s.PurgeDeletedRooms(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, s, `SELECT count(*) FROM rooms`); n != 0 {
			t.Fatalf("%d rooms are left", n)
		}
	})
}
