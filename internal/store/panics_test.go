package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
)

// panickingEngine panics when it stores a message with a certain text, as a driver might.
type panickingEngine struct{ text string }

func (e *panickingEngine) appendBatch(_ context.Context, l lookup, decide func(batchState) decision) error {
	state := newBatchState()
	for _, id := range l.rooms {
		state.heads[chat.RoomID(id)] = 0
	}
	for _, key := range l.members {
		state.members[key] = member{author: chat.Author{ID: key.user}}
	}
	for _, r := range decide(state).stored {
		if r.draft.Text == e.text {
			panic("boom")
		}
	}
	return nil
}

func (*panickingEngine) retryable(error) bool   { return false }
func (*panickingEngine) unavailable(error) bool { return false }

func TestPanicFailsOnlyItsAppend(t *testing.T) {
	engine := &panickingEngine{text: "poison"}
	q := &appendQueue{engine: engine, now: func() chat.Time { return 1 }, observe: func(int, time.Duration) {}}
	var batch []*request
	for i, text := range []string{"before", "poison", "after"} {
		d := chat.Draft{Room: 1, Author: 1, CID: chat.CID(fmt.Sprint(i)), Text: text}
		batch = append(batch, &request{draft: d, rule: chat.CanSend, hash: sendHash(d), deadline: time.Now().Add(time.Minute), done: make(chan struct{})})
	}
	q.store(batch)
	for _, e := range batch {
		<-e.done
		_, panicked := errors.AsType[*recovery.Panic](e.err)
		if poison := e.draft.Text == "poison"; panicked != poison || !poison && e.err != nil {
			t.Errorf("outcome of %q: %v", e.draft.Text, e.err)
		}
	}
}

// TestPanicEndsTransaction makes rules panic while the room's row is locked. The next change
// needs the lock and, on SQLite, the only write connection.
func TestPanicEndsTransaction(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		m := appendText(t, s, room, alice, "hello")
		boom := func(chat.Membership, chat.Message) error { panic("boom") }
		memberBoom := func(chat.Membership, *chat.Membership) error { panic("boom") }
		for name, change := range map[string]func() error{
			"an append": func() error {
				_, _, err := s.Append(t.Context(), draft(room, alice, "hello"), func(chat.Draft, chat.SendState) error { panic("boom") })
				return err
			},
			"a change of a message": func() error {
				_, _, err := s.Delete(t.Context(), chat.MessageRef{ID: m.ID, Room: room.ID}, alice.User.ID, boom)
				return err
			},
			"a change of a room": func() error {
				return s.asMember(t.Context(), room.ID, alice.User.ID, alice.User.ID, memberBoom, func(*roomTx) error { return nil })
			},
		} {
			for range 20 { // more than the size of the pool
				err := recovery.Do(recovery.Command, nil, change)
				if _, panicked := errors.AsType[*recovery.Panic](err); !panicked {
					t.Fatalf("%s: %v, want a panic", name, err)
				}
			}
			appendText(t, s, room, alice, "after "+name)
		}
	})
}
