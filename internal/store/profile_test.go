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

		t.Run("what is not named stays", func(t *testing.T) {
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
		t.Run("nobody has no profile", func(t *testing.T) {
			_, err := s.ChangeProfile(t.Context(), 4711, chat.ProfilePatch{DisplayName: &name})
			wantCode(t, err, chat.NotFound)
			_, _, err = s.SetAvatar(t.Context(), 4711, "key", 5, plenty)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("each of many avatars at once is told as the one before exactly once", func(t *testing.T) {
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
