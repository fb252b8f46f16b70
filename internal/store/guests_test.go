package store

import (
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

func guest(t *testing.T, s *Store, username, display string) chat.Caller {
	t.Helper()
	caller, err := s.Register(t.Context(),
		chat.NewAccount{Username: username, DisplayName: display, Guest: true, ExpiresAt: s.clock() + 60_000}, newSession(s))
	if err != nil {
		t.Fatalf("guest %s: %v", username, err)
	}
	return caller
}

func account(username string) chat.NewAccount {
	return chat.NewAccount{Username: username, PasswordHash: "$argon2id$x"}
}

func TestUpgradeGuest(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		named, unnamed := guest(t, s, "guest-1", "Gustav"), guest(t, s, "guest-2", "guest-2")
		month := s.clock() + 30*24*3_600_000
		later := func(by time.Duration) {
			s.now = func() time.Time { return time.Now().Add(by) }
			t.Cleanup(func() { s.now = time.Now })
		}

		t.Run("the first account becomes server admin", func(t *testing.T) {
			upgraded, err := s.UpgradeGuest(t.Context(), named.User.ID, account("gustav"), month)
			if err != nil || upgraded.ID != named.User.ID || upgraded.Guest || upgraded.Username != "gustav" || upgraded.Role != chat.Admin {
				t.Fatalf("upgraded = %+v, %v, want the admin gustav", upgraded, err)
			}
			if upgraded.DisplayName != "Gustav" {
				t.Errorf("display name = %q, want that of the guest", upgraded.DisplayName)
			}
		})
		t.Run("only a guest can be upgraded", func(t *testing.T) {
			_, err := s.UpgradeGuest(t.Context(), named.User.ID, account("gustav2"), month)
			wantCode(t, err, chat.Forbidden)
		})
		t.Run("a username in use is refused and the guest stays a guest", func(t *testing.T) {
			taken := account("gustav")
			_, err := s.UpgradeGuest(t.Context(), unnamed.User.ID, taken, month)
			wantCode(t, err, chat.UsernameTaken)
			if u, err := s.User(t.Context(), unnamed.User.ID); err != nil || !u.Guest || u.Username != "guest-2" {
				t.Fatalf("user = %+v, %v, want the guest", u, err)
			}
		})
		t.Run("a guest without a display name gets the username", func(t *testing.T) {
			upgraded, err := s.UpgradeGuest(t.Context(), unnamed.User.ID, account("gisela"), month)
			if err != nil || upgraded.DisplayName != "gisela" || upgraded.Role != chat.PlainUser {
				t.Fatalf("upgraded = %+v, %v, want a plain gisela", upgraded, err)
			}
		})
		t.Run("the session continues", func(t *testing.T) {
			late := guest(t, s, "guest-3", "Late")
			n := newSession(s)
			if _, err := s.StartSession(t.Context(), late.User.ID, n); err != nil {
				t.Fatal(err)
			}
			if _, err := s.UpgradeGuest(t.Context(), late.User.ID, account("late"), month); err != nil {
				t.Fatal(err)
			}
			later(29 * 24 * time.Hour)
			if caller, err := s.CallerByToken(t.Context(), n.TokenHash); err != nil || caller.Expires != month {
				t.Fatalf("after 29 days caller = %+v, %v, want a session until %d", caller, err, month)
			}
		})
		t.Run("an expired guest cannot be upgraded", func(t *testing.T) {
			over := guest(t, s, "guest-4", "Over")
			later(2*time.Minute + 29*24*time.Hour)
			_, err := s.UpgradeGuest(t.Context(), over.User.ID, account("over"), month)
			wantCode(t, err, chat.Forbidden)
		})
	})
}

func TestGuestDoesNotBecomeFirstAccount(t *testing.T) {
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
