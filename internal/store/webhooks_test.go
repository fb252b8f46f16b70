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
	webhook, systemMsg, err := s.CreateIncoming(t.Context(), chat.NewIncomingWebhook{
		Room: room.ID, Bot: chat.NewAccount{Username: username, DisplayName: "CI"}, TokenHash: hash,
	}, by.User.ID, nil)
	if err != nil || systemMsg == nil || systemMsg.System.Action != chat.Joined || systemMsg.System.UserID != webhook.UserID {
		t.Fatalf("create webhook: %+v, system message %+v, %v", webhook, systemMsg, err)
	}
	return webhook, hash
}

func TestIncomingWebhooks(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		webhook, hash := createIncoming(t, s, room, alice, "hook-one")

		t.Run("a token finds the webhook and its bot, which is a member", func(t *testing.T) {
			found, bot, err := s.IncomingByToken(ctx, hash)
			if err != nil || found != webhook || bot.ID != webhook.UserID || bot.Role != chat.Bot || bot.DisplayName != "CI" {
				t.Fatalf("found %+v, %+v, %v, want %+v", found, bot, err, webhook)
			}
			appendText(t, s, room, chat.Caller{User: bot}, "green")
			_, _, err = s.IncomingByToken(ctx, randomHash())
			wantCode(t, err, chat.NotFound)
		})
		t.Run("the rule and the membership are checked under the lock", func(t *testing.T) {
			no := func(chat.Membership, *chat.Membership) error { return chat.Errorf(chat.Forbidden, "no") }
			_, _, err := s.CreateIncoming(ctx, chat.NewIncomingWebhook{Room: room.ID, TokenHash: randomHash()}, alice.User.ID, no)
			wantCode(t, err, chat.Forbidden)
			_, err = s.DeleteIncoming(ctx, room.ID, webhook.ID, alice.User.ID, no)
			wantCode(t, err, chat.Forbidden)
			_, err = s.DeleteIncoming(ctx, room.ID, webhook.ID, register(t, s, "bob").User.ID, nil)
			wantCode(t, err, chat.NotAMember)
			_, err = s.DeleteIncoming(ctx, room.ID, 9999, alice.User.ID, nil)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("a deleted webhook is refused and its bot is removed", func(t *testing.T) {
			systemMsg, err := s.DeleteIncoming(ctx, room.ID, webhook.ID, alice.User.ID, nil)
			if err != nil || systemMsg == nil || systemMsg.System.Action != chat.Kicked || systemMsg.System.UserID != webhook.UserID {
				t.Fatalf("system message = %+v, %v", systemMsg, err)
			}
			_, _, err = s.IncomingByToken(ctx, hash)
			wantCode(t, err, chat.NotFound)
			webhooks, err := s.Incoming(ctx, room.ID)
			members, _, _ := s.Members(ctx, room.ID, chat.MemberQuery{Limit: 10})
			if err != nil || len(webhooks) != 0 || len(members) != 1 {
				t.Fatalf("%d webhooks, %d members, %v, want none and alice", len(webhooks), len(members), err)
			}
			wantDense(t, s, room.ID)
		})
		t.Run("deleting a webhook whose bot was kicked writes no message", func(t *testing.T) {
			kicked, _ := createIncoming(t, s, room, alice, "hook-two")
			if _, err := s.Kick(ctx, room.ID, alice.User.ID, kicked.UserID, nil); err != nil {
				t.Fatal(err)
			}
			if systemMsg, err := s.DeleteIncoming(ctx, room.ID, kicked.ID, alice.User.ID, nil); err != nil || systemMsg != nil {
				t.Fatalf("system message = %+v, %v, want none", systemMsg, err)
			}
		})
		t.Run("the bot is deleted with its room", func(t *testing.T) {
			den := createRoom(t, s, alice, "den")
			deleted, token := createIncoming(t, s, den, alice, "hook-den")
			if err := s.DeleteRoom(ctx, den.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			_, _, err := s.IncomingByToken(ctx, token)
			wantCode(t, err, chat.NotFound)
			if pending, err := s.PendingDeletions(ctx, 10); err != nil || !slices.Equal(pending, []chat.UserID{deleted.UserID}) {
				t.Fatalf("pending = %v, %v, want the bot", pending, err)
			}
		})
		t.Run("the number of webhooks of a room is limited", func(t *testing.T) {
			for i := range chat.MaxWebhooks {
				createIncoming(t, s, room, alice, fmt.Sprintf("hook-%d", i))
			}
			_, _, err := s.CreateIncoming(ctx, chat.NewIncomingWebhook{
				Room: room.ID, Bot: chat.NewAccount{Username: "hook-more", DisplayName: "CI"}, TokenHash: randomHash(),
			}, alice.User.ID, nil)
			wantCode(t, err, chat.Forbidden)
			if webhooks, err := s.Incoming(ctx, room.ID); err != nil || len(webhooks) != chat.MaxWebhooks || webhooks[0].Name != "CI" {
				t.Fatalf("webhooks = %+v, %v", webhooks, err)
			}
		})
	})
}

func createOutgoing(t *testing.T, s *Store, room chat.Room, by chat.Caller) chat.OutgoingWebhook {
	t.Helper()
	webhook, err := s.CreateOutgoing(t.Context(), chat.NewOutgoingWebhook{Room: room.ID, URL: "https://example.org/x?key=1", Secret: "s"}, by.User.ID, nil)
	if err != nil {
		t.Fatalf("create webhook: %v", err)
	}
	return webhook
}

const testLease = time.Minute

// claim leases the webhooks that are due.
func claim(t *testing.T, s *Store, limit int) []chat.DeliveryLease {
	t.Helper()
	leases, err := claimDue(t.Context(), s, limit)
	if err != nil {
		t.Fatalf("claim webhooks: %v", err)
	}
	return leases
}

func claimDue(ctx context.Context, s *Store, limit int) ([]chat.DeliveryLease, error) {
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

func claimOne(t *testing.T, s *Store) chat.DeliveryLease {
	t.Helper()
	leases := claim(t, s, 10)
	if len(leases) != 1 {
		t.Fatalf("%d leases, want 1", len(leases))
	}
	return leases[0]
}

func wantNoLease(t *testing.T, s *Store, why string) {
	t.Helper()
	if leases := claim(t, s, 10); len(leases) != 0 {
		t.Fatalf("leases = %+v, want none: %s", leases, why)
	}
}

// later advances the clock of the store until the test ends.
func later(t *testing.T, s *Store, by time.Duration) {
	before := s.now
	s.now = func() time.Time { return before().Add(by) }
	t.Cleanup(func() { s.now = before })
}

func release(t *testing.T, s *Store, lease chat.DeliveryLease, f *chat.DeliveryFailure) {
	t.Helper()
	if err := s.Release(t.Context(), lease, f); err != nil {
		t.Fatalf("release lease: %v", err)
	}
}

func ack(t *testing.T, s *Store, lease chat.DeliveryLease, upTo chat.Seq, want bool) {
	t.Helper()
	if held, err := s.Ack(t.Context(), lease, upTo, testLease); err != nil || held != want {
		t.Fatalf("ack: held %v, %v, want %v", held, err, want)
	}
}

func outgoing(t *testing.T, s *Store, room chat.Room) chat.OutgoingWebhook {
	t.Helper()
	webhooks, err := s.Outgoing(t.Context(), room.ID)
	if err != nil || len(webhooks) != 1 {
		t.Fatalf("webhooks = %+v, %v, want 1", webhooks, err)
	}
	return webhooks[0]
}

func TestOutgoingWebhookLeases(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		appendText(t, s, room, alice, "before")
		webhook := createOutgoing(t, s, room, alice)
		wantNoLease(t, s, "deliveries start after the current head")
		appendText(t, s, room, alice, "two")
		appendText(t, s, room, alice, "three")

		lease := claimOne(t, s)
		if lease.ID != webhook.ID || lease.Room != room.ID || lease.Delivered != 1 || lease.Secret != "s" || lease.URL != webhook.URL {
			t.Fatalf("lease = %+v, want delivered 1", lease)
		}
		wantNoLease(t, s, "it is leased")
		ack(t, s, lease, 2, true)
		release(t, s, lease, nil)

		lease = claimOne(t, s) // 3 is due
		if lease.Delivered != 2 {
			t.Fatalf("lease = %+v, want delivered 2", lease)
		}
		t.Run("a dead node holds a webhook until its lease ends and then changes nothing", func(t *testing.T) {
			later(t, s, testLease+time.Second)
			next := claimOne(t, s)
			ack(t, s, lease, 3, false)
			release(t, s, lease, &chat.DeliveryFailure{Text: "late", GiveUp: true})
			if h := outgoing(t, s, room); h.Delivered != 2 || h.Failures != 0 || h.DisabledAt != 0 {
				t.Fatalf("webhook = %+v, want no change by the old lease", h)
			}
			wantNoLease(t, s, "the new lease is valid")
			ack(t, s, next, 3, true)
			release(t, s, next, nil)
			wantNoLease(t, s, "everything is delivered")
		})
		t.Run("a deleted webhook is not due", func(t *testing.T) {
			appendText(t, s, room, alice, "four")
			later(t, s, time.Hour)
			if err := s.DeleteOutgoing(t.Context(), room.ID, webhook.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			wantNoLease(t, s, "it is deleted")
			wantCode(t, s.DeleteOutgoing(t.Context(), room.ID, webhook.ID, alice.User.ID, nil), chat.NotFound)
		})
		t.Run("it is deleted with its room", func(t *testing.T) {
			createOutgoing(t, s, room, alice)
			appendText(t, s, room, alice, "five")
			if err := s.DeleteRoom(t.Context(), room.ID, alice.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			wantNoLease(t, s, "the room is deleted")
		})
	})
}

func TestFailedWebhookIsRetriedLater(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room, other := createRoom(t, s, alice, "lobby"), createRoom(t, s, alice, "other")
		createOutgoing(t, s, room, alice)
		appendText(t, s, room, alice, "one")

		release(t, s, claimOne(t, s), &chat.DeliveryFailure{Text: "answered 500", RetryAfter: 4 * time.Second})
		if h := outgoing(t, s, room); h.Failures != 1 || h.LastError != "answered 500" || h.NextTryAt <= s.clock() {
			t.Fatalf("webhook = %+v, want one failure and a next try", h)
		}
		wantNoLease(t, s, "it is too early")
		later(t, s, 5*time.Second)
		working := createOutgoing(t, s, other, alice)
		appendText(t, s, other, alice, "one")
		if leases := claim(t, s, 1); len(leases) != 1 || leases[0].ID != working.ID {
			t.Fatalf("leases = %+v, want the working webhook first", leases)
		}
		lease := claimOne(t, s)
		if lease.Failures != 1 || lease.FailingSince == 0 {
			t.Fatalf("lease = %+v, want one failure", lease)
		}
		ack(t, s, lease, 1, true)
		release(t, s, lease, nil)
		if h := outgoing(t, s, room); h.Failures != 0 || h.LastError != "" || h.NextTryAt != 0 {
			t.Fatalf("webhook = %+v, want no failure", h)
		}

		appendText(t, s, room, alice, "two")
		release(t, s, claimOne(t, s), &chat.DeliveryFailure{Text: "answered 410 Gone", RetryAfter: time.Second, GiveUp: true})
		if h := outgoing(t, s, room); h.DisabledAt == 0 || h.NextTryAt != 0 {
			t.Fatalf("webhook = %+v, want disabled", h)
		}
		later(t, s, time.Second*30)
		wantNoLease(t, s, "it is disabled")
	})
}

// TestWebhookIsLeasedOnce claims from many nodes at the same time.
func TestWebhookIsLeasedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		const webhooks = 30
		for i := range webhooks / 10 {
			room := createRoom(t, s, alice, fmt.Sprintf("room %d", i))
			for range 10 {
				createOutgoing(t, s, room, alice)
			}
			appendText(t, s, room, alice, "due")
		}
		var mu sync.Mutex
		leased := map[chat.WebhookID]int{}
		var nodes sync.WaitGroup
		for range 8 {
			nodes.Go(func() {
				for range 5 {
					leases, err := claimDue(t.Context(), s, 3)
					if err != nil {
						t.Error(err)
					}
					mu.Lock()
					for _, lease := range leases {
						leased[lease.ID]++
					}
					mu.Unlock()
				}
			})
		}
		nodes.Wait()
		for leases := claim(t, s, webhooks); len(leases) > 0; leases = claim(t, s, webhooks) {
			for _, lease := range leases {
				leased[lease.ID]++
			}
		}
		if len(leased) != webhooks {
			t.Fatalf("%d webhooks leased, want %d", len(leased), webhooks)
		}
		for id, n := range leased {
			if n != 1 {
				t.Errorf("webhook %d leased %d times, want once", id, n)
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

func notices(t *testing.T, s *Store) (written []chat.Message) {
	t.Helper()
	pauses, err := s.UnnoticedPauses(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pauses {
		m, err := s.WritePauseNotice(t.Context(), p)
		if err != nil || m == nil {
			t.Fatalf("notice %+v: %v, %v", p, m, err)
		}
		again, err := s.WritePauseNotice(t.Context(), p) // another node
		if err != nil || again != nil {
			t.Fatalf("notice %+v again: %v, %v, want none", p, again, err)
		}
		written = append(written, *m)
	}
	return written
}

// TestWebhooksAndInvitesOfFormerManagerArePaused removes the permission to manage webhooks
// from their maker in every possible way.
func TestWebhooksAndInvitesOfFormerManagerArePaused(t *testing.T) {
	for name, demote := range map[string]func(t *testing.T, s *Store, room chat.Room, alice, bob chat.Caller){
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
			if _, _, err := s.Ban(t.Context(), room.ID, alice.User.ID, bob.User.ID, "", allow); err != nil {
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
				current := claimOne(t, s)

				demote(t, s, room, alice, bob)
				ack(t, s, current, current.Delivered+1, false)
				appendText(t, s, room, alice, "two")
				later(t, s, 2*testLease)
				wantNoLease(t, s, "it is paused")
				if h := outgoing(t, s, room); !h.Paused {
					t.Fatalf("webhook = %+v, want paused", h)
				}
				if h, _, err := s.IncomingByToken(t.Context(), inHash); err != nil || !h.Paused {
					t.Fatalf("webhook = %+v, %v, want paused", h, err)
				}
				if invites, err := s.Invites(t.Context(), room.ID); err != nil || len(invites) != 1 || !invites[0].Paused {
					t.Fatalf("invites = %+v, %v, want one, paused", invites, err)
				}
				_, _, err = s.JoinByInvite(t.Context(), invite, carol.User.ID)
				wantCode(t, err, chat.NotFound)
				_, err = s.RoomByInvite(t.Context(), invite, carol.User.ID)
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
				if lease := claimOne(t, s); lease.Delivered != out.Delivered {
					t.Fatalf("lease = %+v, want delivered %d", lease, out.Delivered)
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

func TestWebhookThatPausesAgainHasNewNotice(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bob)
		for range 2 {
			setRole(t, s, room, alice, bob, chat.RoomAdmin)
			if webhooks, err := s.Outgoing(t.Context(), room.ID); err != nil || len(webhooks) == 0 {
				createOutgoing(t, s, room, bob)
			}
			if h := outgoing(t, s, room); h.Paused {
				t.Fatalf("webhook = %+v, want active", h)
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

// An invite or webhook that does not work anyway is not paused, and the room gets no notice
// about it.
func TestUnusableWebhooksAndInvitesHaveNoPauseNotice(t *testing.T) {
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
		if _, _, err := s.JoinByInvite(t.Context(), usedUp, carol.User.ID); err != nil {
			t.Fatal(err)
		}
		createOutgoing(t, s, room, bob)
		appendText(t, s, room, alice, "one")
		release(t, s, claimOne(t, s), &chat.DeliveryFailure{Text: "answered 410 Gone", GiveUp: true})
		setRole(t, s, room, alice, bob, chat.Member)
		later(t, s, 2*time.Second)
		if written := notices(t, s); len(written) != 0 {
			t.Fatalf("notices = %+v, want none", written)
		}
	})
}

func TestDueWebhooksPerMakerAreLimited(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		hers, his := createRoom(t, s, alice, "hers"), createRoom(t, s, bob, "his")
		for range 5 {
			createOutgoing(t, s, hers, alice)
		}
		late := createOutgoing(t, s, his, bob)
		appendText(t, s, hers, alice, "one")
		appendText(t, s, his, bob, "one")
		due, err := s.Due(t.Context(), 2, 3)
		if err != nil || len(due) != 3 || due[2].ID != late.ID || due[2].Maker != bob.User.ID {
			t.Fatalf("due = %+v, %v, want two of alice and one of bob", due, err)
		}
	})
}
