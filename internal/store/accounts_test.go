package store

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestAccounts(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		bob := register(t, s, "bob")

		t.Run("the first account is server admin, the next is not", func(t *testing.T) {
			if alice.User.Role != chat.Admin || bob.User.Role != chat.PlainUser {
				t.Fatalf("roles = %s, %s, want admin, user", alice.User.Role, bob.User.Role)
			}
		})
		t.Run("a username can be used once", func(t *testing.T) {
			_, err := s.Register(t.Context(), chat.NewAccount{Username: "alice", DisplayName: "A", PasswordHash: "x"}, newSession(s))
			wantCode(t, err, chat.UsernameTaken)
		})
		t.Run("an email address can be used once, several accounts can have none", func(t *testing.T) {
			first := chat.NewAccount{Username: "carol", DisplayName: "C", PasswordHash: "x", Email: "c@example.org"}
			if _, err := s.Register(t.Context(), first, newSession(s)); err != nil {
				t.Fatal(err)
			}
			first.Username = "carol2"
			_, err := s.Register(t.Context(), first, newSession(s))
			wantCode(t, err, chat.EmailTaken)
		})
		t.Run("a guest can register", func(t *testing.T) {
			guest := chat.NewAccount{Username: "guest-1", DisplayName: "G", Guest: true, ExpiresAt: chat.At(time.Now().Add(time.Hour))}
			if caller, err := s.Register(t.Context(), guest, newSession(s)); err != nil || !caller.User.Guest {
				t.Fatalf("caller = %+v, %v, want a guest", caller, err)
			}
		})
		t.Run("credentials are found by username and email", func(t *testing.T) {
			for _, login := range []string{"carol", "c@example.org"} {
				user, hash, err := s.Credentials(t.Context(), login)
				if err != nil || user.Username != "carol" || hash != "x" {
					t.Fatalf("Credentials(%s) = %v, %q, %v", login, user, hash, err)
				}
			}
			_, _, err := s.Credentials(t.Context(), "nobody")
			wantCode(t, err, chat.NotFound)
		})
		t.Run("a token identifies its caller until the session ends", func(t *testing.T) {
			n := newSession(s)
			started, err := s.StartSession(t.Context(), bob.User.ID, n)
			if err != nil {
				t.Fatal(err)
			}
			caller, err := s.CallerByToken(t.Context(), n.TokenHash)
			if err != nil || caller.User.ID != bob.User.ID || caller.Session != started.Session {
				t.Fatalf("caller = %+v, %v, want bob by session %d", caller, err, started.Session)
			}
			if err := s.EndSession(t.Context(), started.Session); err != nil {
				t.Fatal(err)
			}
			_, err = s.CallerByToken(t.Context(), n.TokenHash)
			wantCode(t, err, chat.NotFound)
			ended, err := s.EndedSessions(t.Context(), []chat.SessionID{alice.Session, started.Session, 999999})
			if want := []chat.SessionID{started.Session, 999999}; err != nil || !slices.Equal(ended, want) {
				t.Fatalf("ended = %v, %v, want %v", ended, err, want)
			}
		})
		t.Run("an expired session is not found", func(t *testing.T) {
			n := newSession(s)
			if _, err := s.StartSession(t.Context(), bob.User.ID, n); err != nil {
				t.Fatal(err)
			}
			real := s.now
			s.now = func() time.Time { return n.ExpiresAt.Std().Add(time.Millisecond) }
			defer func() { s.now = real }()
			_, err := s.CallerByToken(t.Context(), n.TokenHash)
			wantCode(t, err, chat.NotFound)
		})
	})
}

func TestLastSeenIsUpdatedOnceAMinute(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		other, err := s.StartSession(t.Context(), alice.User.ID, newSession(s))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now().Truncate(time.Millisecond)
		seen := func() []chat.Session {
			t.Helper()
			sessions, err := s.Sessions(t.Context(), alice.User.ID)
			if err != nil || len(sessions) != 2 {
				t.Fatalf("sessions = %+v, %v, want 2", sessions, err)
			}
			return sessions
		}
		var last chat.Time
		for _, step := range []struct {
			after  time.Duration
			writes bool
		}{{2 * time.Minute, true}, {2*time.Minute + 59*time.Second, false}, {3 * time.Minute, true}} {
			s.now = func() time.Time { return began.Add(step.after) }
			if err := s.TouchSessions(t.Context(), []chat.SessionID{alice.Session, 999999}); err != nil {
				t.Fatal(err)
			}
			if step.writes {
				last = s.clock()
			}
			list := seen()
			if list[0].ID != alice.Session || list[0].LastSeenAt != last {
				t.Fatalf("after %v: %+v, want session %d seen at %d", step.after, list[0], alice.Session, last)
			}
			if list[1].ID != other.Session || list[1].LastSeenAt != list[1].CreatedAt {
				t.Fatalf("the other session = %+v, want last seen at creation", list[1])
			}
		}
	})
}

func TestOnlyOneAccountBecomesTheFirst(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		const racers = 8
		roles := make([]chat.Role, racers)
		var wg sync.WaitGroup
		for i := range racers {
			wg.Go(func() {
				c, err := s.Register(t.Context(), chat.NewAccount{Username: fmt.Sprintf("racer%d", i), DisplayName: "R", PasswordHash: "x"}, newSession(s))
				if err != nil {
					t.Error(err)
				}
				roles[i] = c.User.Role
			})
		}
		wg.Wait()
		admins := 0
		for _, r := range roles {
			if r == chat.Admin {
				admins++
			}
		}
		if admins != 1 {
			t.Fatalf("admins = %d of %v, want 1", admins, roles)
		}
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
		// The caller verified an older password, which has been changed since.
		wantCode(t, s.SetPassword(t.Context(), alice.User.ID, "$older", "$intruder", second.Session), chat.NotFound)
		if err := s.SetPassword(t.Context(), alice.User.ID, was, "$new", third.Session); err != nil {
			t.Fatal(err)
		}
		list, err = s.Sessions(t.Context(), alice.User.ID)
		if err != nil || len(list) != 1 || list[0].ID != third.Session {
			t.Fatalf("sessions = %+v, %v, want only %d", list, err, third.Session)
		}
		if _, hash, err := s.Credentials(t.Context(), "alice"); err != nil || hash != "$new" {
			t.Fatalf("password = %q, %v", hash, err)
		}
	})
}
