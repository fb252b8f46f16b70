package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"golang.org/x/time/rate"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/ratelimit"
	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/wire"
)

// panicking is a store of rooms that panics.
type panicking struct{ chat.Rooms }

func (panicking) Room(context.Context, chat.RoomID, chat.UserID) (chat.Room, *chat.Membership, error) {
	panic("boom")
}

// logBuffer is a log output that can be read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func unlimited() chat.Limiter[chat.UserID] { return ratelimit.New[chat.UserID](rate.Inf, 1, nil) }

func TestACommandThatPanicsEndsItsConnectionOnly(t *testing.T) {
	var log logBuffer
	r := newTestHub(t, func(d *Deps) { d.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	c, client := r.connect()
	c.service = &service.Service{Dependencies: service.Dependencies{Rooms: panicking{}, ReadRate: unlimited()}}
	other, otherClient := r.connect()
	other.service = c.service

	const line = `{"id":7,"type":"room:changes","data":{"roomId":1,"since":0}}`
	if err := client.Write(t.Context(), websocket.MessageText, []byte(line)); err != nil {
		t.Fatal(err)
	}
	_, response, err := client.Read(t.Context())
	if err != nil || !bytes.Contains(response, []byte(`{"id":7,"type":"error","data":{"code":"INTERNAL"`)) {
		t.Fatalf("response = %s, %v, want INTERNAL", response, err)
	}
	if _, _, err := client.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusInternalError {
		t.Errorf("read after the panic = %v, want close code 1011", err)
	}
	if n := testutil.ToFloat64(r.hub.metrics.Panics.WithLabelValues(recovery.Command)); n != 1 {
		t.Errorf("counted panics = %v, want 1", n)
	}
	if text := log.String(); !strings.Contains(text, recovery.Hash([]byte(line))) || !strings.Contains(text, "boom") {
		t.Errorf("log = %s, want the hash of the command and the value of the panic", text)
	}
	if err := otherClient.Write(t.Context(), websocket.MessageText, []byte(`{"id":8,"type":"ping"}`)); err != nil {
		t.Fatal(err)
	}
	if _, response, err := otherClient.Read(t.Context()); err != nil || !bytes.Contains(response, []byte(`"pong"`)) {
		t.Errorf("response of another connection = %s, %v, want pong", response, err)
	}
}

// panickingCache panics when an event is applied.
type panickingCache struct{ chat.MessageCache }

func (panickingCache) Has(chat.RoomID) bool      { return true }
func (panickingCache) Apply(chat.MessageChanged) { panic("boom") }

func TestAnEventThatPanicsClosesTheConnectionsOfItsRoom(t *testing.T) {
	for name, deliver := range map[string]func(r *testHub, e wire.Envelope){
		"received": func(r *testHub, e wire.Envelope) { r.hub.Receive(e) },
		// The bus has lost it, and the node reads it from the store.
		"read": func(r *testHub, _ wire.Envelope) { r.hub.Missed(func(chat.RoomID) bool { return true }) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newTestHub(t)
			c := r.liveConn(r.alice, 0)
			r.hub.cache = panickingCache{r.hub.cache}
			deliver(r, r.send("poison"))
			r.awaitClosing(c)
			if code, _ := c.closedWith(); code != websocket.StatusInternalError {
				t.Errorf("close code = %d, want 1011: the connection has missed an event", code)
			}
			if n := testutil.ToFloat64(r.hub.metrics.Panics.WithLabelValues(recovery.Event)); n != 1 {
				t.Errorf("counted panics = %v, want 1", n)
			}
			if r.hub.room(r.room.ID).empty() { // also shows that the room is not locked
				t.Error("the subscription was removed before the connection ended")
			}
		})
	}
}

func (r *testHub) awaitClosing(c *Conn) {
	r.t.Helper()
	limit := time.After(10 * time.Second)
	for !c.closing() {
		select {
		case <-r.woken[c]:
			c.takeAll()
		case <-limit:
			r.t.Fatal("the connection is not closed within 10 s")
		}
	}
}

// panickingHeads panics when the heads of rooms are read.
type panickingHeads struct{ chat.Rooms }

func (panickingHeads) Heads(context.Context, []chat.RoomID) (map[chat.RoomID]chat.Seq, error) {
	panic("boom")
}

func TestARoomOpensAfterAPanicWhileOpening(t *testing.T) {
	r := newTestHub(t)
	rooms := r.hub.rooms
	r.hub.rooms = panickingHeads{}
	if _, err := r.hub.subscribe(t.Context(), r.newConn(r.alice), r.room.ID); err == nil {
		t.Fatal("subscribe = nil, want an error")
	}
	r.hub.rooms = rooms
	if _, err := r.hub.subscribe(t.Context(), r.newConn(r.alice), r.room.ID); err != nil {
		t.Fatalf("subscribe after the panic = %v, want the room", err)
	}
}

func TestAConnectionThatOpensWhileItsSessionEndsIsClosed(t *testing.T) {
	disabled := true
	for name, end := range map[string]func(r *testHub, caller chat.Caller) error{
		"a logout": func(r *testHub, caller chat.Caller) error {
			return r.store.EndSession(context.Background(), caller.Session)
		},
		"another password": func(r *testHub, caller chat.Caller) error {
			return r.store.SetPassword(context.Background(), caller.User.ID, "x", "y", 0)
		},
		"a disabled account": func(r *testHub, caller chat.Caller) error {
			_, err := r.store.ChangeAccount(context.Background(), 0, caller.User.ID, chat.AccountChange{Disabled: &disabled})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newTestHub(t)
			bob := r.register("bob")
			conns := make(chan *Conn, 1)
			client := r.dial(conns)
			c := <-conns
			c.caller, c.token = bob, r.tokenOf("bob")
			c.service = &service.Service{Dependencies: service.Dependencies{Rooms: r.store, Blocks: r.store, Presence: r.hub.presence, Settings: service.NewSettings(nil, nil, nil)}}
			// The upgrade has been authenticated. Now the session ends; the event closes only
			// the connections that the hub has.
			if err := end(r, bob); err != nil {
				t.Fatal(err)
			}
			r.hub.Receive(wire.Envelope{Kind: wire.SessionEnded, Session: bob.Session})
			r.hub.Receive(wire.Envelope{Kind: wire.OtherSessionsEnded, User: bob.User.ID})
			r.hub.add(c)
			ended := make(chan struct{})
			go func() { defer close(ended); c.serve(context.Background()) }()
			kind, frame, err := client.Read(t.Context())
			if websocket.CloseStatus(err) != closeSessionEnded {
				t.Errorf("first read = %v %s, %v, want close code 4001", kind, frame, err)
			}
			_ = client.CloseNow()
			<-ended
		})
	}
}

func TestReadsBeyondTheBudgetAreRefusedWithoutClosing(t *testing.T) {
	r := newTestHub(t)
	c := r.newConn(r.alice)
	c.service = &service.Service{Dependencies: service.Dependencies{Rooms: r.store, Messages: r.store, MessageCache: r.hub.cache, ReadRate: ratelimit.New[chat.UserID](rate.Every(time.Hour), 3, nil)}}
	for i := range 5 {
		c.handle(t.Context(), []byte(`{"id":1,"type":"room:changes","data":{"roomId":1,"since":0}}`))
		var response struct {
			Type string
			Data wire.FrameError
		}
		if err := json.Unmarshal(c.takeAll()[0], &response); err != nil {
			t.Fatal(err)
		}
		refused := response.Data.Code == chat.RateLimited && response.Data.RetryAfterMs > 0
		if refused != (i >= 3) {
			t.Errorf("read %d: response = %+v, want RATE_LIMITED with retryAfterMs for the 4th and 5th", i+1, response)
		}
	}
	if c.closing() {
		t.Error("the connection is closed")
	}
	c.handle(t.Context(), []byte(`{"id":2,"type":"ping"}`))
	if responses := c.takeAll(); len(responses) != 1 || !bytes.Contains(responses[0], []byte("pong")) {
		t.Errorf("responses to ping = %s, want pong", responses)
	}
}

func TestEveryCommandHasARateLimit(t *testing.T) {
	limited := map[string]string{
		"message:send": "messages of a user", "message:edit": "messages of a user", "message:delete": "changes of a user",
		"message:react": "changes of a user", "room:leave": "a membership ends once", "ping": "100 commands a second; it reads nothing",
	}
	for name := range commands {
		if _, other := limited[name]; other == reads[name] {
			t.Errorf("%s: counts as a read = %t, has another limit = %t, want exactly one", name, reads[name], other)
		}
	}
}
