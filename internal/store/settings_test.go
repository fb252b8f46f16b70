package store

import (
	"fmt"
	"maps"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestSetSettings(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		type texts = map[string]string
		type limits = map[string]int
		for _, step := range []struct{ set, want chat.StoredSettings }{
			{},
			{chat.StoredSettings{Limits: limits{"a": 5, "b": 1 << 50}, Texts: texts{"A": "7", "B": "x y"}}, chat.StoredSettings{Limits: limits{"a": 5, "b": 1 << 50}, Texts: texts{"A": "7", "B": "x y"}}},
			{chat.StoredSettings{Limits: limits{"a": 6, "b": 0}}, chat.StoredSettings{Limits: limits{"a": 6}, Texts: texts{"A": "7", "B": "x y"}}},
			{chat.StoredSettings{Texts: texts{"A": "8", "B": "", "C": ""}}, chat.StoredSettings{Limits: limits{"a": 6}, Texts: texts{"A": "8"}}},
		} {
			if err := s.SetSettings(t.Context(), alice.User.ID, step.set); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Settings(t.Context()); err != nil || !maps.Equal(got.Limits, step.want.Limits) || !maps.Equal(got.Texts, step.want.Texts) {
				t.Fatalf("after %v: %v, %v, want %v", step.set, got, err, step.want)
			}
		}
		wantAudit(t, s,
			fmt.Sprintf("%d limits.change 0 0 a = 5, b = %d", alice.User.ID, 1<<50), fmt.Sprintf("%d settings.change 0 0 A = 7, B = x y", alice.User.ID),
			fmt.Sprintf("%d limits.change 0 0 a = 6, b = standard", alice.User.ID),
			fmt.Sprintf("%d settings.change 0 0 A = 8, B = default, C = default", alice.User.ID))
	})
}

// Nodes of older versions read and write limits in their own table, by these statements.
func TestLimitsAreSharedWithOlderNodes(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		if err := s.SetSettings(t.Context(), alice.User.ID, chat.StoredSettings{Limits: map[string]int{"roomsPerHour": 3}, Texts: map[string]string{"SIGNUP": "closed"}}); err != nil {
			t.Fatal(err)
		}
		old := map[string]int{}
		err := forEachRow(t.Context(), s.read, func(r row) error {
			var name string
			var value int
			err := r.Scan(&name, &value)
			old[name] = value
			return err
		}, `SELECT name, value FROM limits`)
		if want := map[string]int{"roomsPerHour": 3}; err != nil || !maps.Equal(old, want) {
			t.Fatalf("an older node reads %v, %v, want %v", old, err, want)
		}
		if _, err := s.write.ExecContext(t.Context(), `INSERT INTO limits (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, "roomsPerHour", 4); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Settings(t.Context()); err != nil || got.Limits["roomsPerHour"] != 4 || got.Texts["SIGNUP"] != "closed" {
			t.Fatalf("after a change by an older node: %v, %v", got, err)
		}
	})
}

func TestOnlyTheFirstAccountWhileSignUpIsClosed(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		account := func(name string) chat.NewAccount {
			return chat.NewAccount{Username: name, DisplayName: name, PasswordHash: "$x", OnlyFirst: true}
		}
		guest, err := s.Register(ctx, chat.NewAccount{Username: "guest-1", DisplayName: "guest-1", Guest: true, ExpiresAt: newSession(s).ExpiresAt}, newSession(s))
		if err != nil {
			t.Fatal(err)
		}
		if has, err := s.HasAccount(ctx); err != nil || has {
			t.Fatalf("with a guest: has an account = %t, %v, want false", has, err)
		}
		first, err := s.Register(ctx, account("alice"), newSession(s))
		if err != nil || first.User.Role != chat.Admin {
			t.Fatalf("first account = %+v, %v, want an admin", first.User, err)
		}
		if has, err := s.HasAccount(ctx); err != nil || !has {
			t.Fatalf("with an account: has an account = %t, %v, want true", has, err)
		}
		_, err = s.Register(ctx, account("bob"), newSession(s))
		wantCode(t, err, chat.Forbidden)
		_, err = s.UpgradeGuest(ctx, guest.User.ID, account("carol"), newSession(s).ExpiresAt)
		wantCode(t, err, chat.Forbidden)
	})
}
