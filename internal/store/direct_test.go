package store

import (
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

func TestDirectRooms(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
		ctx := t.Context()
		room, members, fresh, err := s.OpenDirect(ctx, bob.User.ID, alice.User.ID)
		if err != nil || !fresh {
			t.Fatalf("open: fresh %v, %v", fresh, err)
		}

		t.Run("both are plain members of a private room without an owner", func(t *testing.T) {
			if !room.Private || !room.Direct || room.OwnerID != 0 || room.MemberCount != 2 || room.Head != 0 ||
				room.Name != "alice, bob" || len(room.With) != 2 || room.With[0].Username != "alice" || room.With[1].Username != "bob" {
				t.Fatalf("room = %+v", room)
			}
			for i, user := range []chat.Caller{bob, alice} {
				got, m, err := s.Room(ctx, room.ID, user.User.ID)
				if err != nil || *m != members[i] || m.Role != chat.Member || len(got.With) != 2 {
					t.Fatalf("room = %+v, membership = %+v, %v, want %+v", got, m, err, members[i])
				}
				own, err := s.OwnRooms(ctx, user.User.ID)
				if err != nil || len(own) != 1 || own[0].Room.Name != "alice, bob" {
					t.Fatalf("own rooms = %+v, %v", own, err)
				}
			}
			appendText(t, s, room, alice, "hello")
		})
		t.Run("the other user opens the same room", func(t *testing.T) {
			got, m, fresh, err := s.OpenDirect(ctx, alice.User.ID, bob.User.ID)
			if err != nil || fresh || got.ID != room.ID || m[0].UserID != alice.User.ID {
				t.Fatalf("open = %d, %+v, fresh %v, %v, want room %d", got.ID, m, fresh, err, room.ID)
			}
		})
		t.Run("no typed name finds the room", func(t *testing.T) {
			for _, name := range []string{"alice, bob", "direct", directKey(alice.User.ID, bob.User.ID)} {
				_, _, err := s.RoomByNameKey(ctx, markup.Key(name), alice.User.ID)
				wantCode(t, err, chat.NotFound)
			}
		})
		t.Run("a list without direct rooms does not contain it", func(t *testing.T) {
			rooms, _, err := s.ListRooms(ctx, chat.RoomQuery{Viewer: alice.User.ID, WithoutDirect: true, Sort: chat.ByName, Limit: 9})
			if err != nil || len(rooms) != 0 {
				t.Fatalf("rooms = %+v, %v, want none", rooms, err)
			}
		})
		t.Run("the list contains it for its two users, a search by name does not", func(t *testing.T) {
			for _, c := range []struct {
				user chat.Caller
				text string
				want int
			}{{alice, "", 1}, {alice, "direct", 0}, {carol, "", 0}} {
				rooms, _, err := s.ListRooms(ctx, chat.RoomQuery{Viewer: c.user.User.ID, Text: c.text, Sort: chat.ByName, Limit: 10})
				if err != nil || len(rooms) != c.want {
					t.Fatalf("%s searching %q sees %+v, %v, want %d", c.user.User.Username, c.text, rooms, err, c.want)
				}
			}
		})
		t.Run("unknown and expired users are not found, an existing room is", func(t *testing.T) {
			now := time.Now()
			guest, err := s.Register(ctx, chat.NewAccount{Username: "guest-1", DisplayName: "Fox", Guest: true, ExpiresAt: chat.At(now.Add(time.Hour))}, newSession(s))
			if err != nil {
				t.Fatal(err)
			}
			with, _, _, err := s.OpenDirect(ctx, alice.User.ID, guest.User.ID)
			if err != nil {
				t.Fatal(err)
			}
			s.now = func() time.Time { return now.Add(2 * time.Hour) }
			_, _, _, err = s.OpenDirect(ctx, bob.User.ID, guest.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, _, err = s.OpenDirect(ctx, bob.User.ID, 999)
			wantCode(t, err, chat.NotFound)
			if again, _, fresh, err := s.OpenDirect(ctx, alice.User.ID, guest.User.ID); err != nil || fresh || again.ID != with.ID {
				t.Fatalf("again = %d, fresh %v, %v, want %d", again.ID, fresh, err, with.ID)
			}
		})
	})
}

func TestConcurrentOpenDirectCreatesOneRoom(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		var mu sync.Mutex
		rooms, made := map[chat.RoomID]bool{}, 0
		var both sync.WaitGroup
		for i := range 12 {
			by, with := alice, bob
			if i%2 == 1 {
				by, with = bob, alice
			}
			both.Go(func() {
				room, m, fresh, err := s.OpenDirect(t.Context(), by.User.ID, with.User.ID)
				mu.Lock()
				defer mu.Unlock()
				rooms[room.ID] = true
				if fresh {
					made++
				}
				if err != nil || m[0].UserID != by.User.ID || m[0].Role != chat.Member {
					t.Errorf("open = %+v, %v", m, err)
				}
			})
		}
		both.Wait()
		if len(rooms) != 1 || made != 1 {
			t.Fatalf("%d rooms, made %d times, want one", len(rooms), made)
		}
	})
}
