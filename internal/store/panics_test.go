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

// poisonedEngine panics when a text is stored, as a driver might.
type poisonedEngine struct {
	text string
	open int // transactions
}

func (e *poisonedEngine) beginAppend(_ context.Context, q question) (appendTx, facts, error) {
	f := newFacts()
	for _, id := range q.rooms {
		f.heads[chat.RoomID(id)] = 0
	}
	for _, m := range q.members {
		f.members[m] = member{author: chat.Author{ID: m.user}}
	}
	e.open++
	return e, f, nil
}

func (e *poisonedEngine) commit(_ context.Context, entries []*entry, _ map[chat.RoomID]chat.Seq, _ chat.Time) error {
	for _, entry := range entries {
		if entry.draft.Text == e.text {
			panic("boom")
		}
	}
	e.open--
	return nil
}

func (e *poisonedEngine) rollback()      { e.open-- }
func (*poisonedEngine) again(error) bool { return false }
func (*poisonedEngine) away(error) bool  { return false }

func TestAnAppendThatPanicsFailsAlone(t *testing.T) {
	engine := &poisonedEngine{text: "poison"}
	q := &appendQueue{engine: engine, now: func() chat.Time { return 1 }, observe: func(int, time.Duration) {}}
	var batch []*entry
	for i, text := range []string{"before", "poison", "after"} {
		d := chat.Draft{Room: 1, Author: 1, CID: chat.CID(fmt.Sprint(i)), Text: text}
		batch = append(batch, &entry{draft: d, rule: chat.CanSend, hash: sendHash(d), deadline: time.Now().Add(time.Minute), done: make(chan struct{})})
	}
	q.store(batch)
	for _, e := range batch {
		<-e.done
		_, panicked := errors.AsType[*recovery.Panic](e.err)
		if poison := e.draft.Text == "poison"; panicked != poison || !poison && e.err != nil {
			t.Errorf("%q has the outcome %v", e.draft.Text, e.err)
		}
	}
	if engine.open != 0 {
		t.Errorf("%d transactions are left open", engine.open)
	}
}

// TestAPanicLeavesNoTransactionOpen has rules panic while a room's row is held: the next
// change needs the row, and on SQLite the one connection that writes.
func TestAPanicLeavesNoTransactionOpen(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		m := appendText(t, s, room, alice, "hello")
		boom := func(chat.Membership, chat.Message) error { panic("boom") }
		memberBoom := func(chat.Membership, *chat.Membership) error { panic("boom") }
		for name, change := range map[string]func() error{
			"a change of a message": func() error {
				_, _, err := s.Delete(t.Context(), chat.MessageRef{ID: m.ID, Room: room.ID}, alice.User.ID, boom)
				return err
			},
			"a change of a room": func() error {
				return s.asMember(t.Context(), room.ID, alice.User.ID, alice.User.ID, memberBoom, func(*roomTx) error { return nil })
			},
		} {
			for range 20 { // more than the pool has connections
				err := recovery.Do(recovery.Command, nil, change)
				if _, panicked := errors.AsType[*recovery.Panic](err); !panicked {
					t.Fatalf("%s: %v, want a panic", name, err)
				}
			}
			appendText(t, s, room, alice, "after "+name)
		}
	})
}
