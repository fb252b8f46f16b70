package store

import (
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestAppend(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room, other := createRoom(t, s, alice, "lobby"), createRoom(t, s, alice, "other")

		t.Run("returns the message as it is read later", func(t *testing.T) {
			d := draft(room, alice, "hello")
			m, fresh, err := s.Append(t.Context(), d, chat.CanSend)
			if err != nil || !fresh || m.ID == 0 || m.Seq != 1 || m.ChangeSeq != 1 || m.CID != d.CID || m.Author.Username != "alice" {
				t.Fatalf("append = %+v, %v, %v", m, fresh, err)
			}
			page, err := s.Page(t.Context(), room.ID, alice.User.ID, chat.PageQuery{Limit: 1})
			if err != nil || len(page.Messages) != 1 {
				t.Fatalf("page = %+v, %v", page, err)
			}
			if got, want := fmt.Sprintf("%+v", page.Messages[0]), fmt.Sprintf("%+v", m); got != want {
				t.Fatalf("read back\n%s\nwant\n%s", got, want)
			}
		})
		t.Run("same cid is stored once and returns the original", func(t *testing.T) {
			d := draft(room, alice, "once")
			first, _, err := s.Append(t.Context(), d, chat.CanSend)
			if err != nil {
				t.Fatal(err)
			}
			again, fresh, err := s.Append(t.Context(), d, chat.CanSend)
			if err != nil || fresh || again.ID != first.ID || again.Seq != first.Seq {
				t.Fatalf("again = %+v, %v, %v, want the original %d", again, fresh, err, first.ID)
			}
		})
		t.Run("same cid with another text, room or reply is a conflict", func(t *testing.T) {
			d := draft(room, alice, "first")
			original, _, err := s.Append(t.Context(), d, chat.CanSend)
			if err != nil {
				t.Fatal(err)
			}
			for _, change := range []func(*chat.Draft){
				func(d *chat.Draft) { d.Text = "second" },
				func(d *chat.Draft) { d.Room = other.ID },
				func(d *chat.Draft) { d.ReplyTo = original.ID },
			} {
				changed := d
				change(&changed)
				_, _, err := s.Append(t.Context(), changed, chat.CanSend)
				wantCode(t, err, chat.CIDConflict)
			}
		})
		t.Run("same cid of another author is another message", func(t *testing.T) {
			join(t, s, room, bob)
			d := draft(room, alice, "mine")
			if _, _, err := s.Append(t.Context(), d, chat.CanSend); err != nil {
				t.Fatal(err)
			}
			d.Author = bob.User.ID
			if _, fresh, err := s.Append(t.Context(), d, chat.CanSend); err != nil || !fresh {
				t.Fatalf("fresh = %v, err = %v, want a new message", fresh, err)
			}
		})
		t.Run("a non-member and an unknown room are refused and leave no gap", func(t *testing.T) {
			_, _, err := s.Append(t.Context(), draft(other, bob, "hi"), chat.CanSend)
			wantCode(t, err, chat.NotAMember)
			_, _, err = s.Append(t.Context(), draft(chat.Room{ID: 999}, bob, "hi"), chat.CanSend)
			wantCode(t, err, chat.NotFound)
			if head := wantDense(t, s, other.ID); head != 0 {
				t.Fatalf("head = %d, want 0", head)
			}
		})
		t.Run("a reply contains the replied message, which must be in the same room", func(t *testing.T) {
			asked := appendText(t, s, room, alice, "question")
			d := draft(room, bob, "answer")
			d.ReplyTo = asked.ID
			m, _, err := s.Append(t.Context(), d, chat.CanSend)
			if err != nil || m.ReplyTo == nil || m.ReplyTo.Excerpt != "question" || m.ReplyTo.Author.Username != "alice" {
				t.Fatalf("reply = %+v, %v", m.ReplyTo, err)
			}
			d = draft(other, alice, "elsewhere")
			d.ReplyTo = asked.ID
			_, _, err = s.Append(t.Context(), d, chat.CanSend)
			wantCode(t, err, chat.NotFound)
		})
		wantDense(t, s, room.ID)
	})
}

// TestConcurrentAppends sends from many users to shared rooms, every message twice, while a
// member joins and leaves.
func TestConcurrentAppends(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		const senders, sends = 16, 25
		alice, rejoining := register(t, s, "alice"), register(t, s, "rejoining")
		rooms := []chat.Room{createRoom(t, s, alice, "hot"), createRoom(t, s, alice, "cold"), createRoom(t, s, alice, "odd")}
		var wg sync.WaitGroup
		for i := range senders {
			author := register(t, s, fmt.Sprintf("sender%02d", i))
			for _, room := range rooms {
				join(t, s, room, author)
			}
			wg.Go(func() {
				last := map[chat.RoomID]chat.Seq{}
				for n := range sends {
					room := rooms[(n*n+i)%len(rooms)]
					d := draft(room, author, fmt.Sprintf("%d/%d", i, n))
					var results [2]chat.Message
					var both sync.WaitGroup
					for k := range results {
						both.Go(func() {
							m, _, err := s.Append(t.Context(), d, chat.CanSend)
							if err != nil {
								t.Errorf("append: %v", err)
							}
							results[k] = m
						})
					}
					both.Wait()
					if results[0].ID != results[1].ID || results[0].ID == 0 {
						t.Errorf("one cid has two messages: %d, %d", results[0].ID, results[1].ID)
					}
					if results[0].Seq <= last[room.ID] {
						t.Errorf("confirmed %d after %d", results[0].Seq, last[room.ID])
					}
					last[room.ID] = results[0].Seq
				}
			})
		}
		wg.Go(func() {
			for range 20 {
				join(t, s, rooms[0], rejoining)
				_, _, _ = s.Append(t.Context(), draft(rooms[0], rejoining, "hi"), chat.CanSend)
				if _, err := s.Leave(t.Context(), rooms[0].ID, rejoining.User.ID); err != nil {
					t.Errorf("leave: %v", err)
				}
				_, _, err := s.Append(t.Context(), draft(rooms[0], rejoining, "too late"), chat.CanSend)
				if chat.CodeOf(err) != chat.NotAMember {
					t.Errorf("append after leave: %v, want NOT_A_MEMBER", err)
				}
			}
		})
		wg.Wait()
		for _, room := range rooms {
			wantDense(t, s, room.ID)
		}
	})
}

// TestSameCIDInTwoRooms tests a race that no room lock covers: the unique constraint decides,
// and one of the two sends gets the conflict.
func TestSameCIDInTwoRooms(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		rooms := []chat.Room{createRoom(t, s, alice, "even"), createRoom(t, s, alice, "odd")}
		for range 30 {
			cid := chat.CID(uuid.NewString())
			var errs [2]error
			var both sync.WaitGroup
			for k, room := range rooms {
				both.Go(func() {
					d := draft(room, alice, "x")
					d.CID = cid
					_, _, errs[k] = s.Append(t.Context(), d, chat.CanSend)
				})
			}
			both.Wait()
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("errs = %v, want exactly one", errs)
			}
			for _, err := range errs {
				if err != nil {
					wantCode(t, err, chat.CIDConflict)
				}
			}
		}
		for _, room := range rooms {
			wantDense(t, s, room.ID)
		}
	})
}

func TestAppendAfterClose(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			s := e.open(t)
			alice := register(t, s, "alice")
			room := createRoom(t, s, alice, "lobby")
			s.queue.close()
			_, _, err := s.Append(t.Context(), draft(room, alice, "late"), chat.CanSend)
			wantCode(t, err, chat.Unavailable)
		})
	}
}

// The author of a repeated send may not be a member any more. The result then contains what
// the author sent and nothing that happened since.
func TestRepeatedAppendByFormerMember(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")
		ctx := t.Context()
		ends := map[string]func() error{
			"left": func() error { _, err := s.Leave(ctx, room.ID, bob.User.ID); return err },
			"kicked": func() error {
				_, err := s.Kick(ctx, room.ID, alice.User.ID, bob.User.ID, func(chat.Membership, *chat.Membership) error { return nil })
				return err
			},
			"banned": func() error {
				_, _, err := s.Ban(ctx, room.ID, alice.User.ID, bob.User.ID, "", func(chat.Membership, *chat.Membership) error { return nil })
				return err
			},
		}
		for _, how := range []string{"left", "kicked", "banned"} { // banned last: a banned user cannot join again
			t.Run(how, func(t *testing.T) {
				join(t, s, room, bob)
				answered := appendText(t, s, room, alice, "a first version")
				d := draft(room, bob, "hello *@alice*")
				d.ReplyTo = answered.ID
				sent, _, err := s.Append(ctx, d, chat.CanSend)
				if err != nil {
					t.Fatal(err)
				}
				if _, _, err := s.Edit(ctx, answered.Ref(), alice.User.ID, "a second version", "<p>a second version</p>", nil); err != nil {
					t.Fatal(err)
				}
				if _, _, err := s.Edit(ctx, sent.Ref(), bob.User.ID, "edited", "<p>edited</p>", nil); err != nil {
					t.Fatal(err)
				}
				if _, _, err := s.React(ctx, sent.Ref(), alice.User.ID, "👍", true, nil); err != nil {
					t.Fatal(err)
				}
				if m, _, err := s.Append(ctx, d, chat.CanSend); err != nil || m.Text != "edited" || len(m.Reactions) != 1 || m.ReplyTo == nil {
					t.Errorf("a member got %+v, %v, want the current state", m, err)
				}
				if err := ends[how](); err != nil {
					t.Fatal(err)
				}
				got, fresh, err := s.Append(ctx, d, chat.CanSend)
				if err != nil || fresh {
					t.Fatalf("append = %v, %v, want the original", fresh, err)
				}
				want := chat.Message{
					ID: sent.ID, RoomID: room.ID, Seq: sent.Seq, ChangeSeq: sent.Seq, CID: d.CID, Kind: chat.Text, Author: sent.Author,
					Text: "hello *@alice*", HTML: "<p>hello <em>@alice</em></p>\n", Mentions: []chat.UserID{}, CreatedAt: sent.CreatedAt,
					LastVerb: chat.Sent, Attachments: []chat.MessageAttachment{}, Reactions: []chat.ReactionCount{},
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("got\n%+v\nwant\n%+v", got, want)
				}
				d.Text = "another text"
				_, _, err = s.Append(ctx, d, chat.CanSend)
				wantCode(t, err, chat.CIDConflict)
				_, _, err = s.Append(ctx, draft(room, bob, "new"), chat.CanSend)
				wantCode(t, err, chat.NotAMember)
			})
		}
	})
}
