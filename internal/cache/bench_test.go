package cache

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
	"github.com/chillin-chat/chillin/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// nothing never knows a page.
type nothing struct{ chat.MessageCache }

func (nothing) Get(chat.RoomID, chat.Seq) (chat.Page, bool) { return chat.Page{}, false }
func (nothing) Put(chat.RoomID, chat.Page)                  {}

// BenchmarkNewest reads the newest page of a room of a Postgres near by, as a
// request does once it is known who asks: with what is kept here and without.
// "session" is what it costs to know who asks.
func BenchmarkNewest(b *testing.B) {
	dsn := testenv.Postgres(b)
	migrator, err := schema.OpenPostgres(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	if err := migrator.Up(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := migrator.Close(); err != nil {
		b.Fatal(err)
	}
	s, err := store.OpenPostgres(b.Context(), dsn, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	token := make([]byte, 32)
	alice, err := s.Register(b.Context(), chat.NewAccount{Username: "alice", DisplayName: "alice", PasswordHash: "x"},
		chat.NewSession{TokenHash: token, ExpiresAt: chat.At(time.Now().Add(time.Hour))})
	if err != nil {
		b.Fatal(err)
	}
	room := talk(b, s, alice)
	for name, recent := range map[string]chat.MessageCache{"without": nothing{}, "with": NewMessages(metrics.New(), nil)} {
		service := &service.Service{Dependencies: service.Dependencies{Rooms: s, Messages: s, MessageCache: recent}}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := service.History(b.Context(), alice, room, chat.PageQuery{Limit: 50}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("session", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.CallerByToken(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// talk makes a room with 200 messages of some sentences and a few reactions.
func talk(b *testing.B, s *store.Store, alice chat.Caller) chat.RoomID {
	b.Helper()
	room, _, err := s.CreateRoom(context.Background(), chat.NewRoom{Name: "lobby", NameKey: "lobby", Owner: alice.User.ID})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 200 {
		text := strings.Repeat(fmt.Sprintf("sentence %d. ", i), 10)
		m, _, err := s.Append(context.Background(), chat.Draft{
			Room: room.ID, Author: alice.User.ID, CID: chat.CID(uuid.NewString()), Text: text, HTML: "<p>" + text + "</p>",
		}, chat.CanSend)
		if err == nil && i%5 == 0 {
			_, _, err = s.React(context.Background(), m.Ref(), alice.User.ID, "👍", true, nil)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return room.ID
}

// BenchmarkHear is what an event costs in a room whose page is kept.
func BenchmarkHear(b *testing.B) {
	p := NewMessages(metrics.New(), nil)
	p.Put(lobby, page(1, 50))
	event := changed(message(51, strings.Repeat("sentence. ", 12)), 51)
	for seq := chat.Seq(51); b.Loop(); seq++ {
		event.Seq = seq
		p.Apply(event)
	}
}

// BenchmarkDecode is what a page would cost that came from Redis, beside the way.
func BenchmarkDecode(b *testing.B) {
	text, err := json.Marshal(page(1, 50))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var p chat.Page
		if err := json.Unmarshal(text, &p); err != nil {
			b.Fatal(err)
		}
	}
}
