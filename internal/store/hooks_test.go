package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

func createIncoming(t *testing.T, s *Store, room chat.Room, by chat.Caller, username string) (chat.IncomingWebhook, []byte) {
	t.Helper()
	hash := randomHash()
	hook, told, err := s.CreateIncoming(t.Context(), chat.NewIncomingWebhook{
		Room: room.ID, Bot: chat.NewAccount{Username: username, DisplayName: "CI"}, TokenHash: hash,
	}, by.User.ID, nil)
	if err != nil || told == nil || told.System.Action != chat.Joined || told.System.UserID != hook.UserID {
		t.Fatalf("create hook: %+v, told %+v, %v", hook, told, err)
	}
	return hook, hash
}

func TestIncomingHooks(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		hook, hash := createIncoming(t, s, room, alice, "hook-one")

		t.Run("its token finds the hook and its bot, which is a member", func(t *testing.T) {
			found, bot, err := s.IncomingByToken(ctx, hash)
			if err != nil || found != hook || bot.ID != hook.UserID || bot.Role != chat.Bot || bot.DisplayName != "CI" {
				t.Fatalf("found %+v, %+v, %v, want %+v", found, bot, err, hook)
			}
			appendText(t, s, room, chat.Caller{User: bot}, "green")
			_, _, err = s.IncomingByToken(ctx, randomHash())
			wantCode(t, err, chat.NotFound)
		})
		t.Run("a rule decides under the lock, strangers are no members", func(t *testing.T) {
			no := func(chat.Membership, *chat.Membership) error { return chat.Errorf(chat.Forbidden, "no") }
			_, _, err := s.CreateIncoming(ctx, chat.NewIncomingWebhook{Room: room.ID, TokenHash: randomHash()}, alice.User.ID, no)
			wantCode(t, err, chat.Forbidden)
			_, err = s.DeleteIncoming(ctx, room.ID, hook.ID, alice.User.ID, no)
			wantCode(t, err, chat.Forbidden)
			_, err = s.DeleteIncoming(ctx, room.ID, hook.ID, register(t, s, "bob").User.ID, nil)
			wantCode(t, err, chat.NotAMember)
			_, err = s.DeleteIncoming(ctx, room.ID, 9999, alice.User.ID, nil)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("deleted, it is refused and its bot is gone", func(t *testing.T) {
			told, err := s.DeleteIncoming(ctx, room.ID, hook.ID, alice.User.ID, nil)
			if err != nil || told == nil || told.System.Action != chat.Kicked || told.System.UserID != hook.UserID {
				t.Fatalf("told %+v, %v", told, err)
			}
			_, _, err = s.IncomingByToken(ctx, hash)
			wantCode(t, err, chat.NotFound)
			hooks, err := s.Incoming(ctx, room.ID)
			members, _, _ := s.Members(ctx, room.ID, 10, "")
			if err != nil || len(hooks) != 0 || len(members) != 1 {
				t.Fatalf("%d hooks, %d members, %v, want none and alice", len(hooks), len(members), err)
			}
			wantDense(t, s, room.ID)
		})
		t.Run("one whose bot was kicked is deleted without a word", func(t *testing.T) {
			kicked, _ := createIncoming(t, s, room, alice, "hook-two")
			if _, err := s.Kick(ctx, room.ID, alice.User.ID, kicked.UserID, nil); err != nil {
				t.Fatal(err)
			}
			if told, err := s.DeleteIncoming(ctx, room.ID, kicked.ID, alice.User.ID, nil); err != nil || told != nil {
				t.Fatalf("told %+v, %v, want nothing", told, err)
			}
		})
		t.Run("with its room its bot goes for good", func(t *testing.T) {
			den := createRoom(t, s, alice, "den")
			gone, token := createIncoming(t, s, den, alice, "hook-den")
			if err := s.DeleteRoom(ctx, den.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			_, _, err := s.IncomingByToken(ctx, token)
			wantCode(t, err, chat.NotFound)
			if leaving, err := s.PendingDeletions(ctx, 10); err != nil || !slices.Equal(leaving, []chat.UserID{gone.UserID}) {
				t.Fatalf("leaving = %v, %v, want the bot", leaving, err)
			}
		})
		t.Run("a room has at most so many", func(t *testing.T) {
			for i := range chat.MaxWebhooks {
				createIncoming(t, s, room, alice, fmt.Sprintf("hook-%d", i))
			}
			_, _, err := s.CreateIncoming(ctx, chat.NewIncomingWebhook{
				Room: room.ID, Bot: chat.NewAccount{Username: "hook-more", DisplayName: "CI"}, TokenHash: randomHash(),
			}, alice.User.ID, nil)
			wantCode(t, err, chat.Forbidden)
			if hooks, err := s.Incoming(ctx, room.ID); err != nil || len(hooks) != chat.MaxWebhooks || hooks[0].Name != "CI" {
				t.Fatalf("hooks = %+v, %v", hooks, err)
			}
		})
	})
}

func createOutgoing(t *testing.T, s *Store, room chat.Room, by chat.Caller) chat.OutgoingWebhook {
	t.Helper()
	hook, err := s.CreateOutgoing(t.Context(), chat.NewOutgoingWebhook{Room: room.ID, URL: "https://example.org/x?key=1", Secret: "s"}, by.User.ID, nil)
	if err != nil {
		t.Fatalf("create hook: %v", err)
	}
	return hook
}

const testLease = time.Minute

// take returns the turns that can be had now.
func take(t *testing.T, s *Store, limit int) []chat.DeliveryLease {
	t.Helper()
	turns, err := takeDue(t.Context(), s, limit)
	if err != nil {
		t.Fatalf("take hooks: %v", err)
	}
	return turns
}

func takeDue(ctx context.Context, s *Store, limit int) ([]chat.DeliveryLease, error) {
	due, err := s.Due(ctx, limit, limit)
	if err != nil {
		return nil, err
	}
	var ids []chat.WebhookID
	for _, w := range due {
		ids = append(ids, w.ID)
	}
	return s.ClaimDue(ctx, ids, testLease)
}

func takeOne(t *testing.T, s *Store) chat.DeliveryLease {
	t.Helper()
	turns := take(t, s, 10)
	if len(turns) != 1 {
		t.Fatalf("%d turns, want 1", len(turns))
	}
	return turns[0]
}

func noTurn(t *testing.T, s *Store, why string) {
	t.Helper()
	if turns := take(t, s, 10); len(turns) != 0 {
		t.Fatalf("turns = %+v, want none: %s", turns, why)
	}
}

// later moves the store's clock until the test ends.
func later(t *testing.T, s *Store, by time.Duration) {
	before := s.now
	s.now = func() time.Time { return before().Add(by) }
	t.Cleanup(func() { s.now = before })
}

func endTurn(t *testing.T, s *Store, turn chat.DeliveryLease, f *chat.DeliveryFailure) {
	t.Helper()
	if err := s.Release(t.Context(), turn, f); err != nil {
		t.Fatalf("end turn: %v", err)
	}
}

func delivered(t *testing.T, s *Store, turn chat.DeliveryLease, upTo chat.Seq, want bool) {
	t.Helper()
	if held, err := s.Ack(t.Context(), turn, upTo, testLease); err != nil || held != want {
		t.Fatalf("delivered: held %v, %v, want %v", held, err, want)
	}
}

func outgoing(t *testing.T, s *Store, room chat.Room) chat.OutgoingWebhook {
	t.Helper()
	hooks, err := s.Outgoing(t.Context(), room.ID)
	if err != nil || len(hooks) != 1 {
		t.Fatalf("hooks = %+v, %v, want 1", hooks, err)
	}
	return hooks[0]
}

func TestOutgoingHooksAreTakenInTurns(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		appendText(t, s, room, alice, "before")
		hook := createOutgoing(t, s, room, alice)
		noTurn(t, s, "a hook begins with what happens next")
		appendText(t, s, room, alice, "two")
		appendText(t, s, room, alice, "three")

		turn := takeOne(t, s)
		if turn.ID != hook.ID || turn.Room != room.ID || turn.Delivered != 1 || turn.Secret != "s" || turn.URL != hook.URL {
			t.Fatalf("turn = %+v, want from 1", turn)
		}
		noTurn(t, s, "it is taken")
		delivered(t, s, turn, 2, true)
		endTurn(t, s, turn, nil)

		turn = takeOne(t, s) // 3 is due
		if turn.Delivered != 2 {
			t.Fatalf("turn = %+v, want from 2", turn)
		}
		t.Run("a node that died holds it no longer than its lease, and then changes nothing", func(t *testing.T) {
			later(t, s, testLease+time.Second)
			next := takeOne(t, s)
			delivered(t, s, turn, 3, false)
			endTurn(t, s, turn, &chat.DeliveryFailure{Text: "late", GiveUp: true})
			if h := outgoing(t, s, room); h.Delivered != 2 || h.Failures != 0 || h.DisabledAt != 0 {
				t.Fatalf("hook = %+v, want untouched by the old turn", h)
			}
			noTurn(t, s, "the new turn lasts")
			delivered(t, s, next, 3, true)
			endTurn(t, s, next, nil)
			noTurn(t, s, "everything is delivered")
		})
		t.Run("deleted, it has no turn", func(t *testing.T) {
			appendText(t, s, room, alice, "four")
			later(t, s, time.Hour)
			if err := s.DeleteOutgoing(t.Context(), room.ID, hook.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			noTurn(t, s, "it is deleted")
			wantCode(t, s.DeleteOutgoing(t.Context(), room.ID, hook.ID, alice.User.ID, nil), chat.NotFound)
		})
		t.Run("it goes with its room", func(t *testing.T) {
			createOutgoing(t, s, room, alice)
			appendText(t, s, room, alice, "five")
			if err := s.DeleteRoom(t.Context(), room.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			noTurn(t, s, "the room is gone")
		})
	})
}

func TestAHookThatFailsWaits(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room, other := createRoom(t, s, alice, "lobby"), createRoom(t, s, alice, "other")
		createOutgoing(t, s, room, alice)
		appendText(t, s, room, alice, "one")

		endTurn(t, s, takeOne(t, s), &chat.DeliveryFailure{Text: "answered 500", RetryAfter: 4 * time.Second})
		if h := outgoing(t, s, room); h.Failures != 1 || h.LastError != "answered 500" || h.NextTryAt <= s.clock() {
			t.Fatalf("hook = %+v, want one failure and a next try", h)
		}
		noTurn(t, s, "it is too early")
		later(t, s, 5*time.Second)
		working := createOutgoing(t, s, other, alice)
		appendText(t, s, other, alice, "one")
		if turns := take(t, s, 1); len(turns) != 1 || turns[0].ID != working.ID {
			t.Fatalf("turns = %+v, want first the hook that works", turns)
		}
		turn := takeOne(t, s)
		if turn.Failures != 1 || turn.FailingSince == 0 {
			t.Fatalf("turn = %+v, want one failure", turn)
		}
		delivered(t, s, turn, 1, true)
		endTurn(t, s, turn, nil)
		if h := outgoing(t, s, room); h.Failures != 0 || h.LastError != "" || h.NextTryAt != 0 {
			t.Fatalf("hook = %+v, want that it works again", h)
		}

		appendText(t, s, room, alice, "two")
		endTurn(t, s, takeOne(t, s), &chat.DeliveryFailure{Text: "answered 410 Gone", RetryAfter: time.Second, GiveUp: true})
		if h := outgoing(t, s, room); h.DisabledAt == 0 || h.NextTryAt != 0 {
			t.Fatalf("hook = %+v, want given up", h)
		}
		later(t, s, time.Second*30)
		noTurn(t, s, "it was given up")
	})
}

// TestAHookIsTakenByOne lets many nodes ask at once.
func TestAHookIsTakenByOne(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		const hooks = 30
		for i := range hooks / 10 {
			room := createRoom(t, s, alice, fmt.Sprintf("room %d", i))
			for range 10 {
				createOutgoing(t, s, room, alice)
			}
			appendText(t, s, room, alice, "due")
		}
		var mu sync.Mutex
		taken := map[chat.WebhookID]int{}
		var nodes sync.WaitGroup
		for range 8 {
			nodes.Go(func() {
				for range 5 {
					turns, err := takeDue(t.Context(), s, 3)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					for _, turn := range turns {
						taken[turn.ID]++
					}
					mu.Unlock()
				}
			})
		}
		nodes.Wait()
		for turns := take(t, s, hooks); len(turns) > 0; turns = take(t, s, hooks) {
			for _, turn := range turns {
				taken[turn.ID]++
			}
		}
		if len(taken) != hooks {
			t.Fatalf("%d hooks taken, want %d", len(taken), hooks)
		}
		for id, n := range taken {
			if n != 1 {
				t.Errorf("hook %d taken %d times, want once", id, n)
			}
		}
	})
}

func setRole(t *testing.T, s *Store, room chat.Room, by, member chat.Caller, role chat.RoomRole) {
	t.Helper()
	if _, err := s.SetRole(t.Context(), room.ID, by.User.ID, member.User.ID, role, nil); err != nil {
		t.Fatalf("set role: %v", err)
	}
}

func anyBan(chat.Membership, *chat.Membership) error { return nil }

func notices(t *testing.T, s *Store) (written []chat.Message) {
	t.Helper()
	pauses, err := s.UnnoticedPauses(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pauses {
		m, err := s.NoticePause(t.Context(), p)
		if err != nil || m == nil {
			t.Fatalf("notice %+v: %v, %v", p, m, err)
		}
		again, err := s.NoticePause(t.Context(), p) // another node
		if err != nil || again != nil {
			t.Fatalf("notice %+v again: %v, %v, want none", p, again, err)
		}
		written = append(written, *m)
	}
	return written
}

// TestWebhooksAndInvitesOfAFormerManagerPause takes the right to manage webhooks from
// their maker in every way there is.
func TestWebhooksAndInvitesOfAFormerManagerPause(t *testing.T) {
	for name, take := range map[string]func(t *testing.T, s *Store, room chat.Room, alice, bob chat.Caller){
		"leaves": func(t *testing.T, s *Store, room chat.Room, _, bob chat.Caller) {
			if _, err := s.Leave(t.Context(), room.ID, bob.User.ID); err != nil {
				t.Fatal(err)
			}
		},
		"is kicked": func(t *testing.T, s *Store, room chat.Room, alice, bob chat.Caller) {
			if _, err := s.Kick(t.Context(), room.ID, alice.User.ID, bob.User.ID, nil); err != nil {
				t.Fatal(err)
			}
		},
		"is banned": func(t *testing.T, s *Store, room chat.Room, alice, bob chat.Caller) {
			if _, _, err := s.Ban(t.Context(), room.ID, alice.User.ID, bob.User.ID, "", anyBan); err != nil {
				t.Fatal(err)
			}
		},
		"is demoted": func(t *testing.T, s *Store, room chat.Room, alice, bob chat.Caller) {
			setRole(t, s, room, alice, bob, chat.Member)
		},
		"is disabled by an admin of the server": func(t *testing.T, s *Store, _ chat.Room, alice, bob chat.Caller) {
			yes := true
			if _, err := s.ChangeAccount(t.Context(), alice.User.ID, bob.User.ID, chat.AccountChange{Disabled: &yes}); err != nil {
				t.Fatal(err)
			}
		},
		"closes its account": func(t *testing.T, s *Store, _ chat.Room, _, bob chat.Caller) {
			if _, err := s.CloseAccount(t.Context(), bob.User.ID, "deleted-2", false); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run("the maker "+name, func(t *testing.T) {
			onEach(t, func(t *testing.T, s *Store) {
				alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
				room := createRoom(t, s, alice, "lobby")
				join(t, s, room, bob)
				setRole(t, s, room, alice, bob, chat.RoomAdmin)
				in, inHash := createIncoming(t, s, room, bob, "hook-1")
				out := createOutgoing(t, s, room, bob)
				invite := make([]byte, 32)
				_, err := s.CreateInvite(t.Context(), chat.NewInvite{Room: room.ID, By: bob.User.ID, TokenHash: invite, ExpiresAt: chat.NoExpiry}, nil)
				if err != nil {
					t.Fatal(err)
				}
				if in.CreatedBy.ID != bob.User.ID || out.CreatedBy.ID != bob.User.ID || in.Paused || out.Paused {
					t.Fatalf("webhooks = %+v, %+v, want active ones of bob", in, out)
				}
				if written := notices(t, s); len(written) != 0 {
					t.Fatalf("notices = %+v, want none", written)
				}
				appendText(t, s, room, alice, "one")
				underWay := takeOne(t, s)

				take(t, s, room, alice, bob)
				delivered(t, s, underWay, underWay.Delivered+1, false)
				appendText(t, s, room, alice, "two")
				later(t, s, 2*testLease)
				noTurn(t, s, "it is paused")
				if h := outgoing(t, s, room); !h.Paused {
					t.Fatalf("hook = %+v, want paused", h)
				}
				if h, _, err := s.IncomingByToken(t.Context(), inHash); err != nil || !h.Paused {
					t.Fatalf("hook = %+v, %v, want paused", h, err)
				}
				if invites, err := s.Invites(t.Context(), room.ID); err != nil || len(invites) != 1 || !invites[0].Paused {
					t.Fatalf("invites = %+v, %v, want one, paused", invites, err)
				}
				_, _, err = s.JoinInvited(t.Context(), invite, carol.User.ID)
				wantCode(t, err, chat.NotFound)
				_, err = s.Invited(t.Context(), invite, carol.User.ID)
				wantCode(t, err, chat.NotFound)
				if written := notices(t, s); len(written) != 1 || written[0].System.Action != chat.Paused || written[0].System.UserID != bob.User.ID {
					t.Fatalf("notices = %+v, want one about bob", written)
				}
				if written := notices(t, s); len(written) != 0 {
					t.Fatalf("notices = %+v, want none again", written)
				}

				resumed, err := s.ResumeOutgoing(t.Context(), room.ID, out.ID, alice.User.ID, nil)
				if err != nil || resumed.Paused || resumed.CreatedBy.ID != alice.User.ID {
					t.Fatalf("resumed = %+v, %v", resumed, err)
				}
				if turn := takeOne(t, s); turn.Delivered != out.Delivered {
					t.Fatalf("turn = %+v, want on from %d", turn, out.Delivered)
				}
				if h, err := s.ResumeIncoming(t.Context(), room.ID, in.ID, alice.User.ID, nil); err != nil || h.Paused {
					t.Fatalf("resumed = %+v, %v", h, err)
				}
				_, err = s.ResumeOutgoing(t.Context(), room.ID, 999, alice.User.ID, nil)
				wantCode(t, err, chat.NotFound)
			})
		})
	}
}

func TestAWebhookPausesAgainWithANewNotice(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bob)
		for range 2 {
			setRole(t, s, room, alice, bob, chat.RoomAdmin)
			if hooks, err := s.Outgoing(t.Context(), room.ID); err != nil || len(hooks) == 0 {
				createOutgoing(t, s, room, bob)
			}
			if h := outgoing(t, s, room); h.Paused {
				t.Fatalf("hook = %+v, want active with its maker", h)
			}
			if written := notices(t, s); len(written) != 0 {
				t.Fatalf("notices = %+v, want none", written)
			}
			setRole(t, s, room, alice, bob, chat.Moderator)
			if written := notices(t, s); len(written) != 1 {
				t.Fatalf("notices = %+v, want one", written)
			}
		}
	})
}

// An invite or webhook that does not work anyway does not pause: the room is not bothered
// with a notice about it.
func TestWhatNoLongerWorksHasNoNotice(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bob)
		setRole(t, s, room, alice, bob, chat.RoomAdmin)
		once, usedUp := 1, []byte(strings.Repeat("u", 32))
		for _, n := range []chat.NewInvite{
			{TokenHash: []byte(strings.Repeat("e", 32)), ExpiresAt: s.clock() + 1000},
			{TokenHash: usedUp, ExpiresAt: chat.NoExpiry, Uses: &once},
		} {
			n.Room, n.By = room.ID, bob.User.ID
			if _, err := s.CreateInvite(t.Context(), n, nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := s.JoinInvited(t.Context(), usedUp, carol.User.ID); err != nil {
			t.Fatal(err)
		}
		createOutgoing(t, s, room, bob)
		appendText(t, s, room, alice, "one")
		endTurn(t, s, takeOne(t, s), &chat.DeliveryFailure{Text: "answered 410 Gone", GiveUp: true})
		setRole(t, s, room, alice, bob, chat.Member)
		later(t, s, 2*time.Second)
		if written := notices(t, s); len(written) != 0 {
			t.Fatalf("notices = %+v, want none", written)
		}
	})
}

func TestDueHooksAreBoundedForEachMaker(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		of, his := createRoom(t, s, alice, "hers"), createRoom(t, s, bob, "his")
		for range 5 {
			createOutgoing(t, s, of, alice)
		}
		late := createOutgoing(t, s, his, bob)
		appendText(t, s, of, alice, "one")
		appendText(t, s, his, bob, "one")
		due, err := s.Due(t.Context(), 2, 3)
		if err != nil || len(due) != 3 || due[2].ID != late.ID || due[2].Maker != bob.User.ID {
			t.Fatalf("due = %+v, %v, want two of alice and the one of bob", due, err)
		}
	})
}
