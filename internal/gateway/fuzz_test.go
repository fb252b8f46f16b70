package gateway

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/presence"
	"github.com/chillin-chat/chillin/internal/ratelimit"
	"github.com/chillin-chat/chillin/internal/service"
)

// FuzzCommand handles an arbitrary line as a command: every response and event is one line
// of JSON, and none is INTERNAL.
func FuzzCommand(f *testing.F) {
	for _, line := range []string{
		`{"id":1,"type":"ping","data":{}}`,
		`{"id":1.5e3,"type":"room:join","data":{"roomId":1,"since":0,"epoch":"x","limit":5}}`,
		`{"type":"room:changes","data":{"roomId":1,"since":-1,"epoch":7}}`,
		`{"id":2,"type":"message:send","data":{"roomId":1,"cid":"6f0b1c1e-7f2d-4c1a-9d52-0a1b2c3d4e5f","text":"hi","replyTo":1}}`,
		`{"id":2,"type":"message:send","data":{"roomId":1,"cid":"6f0b1c1e-7f2d-4c1a-9d52-0a1b2c3d4e50","text":"","attachmentIds":[1,9223372036854775807]}}`,
		`{"id":3,"type":"room:leave","data":{"roomId":9223372036854775807}}`,
		`{"id":"x","type":[]}`, `{{`, `null`, `{"id":1,"type":"typing:start","data":{"roomId":1}}`,
		`{"id":1,"type":"read:mark","data":{"roomId":1,"seq":1}}`,
	} {
		f.Add([]byte(line))
	}
	r := newTestHub(f)
	unlimited := ratelimit.New[chat.UserID](rate.Inf, 1, time.Now)
	service := &service.Service{Dependencies: service.Dependencies{
		Accounts: r.store, Rooms: r.store, Messages: r.store, Publisher: r.hub,
		MessageCache: r.hub.cache, Subscriptions: r.hub,
		Presence:             presence.NewMemory(presence.NewRegistry()),
		MessageRate:          unlimited,
		JoinRate:             unlimited,
		ReadRate:             unlimited,
		ChangeRates:          service.ChangeRates{PerUser: unlimited, PerRoom: ratelimit.New[chat.RoomID](rate.Inf, 1, time.Now), Leaves: unlimited, Moderation: unlimited},
		RoomPasswordAttempts: service.RoomPasswordAttempts{PerCaller: unlimited},
		Passwords:            auth.NewHasher(1, auth.Cost{Memory: 8, Passes: 1, Threads: 1}).ForRooms(),
		RoomMessageRate:      ratelimit.New[chat.RoomID](rate.Inf, 1, time.Now),
		Settings:             service.NewSettings(nil, nil, nil), Log: slog.New(slog.DiscardHandler), Now: time.Now,
		GarbageCollector: service.NewGarbageCollector(r.store, r.store, r.store, nil, slog.New(slog.DiscardHandler)),
	}}
	f.Fuzz(func(t *testing.T, line []byte) {
		c := newConn(r.hub, service, nil, r.alice, "fuzz")
		c.wake = func(*connWriter) {}
		c.handle(context.Background(), line)
		frames := c.takeAll()
		for id := range c.subscriptions() {
			r.hub.unsubscribe(c, id)
		}
		for _, frame := range frames {
			if !json.Valid(frame) || strings.Contains(string(frame), "\n") {
				t.Fatalf("response to %q = %q, want one line of JSON", line, frame)
			}
			if strings.Contains(string(frame), `"code":"INTERNAL"`) {
				t.Fatalf("response to %q = %s", line, frame)
			}
		}
	})
}
