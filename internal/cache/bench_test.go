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
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// emptyCache never has a page.
type emptyCache struct{ chat.MessageCache }

func (emptyCache) Get(chat.RoomID, chat.Seq) (chat.Page, bool) { return chat.Page{}, false }
func (emptyCache) Put(chat.RoomID, chat.Page)                  {}

// BenchmarkNewest reads the newest page of a room in a nearby Postgres, as a request does after
// authentication, with and without cache. "session" is the cost of the authentication.
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
	room := createRoom(b, s, alice)
	for name, recent := range map[string]chat.MessageCache{"without": emptyCache{}, "with": NewMessages(metrics.New(), nil)} {
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

// createRoom creates a room with 200 messages of several sentences and a few reactions.
func createRoom(b *testing.B, s *store.Store, alice chat.Caller) chat.RoomID {
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

// BenchmarkApply measures an event in a room with a cached page.
func BenchmarkApply(b *testing.B) {
	p := NewMessages(metrics.New(), nil)
	p.Put(lobby, page(1, 50))
	event := changed(message(51, strings.Repeat("sentence. ", 12)), 51)
	for seq := chat.Seq(51); b.Loop(); seq++ {
		event.Seq = seq
		p.Apply(event)
	}
}

// BenchmarkDecode measures decoding a page, as it would be needed with a cache in Redis.
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
