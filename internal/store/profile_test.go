package store

import (
	"sync"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestProfiles(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		name, status := "Alice A.", "here"

		t.Run("changes only the given fields", func(t *testing.T) {
			for _, p := range []chat.ProfilePatch{{DisplayName: &name}, {StatusMessage: &status}, {}} {
				if _, err := s.ChangeProfile(t.Context(), alice.User.ID, p); err != nil {
					t.Fatal(err)
				}
			}
			got, err := s.User(t.Context(), alice.User.ID)
			if err != nil || got.DisplayName != name || got.StatusMessage != status || got.Username != "alice" {
				t.Fatalf("user = %+v, %v", got, err)
			}
			if other, err := s.User(t.Context(), bob.User.ID); err != nil || other.DisplayName != "bob" {
				t.Fatalf("bob = %+v, %v, want unchanged", other, err)
			}
		})
		t.Run("an unknown user is not found", func(t *testing.T) {
			_, err := s.ChangeProfile(t.Context(), 4711, chat.ProfilePatch{DisplayName: &name})
			wantCode(t, err, chat.NotFound)
			_, _, err = s.SetAvatar(t.Context(), 4711, "key", 5, plenty)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("concurrent calls return each old avatar exactly once", func(t *testing.T) {
			var mu sync.Mutex
			var all sync.WaitGroup
			seen := map[string]int{}
			for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
				all.Go(func() {
					user, before, err := s.SetAvatar(t.Context(), alice.User.ID, key, 5, plenty)
					if err != nil || user.AvatarURL != "/api/v1/avatars/"+key {
						t.Errorf("set %s: %+v, %v", key, user, err)
					}
					mu.Lock()
					seen[before]++
					mu.Unlock()
				})
			}
			all.Wait()
			_, last, err := s.SetAvatar(t.Context(), alice.User.ID, "", 5, plenty)
			seen[last]++
			if err != nil || len(seen) != 7 {
				t.Fatalf("before = %v, %v, want seven different ones", seen, err)
			}
		})
	})
}
