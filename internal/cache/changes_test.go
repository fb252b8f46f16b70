package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

// counting counts the reads of changes from the store.
type counting struct {
	chat.Messages
	asked int
}

func (c *counting) Changes(ctx context.Context, room chat.RoomID, viewer chat.UserID, q chat.ChangesQuery) (chat.Changes, error) {
	c.asked++
	return c.Messages.Changes(ctx, room, viewer, q)
}

// A client that was away briefly catches up from the cache, with the same result as from the store.
func TestCachedChangesMatchTheStore(t *testing.T) {
	s := openStore(t)
	alice, bob := register(t, s, "alice"), register(t, s, "bob")
	room, _, err := s.CreateRoom(t.Context(), chat.NewRoom{Name: "lobby", NameKey: "lobby", Owner: alice.User.ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Join(t.Context(), room.ID, bob.User.ID, nil); err != nil {
		t.Fatal(err)
	}
	pages, random := NewMessages(metrics.New(), nil), rand.New(rand.NewPCG(1, 2))
	messages := &counting{Messages: s}
	service := &service.Service{Dependencies: service.Dependencies{Rooms: s, Messages: messages, MessageCache: pages}}
	var ids []chat.MessageID
	remembered := 0
	for range 150 {
		m, err := change(t, s, room.ID, []chat.Caller{alice, bob}[random.IntN(2)].User.ID, ids, random)
		if err != nil {
			t.Fatal(err)
		}
		if m.ChangeSeq == m.Seq {
			ids = append(ids, m.ID)
		}
		pages.Apply(changed(m, m.ChangeSeq))
		now, _, err := s.Room(t.Context(), room.ID, alice.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, limit := range []int{3, 100} {
			since := now.Head - chat.Seq(random.IntN(min(int(now.Head), 80)))
			asked := messages.asked
			got, err := service.ChangesIn(t.Context(), bob, now, chat.CatchUp{Room: room.ID, Since: since, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			if messages.asked == asked {
				remembered++
			}
			want, err := s.Changes(t.Context(), room.ID, bob.User.ID, chat.ChangesQuery{Since: since, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			if g, w := describe(got.Changes), describe(want); g != w {
				t.Fatalf("since %d, limit %d: %s, want %s", since, limit, g, w)
			}
		}
	}
	if remembered < 30 || remembered > 270 {
		t.Errorf("%d of 300 requests were served from the cache, want some of each kind", remembered)
	}
}

// describe returns all that distinguishes one result from another.
func describe(c chat.Changes) string {
	text := fmt.Sprintf("(%d, %d] of %d, more: %t:", c.From, c.To, c.Head, c.More)
	for _, m := range c.Messages {
		text += fmt.Sprintf(" %d@%d/%d %q %d %v by %v", m.ID, m.Seq, m.ChangeSeq, m.Text, m.DeletedAt, m.Reactions, m.Author)
	}
	return text
}

// change makes a random change in the room, usually a new message.
func change(t *testing.T, s *store.Store, room chat.RoomID, by chat.UserID, ids []chat.MessageID, random *rand.Rand) (m chat.Message, err error) {
	if len(ids) > 0 {
		ref := chat.MessageRef{ID: ids[max(0, len(ids)-1-random.IntN(70))], Room: room}
		changed := false
		switch random.IntN(8) {
		case 0:
			m, changed, err = s.Edit(t.Context(), ref, by, uuid.NewString(), "<p>edited</p>", nil)
		case 1:
			m, changed, err = s.React(t.Context(), ref, by, "👍", random.IntN(2) == 0, nil)
		case 2:
			m, changed, err = s.Delete(t.Context(), ref, by, nil)
		}
		if err != nil || changed {
			return m, err
		}
	}
	m, _, err = s.Append(t.Context(), chat.Draft{Room: room, Author: by, CID: chat.CID(uuid.NewString()), Text: uuid.NewString(), HTML: "<p>x</p>"}, chat.CanSend)
	return m, err
}

func openStore(t *testing.T) *store.Store {
	t.Helper()
	dir := t.TempDir()
	migrator, err := schema.OpenSQLite(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrator.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := migrator.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenSQLite(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func register(t *testing.T, s *store.Store, name string) chat.Caller {
	t.Helper()
	hash := make([]byte, 32)
	copy(hash, name)
	who, err := s.Register(t.Context(), chat.NewAccount{Username: name, DisplayName: name, PasswordHash: "x"},
		chat.NewSession{TokenHash: hash, ExpiresAt: chat.At(time.Now().Add(time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	return who
}
