package store

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestBans(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bob) // 1
		ctx := t.Context()
		ban := func(user chat.UserID, reason string) (chat.Ban, *chat.Message) {
			t.Helper()
			b, systemMsg, err := s.Ban(ctx, room.ID, alice.User.ID, user, reason, allow)
			if err != nil {
				t.Fatalf("ban: %v", err)
			}
			return b, systemMsg
		}

		t.Run("a ban of a member is reported as a kick and takes a number", func(t *testing.T) {
			b, systemMsg := ban(bob.User.ID, "noise")
			if b.User.Username != "bob" || b.By.Username != "alice" || b.Reason != "noise" || b.CreatedAt == 0 {
				t.Fatalf("ban = %+v", b)
			}
			if user, reason := (chat.MessageChanged{Message: *systemMsg, Seq: 2}).EndsMembership(); systemMsg.Seq != 2 || reason != chat.RemovedByKick || user != bob.User.ID {
				t.Fatalf("system message = %+v, it ended the membership of %d (%s), want that of bob at 2", systemMsg, user, reason)
			}
			_, _, err := s.Append(ctx, draft(room, bob, "still here?"), chat.CanSend)
			wantCode(t, err, chat.NotAMember)
		})
		t.Run("banning again changes only the reason", func(t *testing.T) {
			if b, systemMsg := ban(bob.User.ID, "spam"); systemMsg != nil || b.Reason != "spam" {
				t.Fatalf("ban = %+v, system message = %+v", b, systemMsg)
			}
		})
		t.Run("a non-member can be banned, an unknown user is not found", func(t *testing.T) {
			if _, systemMsg := ban(carol.User.ID, ""); systemMsg != nil {
				t.Fatalf("system message = %+v, want none", systemMsg)
			}
			_, _, err := s.Ban(ctx, room.ID, alice.User.ID, 999, "", allow)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("the rule gets the target, nil for a non-member", func(t *testing.T) {
			dave := register(t, s, "dave")
			join(t, s, room, dave) // 3
			for user, member := range map[chat.UserID]bool{dave.User.ID: true, carol.User.ID: false} {
				_, _, err := s.Ban(ctx, room.ID, alice.User.ID, user, "", func(by chat.Membership, target *chat.Membership) error {
					if by.Role != chat.Owner || (target != nil) != member {
						t.Errorf("rule called with %+v, %+v", by, target)
					}
					return chat.Errorf(chat.Forbidden, "no")
				})
				wantCode(t, err, chat.Forbidden)
			}
			_, _, err := s.Ban(ctx, room.ID, carol.User.ID, dave.User.ID, "", allow)
			wantCode(t, err, chat.NotAMember)
		})
		t.Run("a banned user cannot join", func(t *testing.T) {
			_, _, err := s.Join(ctx, room.ID, bob.User.ID, nil)
			wantCode(t, err, chat.Forbidden)
		})
		t.Run("pages contain every ban once", func(t *testing.T) {
			first, next, err := s.Bans(ctx, room.ID, 1, "")
			if err != nil || len(first) != 1 || next == "" {
				t.Fatalf("first page = %+v, %q, %v", first, next, err)
			}
			second, end, err := s.Bans(ctx, room.ID, 1, next)
			if err != nil || len(second) != 1 || end != "" || first[0].User.Username+second[0].User.Username != "bobcarol" {
				t.Fatalf("pages = %+v %+v, %q, %v", first, second, end, err)
			}
			_, _, err = s.Bans(ctx, room.ID, 1, "x")
			wantCode(t, err, chat.BadRequest)
		})
		t.Run("an unbanned user can join", func(t *testing.T) {
			if err := s.Unban(ctx, room.ID, alice.User.ID, bob.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			wantCode(t, s.Unban(ctx, room.ID, alice.User.ID, bob.User.ID, nil), chat.NotFound)
			join(t, s, room, bob)
		})
		wantDense(t, s, room.ID)
	})
}

// allow is a rule that allows every action.
func allow(chat.Membership, *chat.Membership) error { return nil }

func TestModerationIsAudited(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bob)
		ctx, a, b := t.Context(), alice.User.ID, bob.User.ID
		until := chat.At(time.Now().Add(time.Hour))
		var invite chat.Invite
		for _, action := range []func() error{
			func() error { _, err := s.Mute(ctx, room.ID, a, b, until, nil); return err },
			func() error { _, err := s.Mute(ctx, room.ID, a, b, until, nil); return err }, // no change
			func() error { _, err := s.Mute(ctx, room.ID, a, b, 0, nil); return err },
			func() error { _, _, err := s.Ban(ctx, room.ID, a, b, "secret", allow); return err },
			func() error { return s.Unban(ctx, room.ID, a, b, nil) },
			func() (err error) {
				invite, err = s.CreateInvite(ctx, chat.NewInvite{Room: room.ID, By: a, TokenHash: randomHash(), ExpiresAt: until}, nil)
				return err
			},
			func() error { return s.RevokeInvite(ctx, room.ID, a, invite.ID, nil) },
		} {
			if err := action(); err != nil {
				t.Fatal(err)
			}
		}
		wantAudit(t, s,
			fmt.Sprintf("%d member.mute %d %d until %s", a, room.ID, b, until.Std().Format("2006-01-02 15:04:05 UTC")),
			fmt.Sprintf("%d member.unmute %d %d ", a, room.ID, b),
			fmt.Sprintf("%d member.ban %d %d ", a, room.ID, b),
			fmt.Sprintf("%d member.unban %d %d ", a, room.ID, b),
			fmt.Sprintf("%d invite.create %d 0 invite %d", a, room.ID, invite.ID),
			fmt.Sprintf("%d invite.revoke %d 0 invite %d", a, room.ID, invite.ID),
		)
	})
}

// Whatever the order of a join and a ban, the user is not a member afterwards.
func TestBannedUserIsNotMemberAfterConcurrentJoins(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")
		for range 20 {
			var joins sync.WaitGroup
			for range 4 {
				joins.Go(func() {
					if _, _, err := s.Join(t.Context(), room.ID, bob.User.ID, nil); err != nil && chat.CodeOf(err) != chat.Forbidden {
						t.Errorf("join: %v", err)
					}
				})
			}
			if _, _, err := s.Ban(t.Context(), room.ID, alice.User.ID, bob.User.ID, "", allow); err != nil {
				t.Fatal(err)
			}
			joins.Wait()
			if got, m, err := s.Room(t.Context(), room.ID, bob.User.ID); err != nil || m != nil || got.MemberCount != 1 {
				t.Fatalf("after the ban: membership = %+v, members = %d, %v", m, got.MemberCount, err)
			}
			if err := s.Unban(t.Context(), room.ID, alice.User.ID, bob.User.ID, nil); err != nil {
				t.Fatal(err)
			}
		}
		wantDense(t, s, room.ID)
	})
}

func TestMutes(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bob)
		ctx := t.Context()
		now := time.Now()
		s.now = func() time.Time { return now }
		s.queue.now = s.clock
		until := chat.At(now.Add(time.Minute))
		mute := func(until chat.Time) chat.Membership {
			t.Helper()
			m, err := s.Mute(ctx, room.ID, alice.User.ID, bob.User.ID, until, nil)
			if err != nil {
				t.Fatalf("mute: %v", err)
			}
			return m
		}
		wantMuted := func(want chat.Time) {
			t.Helper()
			_, m, err := s.Room(ctx, room.ID, bob.User.ID)
			if err != nil || m.MutedUntil != want {
				t.Fatalf("membership = %+v, %v, want muted until %d", m, err, want)
			}
			members, _, err := s.Members(ctx, room.ID, chat.MemberQuery{Limit: 10})
			if err != nil || members[1].MutedUntil != want || members[0].MutedUntil != 0 {
				t.Fatalf("members = %+v, %v", members, err)
			}
			own, err := s.OwnRooms(ctx, bob.User.ID)
			if err != nil || own[0].MutedUntil != want {
				t.Fatalf("own rooms = %+v, %v", own, err)
			}
		}

		known := draft(room, bob, "before")
		if _, _, err := s.Append(ctx, known, chat.CanSend); err != nil {
			t.Fatal(err)
		}
		if m := mute(until); m.MutedUntil != until {
			t.Fatalf("membership = %+v, want muted until %d", m, until)
		}
		t.Run("a muted member cannot send and gets the end of the mute", func(t *testing.T) {
			_, _, err := s.Append(ctx, draft(room, bob, "hello?"), chat.CanSend)
			wantCode(t, err, chat.Forbidden)
			if after := err.(*chat.Error).RetryAfter; after.Round(time.Second) != time.Minute { //nolint:errorlint // checked by wantCode
				t.Fatalf("retry after %s, want a minute", after)
			}
			wantMuted(until)
		})
		t.Run("a retry of a message from before the mute is recognized", func(t *testing.T) {
			if _, fresh, err := s.Append(ctx, known, chat.CanSend); err != nil || fresh {
				t.Fatalf("again: fresh %v, %v", fresh, err)
			}
		})
		t.Run("the rule of a change gets the mute", func(t *testing.T) {
			m := appendText(t, s, room, alice, "hers")
			_, _, err := s.React(ctx, m.Ref(), bob.User.ID, "👍", true, func(by chat.Membership, _ chat.Message) error {
				if by.MutedUntil != until {
					t.Errorf("rule called with %+v", by)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
		t.Run("pending and joining again does not end it", func(t *testing.T) {
			if _, err := s.Leave(ctx, room.ID, bob.User.ID); err != nil {
				t.Fatal(err)
			}
			_, err := s.Mute(ctx, room.ID, alice.User.ID, bob.User.ID, until, nil)
			wantCode(t, err, chat.NotFound)
			m, _, err := s.Join(ctx, room.ID, bob.User.ID, nil)
			if err != nil || m.MutedUntil != until {
				t.Fatalf("joined = %+v, %v, want muted until %d", m, err, until)
			}
			_, _, err = s.Append(ctx, draft(room, bob, "hello?"), chat.CanSend)
			wantCode(t, err, chat.Forbidden)
		})
		t.Run("it ends at its time", func(t *testing.T) {
			now = now.Add(time.Minute)
			wantMuted(0)
			appendText(t, s, room, bob, "free")
		})
		t.Run("it can be removed", func(t *testing.T) {
			mute(chat.At(now.Add(time.Hour)))
			if m := mute(0); m.MutedUntil != 0 {
				t.Fatalf("membership = %+v", m)
			}
			wantMuted(0)
			appendText(t, s, room, bob, "free again")
		})
	})
}
