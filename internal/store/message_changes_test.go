package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestMessageChanges(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bob)                            // number 1
		first := appendText(t, s, room, alice, "first")  // 2
		second := appendText(t, s, room, alice, "other") // 3
		ctx := t.Context()

		t.Run("an edit takes a number and keeps the seq", func(t *testing.T) {
			m, changed, err := s.Edit(ctx, first.Ref(), alice.User.ID, "edited", "<p>edited</p>", nil)
			if err != nil || !changed || m.Seq != 2 || m.ChangeSeq != 4 || m.Text != "edited" || m.EditedAt == 0 || m.LastVerb != chat.Edited {
				t.Fatalf("edit = %+v, %v, %v", m, changed, err)
			}
		})
		t.Run("an edit with the same text changes nothing", func(t *testing.T) {
			m, changed, err := s.Edit(ctx, first.Ref(), alice.User.ID, "edited", "<p>edited</p>", nil)
			if err != nil || changed || m.ChangeSeq != 4 {
				t.Fatalf("edit = %+v, %v, %v", m, changed, err)
			}
		})
		t.Run("a known cid still returns the original after an edit", func(t *testing.T) {
			m, fresh, err := s.Append(ctx, chat.Draft{Room: room.ID, Author: alice.User.ID, CID: first.CID, Text: "first", HTML: "x"}, chat.CanSend)
			if err != nil || fresh || m.ID != first.ID || m.Text != "edited" {
				t.Fatalf("append = %+v, %v, %v", m, fresh, err)
			}
		})
		t.Run("an edit refused by the rule takes no number", func(t *testing.T) {
			_, _, err := s.Edit(ctx, first.Ref(), bob.User.ID, "mine", "", func(by chat.Membership, m chat.Message) error {
				if by.UserID != bob.User.ID || by.Role != chat.Member || m.Author.ID != alice.User.ID {
					t.Errorf("rule called with %+v, %+v", by, m)
				}
				return chat.Errorf(chat.Forbidden, "no")
			})
			wantCode(t, err, chat.Forbidden)
			wantHead(t, s, room.ID, 4)
		})
		t.Run("a reaction counts once for each user and can be removed", func(t *testing.T) {
			for i, step := range []struct {
				by      chat.Caller
				on      bool
				changed bool
				count   int
				me      bool
			}{
				{alice, true, true, 1, true}, {alice, true, false, 1, true}, {bob, true, true, 2, true},
				{alice, false, true, 1, false}, {alice, false, false, 1, false},
			} {
				m, changed, err := s.React(ctx, second.Ref(), step.by.User.ID, "👍", step.on, nil)
				if err != nil || changed != step.changed || len(m.Reactions) != 1 || m.Reactions[0].Count != step.count || m.Reactions[0].Me != step.me {
					t.Fatalf("step %d: %+v, %v, %v", i, m.Reactions, changed, err)
				}
			}
			wantHead(t, s, room.ID, 7)
			page, err := s.Page(ctx, room.ID, bob.User.ID, chat.PageQuery{Limit: 1})
			if err != nil || !page.Messages[0].Reactions[0].Me || page.Messages[0].Reactions[0].UserIDs[0] != bob.User.ID {
				t.Fatalf("page of bob = %+v, %v, want his own reaction marked", page.Messages, err)
			}
		})
		t.Run("a deleted message keeps its seq and loses text and reactions", func(t *testing.T) {
			m, changed, err := s.Delete(ctx, second.Ref(), alice.User.ID, nil)
			if err != nil || !changed || m.Seq != 3 || m.ChangeSeq != 8 || m.Text != "" || m.HTML != "" || m.DeletedAt == 0 || len(m.Reactions) != 0 {
				t.Fatalf("delete = %+v, %v, %v", m, changed, err)
			}
			if _, changed, err = s.Delete(ctx, second.Ref(), alice.User.ID, nil); err != nil || changed {
				t.Fatalf("second delete: changed = %v, err = %v", changed, err)
			}
		})
		t.Run("non-members get NOT_FOUND", func(t *testing.T) {
			_, err := s.Message(ctx, first.ID, carol.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.Edit(ctx, first.Ref(), carol.User.ID, "x", "", nil)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.FindMessage(ctx, first.ID, carol.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.FindMessage(ctx, 99999, alice.User.ID)
			wantCode(t, err, chat.NotFound)
			_, _, err = s.Delete(ctx, chat.MessageRef{ID: 99999, Room: room.ID}, alice.User.ID, nil)
			wantCode(t, err, chat.NotFound)
		})
		t.Run("a member of another room cannot change a message of this one", func(t *testing.T) {
			own := createRoom(t, s, carol, "elsewhere")
			_, _, err := s.Delete(ctx, chat.MessageRef{ID: first.ID, Room: own.ID}, carol.User.ID, nil)
			wantCode(t, err, chat.NotFound)
			wantHead(t, s, own.ID, 0)
		})
		t.Run("a member finds the room of a message", func(t *testing.T) {
			ref, by, err := s.FindMessage(ctx, first.ID, bob.User.ID)
			if err != nil || ref != first.Ref() || by.UserID != bob.User.ID || by.RoomID != room.ID || by.Role != chat.Member {
				t.Fatalf("find = %+v, %+v, %v, want %+v", ref, by, err, first.Ref())
			}
		})
		t.Run("changes contain each message once, in its current state", func(t *testing.T) {
			got, err := s.Changes(ctx, room.ID, alice.User.ID, chat.ChangesQuery{Since: 1, Limit: 100})
			if err != nil || len(got.Messages) != 2 || got.Messages[0].ID != first.ID || got.Messages[1].ID != second.ID || got.To != 8 {
				t.Fatalf("changes = %+v, %v", got, err)
			}
			events := slices.Collect(got.BySeq())
			if len(events) != 7 || events[0].Seq != 2 || events[6].Seq != 8 {
				t.Fatalf("%d events, want 2…8", len(events))
			}
		})
	})
}

func wantHead(t *testing.T, s *Store, room chat.RoomID, want chat.Seq) {
	t.Helper()
	heads, err := s.Heads(t.Context(), []chat.RoomID{room})
	if err != nil || heads[room] != want {
		t.Fatalf("head = %d, %v, want %d", heads[room], err, want)
	}
}

// TestChangesAreDense makes many random changes. The events of every part of the sequence
// must be dense and lead to the final state.
func TestChangesAreDense(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		var ids []chat.MessageID
		random := rand.New(rand.NewPCG(7, 7))
		var wg sync.WaitGroup
		for i := range 12 {
			ids = append(ids, appendText(t, s, room, alice, fmt.Sprint(i)).ID)
		}
		for worker := range 4 {
			picks := random.Perm(12)
			wg.Go(func() {
				for n, pick := range picks {
					var err error
					switch n % 3 {
					case 0:
						_, _, err = s.Edit(t.Context(), chat.MessageRef{ID: ids[pick], Room: room.ID}, alice.User.ID, fmt.Sprint(worker, n), "", nil)
					case 1:
						_, _, err = s.React(t.Context(), chat.MessageRef{ID: ids[pick], Room: room.ID}, alice.User.ID, "👍", n%2 == 0, nil)
					default:
						_, _, err = s.Append(t.Context(), draft(room, alice, "more"), chat.CanSend)
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		final, err := s.Changes(t.Context(), room.ID, alice.User.ID, chat.ChangesQuery{Since: 0, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for since := range final.Head {
			for _, limit := range []int{1, 5, 100} {
				c, err := s.Changes(t.Context(), room.ID, alice.User.ID, chat.ChangesQuery{Since: since, Limit: limit})
				if err != nil {
					t.Fatal(err)
				}
				next := since + 1
				for e := range c.BySeq() {
					if e.Seq != next {
						t.Fatalf("since %d, limit %d: event %d, want %d", since, limit, e.Seq, next)
					}
					next++
				}
				if next != c.To+1 || c.To <= since {
					t.Fatalf("since %d, limit %d: events end before %d, to is %d", since, limit, next, c.To)
				}
			}
		}
	})
}

// TestMessageIsReadInOneSnapshot ensures that the parts of a message belong together. Each
// odd change adds the reaction, each even one removes it.
func TestMessageIsReadInOneSnapshot(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		m := appendText(t, s, room, alice, "first")
		done := make(chan struct{})
		var readers sync.WaitGroup
		defer readers.Wait()
		defer close(done)
		for range 4 {
			readers.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					c, err := s.Changes(t.Context(), room.ID, alice.User.ID, chat.ChangesQuery{Since: 0, Limit: 10})
					if err != nil {
						t.Errorf("read: %v", err)
						return
					}
					got := c.Messages[0]
					if want := int(got.ChangeSeq-got.Seq) % 2; len(got.Reactions) != want {
						t.Errorf("after change %d: %d reactions, want %d", got.ChangeSeq-got.Seq, len(got.Reactions), want)
						return
					}
				}
			})
		}
		for i := range 100 {
			for {
				_, _, err := s.React(t.Context(), m.Ref(), alice.User.ID, "👍", i%2 == 0, nil)
				if err == nil {
					break
				}
				// The readers and a busy machine can use up the time of a change, which is then repeated.
				if chat.CodeOf(err) != chat.Unavailable {
					t.Fatalf("react: %v", err)
				}
			}
		}
	})
}
