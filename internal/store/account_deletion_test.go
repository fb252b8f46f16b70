package store

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

func closeAccount(t *testing.T, s *Store, caller chat.Caller, name string) chat.User {
	t.Helper()
	user, err := s.CloseAccount(t.Context(), caller.User.ID, name, false)
	if err != nil {
		t.Fatalf("close account %d: %v", caller.User.ID, err)
	}
	return user
}

func removeFromRoom(t *testing.T, s *Store, room chat.Room, caller chat.Caller) chat.Removal {
	t.Helper()
	d, err := s.RemoveFromRoom(t.Context(), room.ID, caller.User.ID)
	if err != nil {
		t.Fatalf("remove from room: %v", err)
	}
	return d
}

func wantPending(t *testing.T, s *Store, want ...chat.UserID) {
	t.Helper()
	got, err := s.PendingDeletions(t.Context(), 100)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("pending = %v, %v, want %v", got, err, want)
	}
}

func TestCloseAccount(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		admin := register(t, s, "admin")
		n := newSession(s)
		bob, err := s.Register(t.Context(), chat.NewAccount{Username: "bob", DisplayName: "Bob", Email: "b@example.org", PasswordHash: "x"}, n)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.SetAvatar(t.Context(), bob.User.ID, "face", 5, plenty); err != nil {
			t.Fatal(err)
		}
		bot, err := s.CreateBot(t.Context(), bob.User.ID, chat.NewAccount{Username: "bobs-bot", DisplayName: "B"}, newSession(s))
		if err != nil {
			t.Fatal(err)
		}
		register(t, s, "deleted-0")

		t.Run("the last admin cannot be closed", func(t *testing.T) {
			_, err := s.CloseAccount(t.Context(), admin.User.ID, "deleted-1", false)
			wantCode(t, err, chat.Forbidden)
		})
		t.Run("a username in use is refused", func(t *testing.T) {
			_, err := s.CloseAccount(t.Context(), bob.User.ID, "deleted-0", false)
			wantCode(t, err, chat.UsernameTaken)
			if caller, err := s.CallerByToken(t.Context(), n.TokenHash); err != nil || caller.User.Username != "bob" {
				t.Fatalf("caller = %+v, %v, want bob as before", caller, err)
			}
		})
		t.Run("an account that has not expired is not due", func(t *testing.T) {
			_, err := s.CloseAccount(t.Context(), bob.User.ID, "deleted-2", true)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("a closed account is anonymous and cannot sign in", func(t *testing.T) {
			user, err := s.CloseAccount(t.Context(), bob.User.ID, "deleted-2", false)
			if err != nil || user.DisplayName != chat.DeletedUserName || user.Username != "deleted-2" || user.AvatarURL != "" {
				t.Fatalf("closed = %+v, %v", user, err)
			}
			if due, err := s.ClaimBlobDeletions(t.Context(), 10, time.Hour); err != nil || !slices.Equal(due, []string{"avatars/face"}) {
				t.Fatalf("due blobs = %q, %v, want the avatar", due, err)
			}
			_, err = s.CallerByToken(t.Context(), n.TokenHash)
			wantCode(t, err, chat.NotFound)
			for _, login := range []string{"bob", "b@example.org", "deleted-2"} {
				_, _, err := s.Credentials(t.Context(), login)
				wantCode(t, err, chat.NotFound)
			}
			name := "Bob again"
			_, err = s.ChangeProfile(t.Context(), bob.User.ID, chat.ProfilePatch{DisplayName: &name})
			wantCode(t, err, chat.NotFound)
			_, _, err = s.SetAvatar(t.Context(), bob.User.ID, "new", 5, plenty)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("closing again changes nothing", func(t *testing.T) {
			user, err := s.CloseAccount(t.Context(), bob.User.ID, "deleted-3", true)
			if err != nil || user.Username != "deleted-2" {
				t.Fatalf("closed again = %+v, %v", user, err)
			}
		})
		t.Run("its bots are deleted as well", func(t *testing.T) {
			wantPending(t, s, bob.User.ID, bot.ID)
			if _, err := s.CloseAccount(t.Context(), bot.ID, "deleted-4", true); err != nil {
				t.Fatal(err)
			}
			for _, id := range []chat.UserID{bob.User.ID, bot.ID} {
				if err := s.FinishDeletion(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			wantPending(t, s)
		})
		t.Run("username and email can be used again", func(t *testing.T) {
			again := chat.NewAccount{Username: "bob", DisplayName: "Bob", Email: "b@example.org", PasswordHash: "x"}
			if caller, err := s.Register(t.Context(), again, newSession(s)); err != nil || caller.User.ID == bob.User.ID {
				t.Fatalf("registered %+v, %v", caller, err)
			}
		})
		t.Run("a disabled user is refused like an unknown one", func(t *testing.T) {
			disabled := true
			carol := register(t, s, "carol")
			if _, err := s.ChangeAccount(t.Context(), admin.User.ID, carol.User.ID, chat.AccountChange{Disabled: &disabled}); err != nil {
				t.Fatal(err)
			}
			_, _, err := s.Credentials(t.Context(), "carol")
			wantCode(t, err, chat.NotFound)
		})
	})
}

func TestRemoveDeletedUserFromRooms(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		register(t, s, "admin")
		owner, early, late, chosen := register(t, s, "owner"), register(t, s, "early"), register(t, s, "late"), register(t, s, "chosen")
		clock := time.Now()
		s.now = func() time.Time { clock = clock.Add(time.Second); return clock }
		ranked, equal, alone := createRoom(t, s, owner, "ranked"), createRoom(t, s, owner, "equal"), createRoom(t, s, owner, "alone")
		for _, room := range []chat.Room{ranked, equal} {
			for _, p := range []chat.Caller{early, late, chosen} {
				join(t, s, room, p)
			}
		}
		if _, err := s.SetRole(t.Context(), ranked.ID, owner.User.ID, chosen.User.ID, chat.Moderator, nil); err != nil {
			t.Fatal(err)
		}
		appendText(t, s, equal, owner, "mine")
		appendText(t, s, alone, owner, "to myself")
		closeAccount(t, s, owner, "deleted-2")

		t.Run("a user that is still a member of a room stays pending", func(t *testing.T) {
			if err := s.FinishDeletion(t.Context(), owner.User.ID); err != nil {
				t.Fatal(err)
			}
			wantPending(t, s, owner.User.ID)
		})
		for _, c := range []struct {
			name     string
			room     chat.Room
			newOwner chat.Caller
		}{
			{"the member with the highest role becomes owner", ranked, chosen},
			{"among equal roles the oldest member becomes owner", equal, early},
		} {
			t.Run(c.name, func(t *testing.T) {
				d := removeFromRoom(t, s, c.room, owner)
				if d.NewOwner == nil || d.NewOwner.UserID != c.newOwner.User.ID || d.NewOwner.Role != chat.Owner || d.Deleted || d.SystemMessage == nil || d.SystemMessage.System.Action != chat.Left || d.SystemMessage.Author.DisplayName != chat.DeletedUserName {
					t.Fatalf("removal = %+v, want new owner %d", d, c.newOwner.User.ID)
				}
				room, m, err := s.Room(t.Context(), c.room.ID, c.newOwner.User.ID)
				if err != nil || room.OwnerID != c.newOwner.User.ID || m.Role != chat.Owner || room.MemberCount != 3 {
					t.Fatalf("room = %+v, membership %+v, %v", room, m, err)
				}
				wantDense(t, s, c.room.ID)
			})
		}
		t.Run("removing again changes nothing", func(t *testing.T) {
			if d := removeFromRoom(t, s, equal, owner); d != (chat.Removal{}) {
				t.Fatalf("removal = %+v, want none", d)
			}
		})
		t.Run("messages stay, with a deleted user as author", func(t *testing.T) {
			page, err := s.Page(t.Context(), equal.ID, early.User.ID, chat.PageQuery{Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(page.Messages, func(m chat.Message) bool { return m.Text == "mine" })
			if i < 0 || page.Messages[i].Author.DisplayName != chat.DeletedUserName || page.Messages[i].Author.ID != owner.User.ID {
				t.Fatalf("messages = %+v, want one of a deleted user", page.Messages)
			}
		})
		t.Run("an empty room is deleted", func(t *testing.T) {
			if d := removeFromRoom(t, s, alone, owner); !d.Deleted || d.SystemMessage != nil {
				t.Fatalf("removal = %+v, want the room deleted", d)
			}
			_, _, err := s.Room(t.Context(), alone.ID, early.User.ID)
			wantCode(t, err, chat.NotFound)
			_, err = s.RemoveFromRoom(t.Context(), alone.ID, owner.User.ID)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("a direct room is deleted after both users", func(t *testing.T) {
			one, other := register(t, s, "one"), register(t, s, "other")
			room, _, _, err := s.OpenDirect(t.Context(), one.User.ID, other.User.ID)
			if err != nil {
				t.Fatal(err)
			}
			closeAccount(t, s, one, "deleted-5")
			if d := removeFromRoom(t, s, room, one); d.Deleted || d.NewOwner != nil || d.SystemMessage == nil {
				t.Fatalf("first removal = %+v, want a system message", d)
			}
			closeAccount(t, s, other, "deleted-6")
			if d := removeFromRoom(t, s, room, other); !d.Deleted {
				t.Fatalf("second removal = %+v, want the room deleted", d)
			}
		})
		t.Run("deleted users and bots do not become owner", func(t *testing.T) {
			room := createRoom(t, s, early, "going")
			bot, err := s.CreateBot(t.Context(), late.User.ID, chat.NewAccount{Username: "bot", DisplayName: "B"}, newSession(s))
			if err != nil {
				t.Fatal(err)
			}
			join(t, s, room, late)
			join(t, s, room, chat.Caller{User: bot})
			closeAccount(t, s, early, "deleted-3")
			closeAccount(t, s, late, "deleted-4")
			if d := removeFromRoom(t, s, room, early); !d.Deleted {
				t.Fatalf("removal = %+v, want the room deleted", d)
			}
		})
		t.Run("a user without rooms is not pending any more", func(t *testing.T) {
			if err := s.FinishDeletion(t.Context(), owner.User.ID); err != nil {
				t.Fatal(err)
			}
			if left, err := s.PendingDeletions(t.Context(), 100); err != nil || slices.Contains(left, owner.User.ID) {
				t.Fatalf("pending = %v, %v, want no owner", left, err)
			}
		})
	})
}

// However joins, room creations and closing an account interleave, a closed account has no
// membership that FinishDeletion would miss.
func TestJoinWhileAccountIsClosed(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		host := register(t, s, "host")
		var rooms []chat.Room
		for _, name := range []string{"a", "b", "c", "d"} {
			rooms = append(rooms, createRoom(t, s, host, name))
		}
		for round := range 10 {
			caller := register(t, s, "caller")
			var all sync.WaitGroup
			for _, room := range rooms {
				all.Go(func() {
					if _, _, err := s.Join(t.Context(), room.ID, caller.User.ID, nil); err != nil && chat.CodeOf(err) != chat.NotFound {
						t.Errorf("join: %v", err)
					}
				})
			}
			all.Go(func() {
				_, _, err := s.CreateRoom(t.Context(), chat.NewRoom{Name: "own", NameKey: "own", Owner: caller.User.ID})
				if err != nil && chat.CodeOf(err) != chat.NotFound {
					t.Errorf("create room: %v", err)
				}
			})
			var memberships []chat.RoomID
			all.Go(func() {
				if _, err := s.CloseAccount(t.Context(), caller.User.ID, "deleted-"+string(rune('a'+round)), false); err != nil {
					t.Errorf("close account: %v", err)
				}
				memberships, _ = s.RoomsOf(t.Context(), caller.User.ID)
			})
			all.Wait()
			after, err := s.RoomsOf(t.Context(), caller.User.ID)
			if err != nil || !slices.Equal(memberships, after) {
				t.Fatalf("rooms when closed = %v, later %v, %v", memberships, after, err)
			}
			for _, id := range after {
				if _, err := s.RemoveFromRoom(t.Context(), id, caller.User.ID); err != nil {
					t.Fatal(err)
				}
				if id <= rooms[len(rooms)-1].ID {
					wantDense(t, s, id)
				}
			}
		}
	})
}

func TestPurgeSessions(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		start := func(life time.Duration) chat.SessionID {
			c, err := s.StartSession(t.Context(), alice.User.ID, chat.NewSession{TokenHash: randomHash(), ExpiresAt: s.clock() + chat.Time(life.Milliseconds())})
			if err != nil {
				t.Fatal(err)
			}
			return c.Session
		}
		ended, expired, active := start(30*24*time.Hour), start(time.Hour), start(30*24*time.Hour)
		if err := s.EndSession(t.Context(), ended); err != nil {
			t.Fatal(err)
		}
		left := func() []chat.SessionID {
			var ids []chat.SessionID
			err := forEachRow(context.WithoutCancel(t.Context()), s.read, func(r row) error {
				var id chat.SessionID
				err := r.Scan(&id)
				ids = append(ids, id)
				return err
			}, `SELECT id FROM sessions ORDER BY id`)
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		const week = 7 * 24 * time.Hour
		for _, step := range []struct {
			after time.Duration
			want  []chat.SessionID
		}{
			{week - time.Minute, []chat.SessionID{alice.Session, ended, expired, active}},
			{week + time.Minute, []chat.SessionID{alice.Session, expired, active}},
			{week + 2*time.Hour, []chat.SessionID{active}},
		} {
			s.now = func() time.Time { return time.Now().Add(step.after) }
			if err := s.PurgeSessions(t.Context(), week, 100); err != nil {
				t.Fatal(err)
			}
			if got := left(); !slices.Equal(got, step.want) {
				t.Fatalf("after %v sessions = %v, want %v", step.after, got, step.want)
			}
		}
	})
}
