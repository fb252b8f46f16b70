package store

import (
	"fmt"
	"sync"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func createBot(t *testing.T, s *Store, owner chat.Caller, name string) (chat.User, chat.NewSession) {
	t.Helper()
	n := newSession(s)
	n.ExpiresAt = chat.NoExpiry
	bot, err := s.CreateBot(t.Context(), owner.User.ID, chat.NewAccount{Username: name, DisplayName: name}, n)
	if err != nil {
		t.Fatalf("create bot %s: %v", name, err)
	}
	return bot, n
}

func TestBots(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		robot, first := createBot(t, s, alice, "robot")

		t.Run("a token identifies its bot, which has no password", func(t *testing.T) {
			caller, err := s.CallerByToken(ctx, first.TokenHash)
			if err != nil || caller.User.ID != robot.ID || caller.User.Role != chat.Bot || caller.Expires != chat.NoExpiry {
				t.Fatalf("caller = %+v, %v, want the bot for ever", caller, err)
			}
			if _, hash, err := s.Credentials(ctx, "robot"); err != nil || hash != "" {
				t.Fatalf("password = %q, %v, want none", hash, err)
			}
		})
		t.Run("users and bots share one set of usernames", func(t *testing.T) {
			_, err := s.CreateBot(ctx, alice.User.ID, chat.NewAccount{Username: "bob", DisplayName: "B"}, newSession(s))
			wantCode(t, err, chat.UsernameTaken)
		})
		t.Run("a new token replaces the old one", func(t *testing.T) {
			second := newSession(s)
			if _, err := s.RotateBotToken(ctx, alice.User.ID, robot.ID, second); err != nil {
				t.Fatal(err)
			}
			_, err := s.CallerByToken(ctx, first.TokenHash)
			wantCode(t, err, chat.NotFound)
			if caller, err := s.CallerByToken(ctx, second.TokenHash); err != nil || caller.User.ID != robot.ID {
				t.Fatalf("caller = %+v, %v, want the bot", caller, err)
			}
		})
		t.Run("a bot is found for its owner only, a user is not a bot", func(t *testing.T) {
			_, err := s.RotateBotToken(ctx, bob.User.ID, robot.ID, newSession(s))
			wantCode(t, err, chat.NotFound)
			_, err = s.OwnBot(ctx, bob.User.ID, robot.ID)
			wantCode(t, err, chat.NotFound)
			_, err = s.OwnBot(ctx, alice.User.ID, bob.User.ID)
			wantCode(t, err, chat.NotFound)
			if bots, err := s.Bots(ctx, bob.User.ID); err != nil || len(bots) != 0 {
				t.Fatalf("bob's bots = %v, %v, want none", bots, err)
			}
		})
		t.Run("a closed bot is refused and no longer listed", func(t *testing.T) {
			closed, token := createBot(t, s, alice, "closed")
			if _, err := s.CloseAccount(ctx, closed.ID, "deleted-bot", false); err != nil {
				t.Fatal(err)
			}
			_, err := s.CallerByToken(ctx, token.TokenHash)
			wantCode(t, err, chat.NotFound)
			_, err = s.OwnBot(ctx, alice.User.ID, closed.ID)
			wantCode(t, err, chat.NotFound)
			if bots, err := s.Bots(ctx, alice.User.ID); err != nil || len(bots) != 1 || bots[0].ID != robot.ID {
				t.Fatalf("bots = %v, %v, want robot alone", bots, err)
			}
		})
		t.Run("a bot ends with its owner", func(t *testing.T) {
			_, token := createBot(t, s, bob, "bobs-bot")
			if _, err := s.write.ExecContext(ctx, `UPDATE users SET disabled_at = 1 WHERE id = $1`, int64(bob.User.ID)); err != nil {
				t.Fatal(err)
			}
			_, err := s.CallerByToken(ctx, token.TokenHash)
			wantCode(t, err, chat.NotFound)
		})
	})
}

func TestBotsPerAccountAreLimited(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		var racers sync.WaitGroup
		for i := range chat.MaxBots + 3 {
			racers.Go(func() {
				name := fmt.Sprintf("robot%d", i)
				_, err := s.CreateBot(t.Context(), alice.User.ID, chat.NewAccount{Username: name, DisplayName: name}, newSession(s))
				if err != nil && chat.CodeOf(err) != chat.Forbidden {
					t.Error(err)
				}
			})
		}
		racers.Wait()
		if bots, err := s.Bots(t.Context(), alice.User.ID); err != nil || len(bots) != chat.MaxBots {
			t.Fatalf("%d bots, %v, want %d", len(bots), err, chat.MaxBots)
		}
	})
}
