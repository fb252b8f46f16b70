package store

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestRooms(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")

		t.Run("the creator is the owner and the head is 0", func(t *testing.T) {
			got, m, err := s.Room(t.Context(), room.ID, alice.User.ID)
			if err != nil || m == nil || m.Role != chat.Owner || got.Head != 0 || got.MemberCount != 1 || got.OwnerID != alice.User.ID {
				t.Fatalf("room = %+v, membership = %+v, err = %v", got, m, err)
			}
		})
		t.Run("a name can be used once", func(t *testing.T) {
			_, _, err := s.CreateRoom(t.Context(), chat.NewRoom{Name: "Lobby", NameKey: "lobby", Owner: bob.User.ID})
			wantCode(t, err, chat.RoomNameTaken)
		})
		t.Run("a join takes one number, joining again takes none", func(t *testing.T) {
			m, systemMsg, err := s.Join(t.Context(), room.ID, bob.User.ID, nil)
			if err != nil || systemMsg == nil || systemMsg.Seq != 1 || systemMsg.System == nil || systemMsg.System.Action != chat.Joined || m.LastRead != 1 {
				t.Fatalf("join = %+v, %+v, %v", m, systemMsg, err)
			}
			again, systemMsg, err := s.Join(t.Context(), room.ID, bob.User.ID, nil)
			if err != nil || systemMsg != nil || again != m {
				t.Fatalf("second join = %+v, %v, %v, want %+v and no message", again, systemMsg, err, m)
			}
			if got, _, _ := s.Room(t.Context(), room.ID, bob.User.ID); got.Head != 1 || got.MemberCount != 2 {
				t.Fatalf("head = %d, members = %d, want 1, 2", got.Head, got.MemberCount)
			}
		})
		t.Run("a leave takes one number, pending again takes none", func(t *testing.T) {
			systemMsg, err := s.Leave(t.Context(), room.ID, bob.User.ID)
			if err != nil || systemMsg == nil || systemMsg.Seq != 2 || !endsMembership(*systemMsg, bob.User.ID) {
				t.Fatalf("leave = %+v, %v", systemMsg, err)
			}
			if systemMsg, err = s.Leave(t.Context(), room.ID, bob.User.ID); err != nil || systemMsg != nil {
				t.Fatalf("second leave = %+v, %v, want nothing", systemMsg, err)
			}
			if got, m, _ := s.Room(t.Context(), room.ID, bob.User.ID); m != nil || got.Head != 2 || got.MemberCount != 1 {
				t.Fatalf("room = %+v, membership = %+v", got, m)
			}
		})
		t.Run("the owner cannot leave", func(t *testing.T) {
			_, err := s.Leave(t.Context(), room.ID, alice.User.ID)
			wantCode(t, err, chat.Forbidden)
		})
		t.Run("an unknown room is not found", func(t *testing.T) {
			_, _, err := s.Room(t.Context(), 999, alice.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.Join(t.Context(), 999, alice.User.ID, nil)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("heads contain only rooms that exist", func(t *testing.T) {
			heads, err := s.Heads(t.Context(), []chat.RoomID{room.ID, 999})
			if err != nil || len(heads) != 1 || heads[room.ID] != 2 {
				t.Fatalf("heads = %v, %v, want {%d: 2}", heads, err, room.ID)
			}
		})
		t.Run("unread counts the texts of others", func(t *testing.T) {
			join(t, s, room, bob)
			appendText(t, s, room, alice, "one")
			appendText(t, s, room, bob, "mine")
			own, err := s.OwnRooms(t.Context(), bob.User.ID)
			if err != nil || len(own) != 1 || own[0].Unread != 1 {
				t.Fatalf("own rooms = %+v, %v, want one with 1 unread", own, err)
			}
		})
		t.Run("unread is counted up to 1000", func(t *testing.T) {
			busy := createRoom(t, s, alice, "busy")
			join(t, s, busy, bob) // number 1
			wants := func(user chat.Caller, want int) {
				t.Helper()
				own, err := s.OwnRooms(t.Context(), user.User.ID)
				i := slices.IndexFunc(own, func(o chat.OwnRoom) bool { return o.Room.ID == busy.ID })
				if err != nil || i < 0 || own[i].Unread != want {
					t.Fatalf("own rooms = %+v, %v, want %d unread in %d", own, err, want, busy.ID)
				}
				if state, err := s.MarkRead(t.Context(), busy.ID, user.User.ID, 0); err != nil || state.Unread != want {
					t.Fatalf("read state = %+v, %v, want %d unread", state, err, want)
				}
			}
			fill(t, s, busy, alice, maxCountedByRow) // 2 to 33
			wants(bob, maxCountedByRow)
			fill(t, s, busy, bob, 10)
			wants(bob, maxCountedByRow)
			wants(alice, 10)
			last := appendText(t, s, busy, alice, "one more")
			wants(bob, maxCountedByRow+1)
			if _, _, err := s.Delete(t.Context(), last.Ref(), alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			wants(bob, maxCountedByRow)
			if _, err := s.MarkRead(t.Context(), busy.ID, bob.User.ID, 5); err != nil {
				t.Fatal(err)
			}
			wants(bob, maxCountedByRow-4)
			fill(t, s, busy, alice, 1500)
			wants(bob, 1000)
			fill(t, s, busy, bob, 300)
			wants(bob, 700) // of the newest 1000
		})
		t.Run("the read marker only moves forward, at most to the head", func(t *testing.T) {
			for _, c := range []struct{ mark, want chat.Seq }{{4, 4}, {2, 4}, {99, 5}, {0, 5}} {
				state, err := s.MarkRead(t.Context(), room.ID, bob.User.ID, c.mark)
				if err != nil || state.LastRead != c.want || state.Unread != 0 {
					t.Fatalf("mark %d = %+v, %v, want %d read, 0 unread", c.mark, state, err, c.want)
				}
			}
			_, err := s.MarkRead(t.Context(), room.ID, 999, 1)
			wantCode(t, err, chat.NotAMember)
		})
	})
}

func TestListRooms(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		first := createRoom(t, s, alice, "room 0")
		for i := range 4 {
			createRoom(t, s, alice, fmt.Sprintf("room %d", i+1))
		}
		hidden, _, err := s.CreateRoom(t.Context(), chat.NewRoom{Name: "hidden", NameKey: "hidden", Private: true, Owner: alice.User.ID})
		if err != nil {
			t.Fatal(err)
		}
		odd := createRoom(t, s, alice, "100%_\\")
		for _, sort := range []chat.RoomSort{chat.ByName, chat.ByMembers, chat.ByActive} {
			t.Run("pages by "+string(sort)+" contain every visible room once", func(t *testing.T) {
				seen := map[chat.RoomID]bool{}
				for cursor, pages := "", 0; ; pages++ {
					rooms, next, err := s.ListRooms(t.Context(), chat.RoomQuery{Viewer: bob.User.ID, Sort: sort, Limit: 2, Cursor: cursor})
					if err != nil {
						t.Fatal(err)
					}
					for _, r := range rooms {
						if seen[r.ID] || r.ID == hidden.ID {
							t.Fatalf("room %d is listed twice or hidden", r.ID)
						}
						seen[r.ID] = true
					}
					if cursor = next; cursor == "" || pages > 10 {
						break
					}
				}
				if len(seen) != 6 {
					t.Fatalf("saw %d rooms, want 6", len(seen))
				}
			})
		}
		t.Run("the room with the newest message comes first", func(t *testing.T) {
			defer func() { s.now = time.Now }()
			for i, room := range []chat.Room{odd, first} {
				s.now = func() time.Time { return time.Now().Add(time.Hour + time.Duration(i)*2*activityStep*time.Millisecond) }
				appendText(t, s, room, alice, "x")
				rooms, _, err := s.ListRooms(t.Context(), chat.RoomQuery{Viewer: bob.User.ID, Sort: chat.ByActive, Limit: 1})
				if err != nil || len(rooms) != 1 || rooms[0].ID != room.ID {
					t.Errorf("rooms = %v, %v, want only %d", rooms, err, room.ID)
				}
			}
		})
		t.Run("wildcards match literally", func(t *testing.T) {
			rooms, _, err := s.ListRooms(t.Context(), chat.RoomQuery{Viewer: bob.User.ID, Sort: chat.ByName, Limit: 10, Text: "%_\\"})
			if err != nil || len(rooms) != 1 || rooms[0].ID != odd.ID {
				t.Fatalf("rooms = %v, %v, want only %d", rooms, err, odd.ID)
			}
		})
		t.Run("the owner sees a private room", func(t *testing.T) {
			rooms, _, err := s.ListRooms(t.Context(), chat.RoomQuery{Viewer: alice.User.ID, Sort: chat.ByName, Limit: 10})
			if err != nil || !slices.ContainsFunc(rooms, func(r chat.Room) bool { return r.ID == hidden.ID }) {
				t.Fatalf("rooms = %v, %v, want hidden among them", rooms, err)
			}
		})
		t.Run("a foreign cursor is refused", func(t *testing.T) {
			for _, cursor := range []string{"x", "bnVsbA", "e30"} {
				_, _, err := s.ListRooms(t.Context(), chat.RoomQuery{Viewer: bob.User.ID, Sort: chat.ByName, Limit: 2, Cursor: cursor})
				wantCode(t, err, chat.BadRequest)
			}
		})
	})
}

func TestMembers(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		for i := range 4 {
			join(t, s, room, register(t, s, fmt.Sprintf("user%d", i)))
		}
		var names []string
		for cursor := ""; ; {
			members, next, err := s.Members(t.Context(), room.ID, chat.MemberQuery{Limit: 2, Cursor: cursor})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range members {
				names = append(names, m.User.Username)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if want := []string{"alice", "user0", "user1", "user2", "user3"}; !slices.Equal(names, want) {
			t.Fatalf("members = %v, want %v", names, want)
		}
	})
}

func TestSystemMessageIsReturnedAsStored(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		if _, _, err := s.SetAvatar(ctx, bob.User.ID, "face", 5, plenty); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ChangeProfile(ctx, bob.User.ID, chat.ProfilePatch{DisplayName: new("<Bob> {author}")}); err != nil {
			t.Fatal(err)
		}
		room := createRoom(t, s, alice, "lobby")
		_, joined, err := s.Join(ctx, room.ID, bob.User.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		kicked, err := s.Kick(ctx, room.ID, alice.User.ID, bob.User.ID, nil)
		if err != nil || kicked.Text != "alice removed <Bob> {author} from the room." {
			t.Fatalf("kick = %+v, %v", kicked, err)
		}
		for _, systemMsg := range []*chat.Message{joined, kicked} {
			if got, err := s.Message(ctx, systemMsg.ID, alice.User.ID); err != nil || !reflect.DeepEqual(got, *systemMsg) {
				t.Errorf("returned %+v, read %+v, %v", *systemMsg, got, err)
			}
		}
	})
}

func TestConcurrentJoinsAndLeaves(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 5 {
					if _, _, err := s.Join(t.Context(), room.ID, bob.User.ID, nil); err != nil {
						t.Errorf("join: %v", err)
					}
					if _, err := s.Leave(t.Context(), room.ID, bob.User.ID); err != nil {
						t.Errorf("leave: %v", err)
					}
				}
			})
		}
		wg.Wait()
		wantDense(t, s, room.ID)
		got, _, err := s.Room(t.Context(), room.ID, bob.User.ID)
		if err != nil || got.MemberCount != 1 {
			t.Fatalf("members = %d, %v, want 1", got.MemberCount, err)
		}
	})
}

// endsMembership reports whether m ended the membership of user.
func endsMembership(m chat.Message, user chat.UserID) bool {
	ended, _ := chat.MessageChanged{Message: m, Seq: m.Seq}.EndsMembership()
	return ended == user
}

func TestMembershipsSince(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
		lobby, gone := createRoom(t, s, alice, "lobby"), createRoom(t, s, alice, "gone")
		if _, _, err := s.Join(t.Context(), lobby.ID, bob.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		direct, _, _, err := s.OpenDirect(t.Context(), alice.User.ID, bob.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.DeleteRoom(t.Context(), gone.ID, alice.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		users := []chat.UserID{alice.User.ID, bob.User.ID, 9999}
		added, err := s.MembershipsSince(t.Context(), users, 0)
		if err != nil || len(added) != 4 {
			t.Fatalf("memberships = %+v, %v, want 4", added, err)
		}
		for _, a := range added {
			room, m, err := s.Room(t.Context(), a.Room.ID, a.Membership.UserID)
			if err != nil || m == nil || !reflect.DeepEqual(a.Room, room) || a.Membership != *m || a.Conn != "" {
				t.Errorf("membership = %+v, want room %+v and %+v (%v)", a, room, m, err)
			}
		}
		last := added[3].Membership.JoinedAt
		if added, err = s.MembershipsSince(t.Context(), users, last); err != nil || len(added) == 0 || added[len(added)-1].Room.ID != direct.ID {
			t.Errorf("memberships since the last = %+v, %v, want that of the direct room", added, err)
		}
		if added, err = s.MembershipsSince(t.Context(), users, last+1); err != nil || len(added) != 0 {
			t.Errorf("memberships after the last = %+v, %v, want none", added, err)
		}
		if added, err = s.MembershipsSince(t.Context(), []chat.UserID{carol.User.ID}, 0); err != nil || len(added) != 0 {
			t.Errorf("memberships of carol = %+v, %v, want none", added, err)
		}
	})
}
