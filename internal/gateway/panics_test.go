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

// logText is a log that is read while others write it.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func unlimited() chat.Limiter[chat.UserID] { return ratelimit.New[chat.UserID](rate.Inf, 1, nil) }

func TestACommandThatPanicsEndsItsConnectionOnly(t *testing.T) {
	var log logText
	r := newRig(t, func(d *Deps) { d.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	c, client := r.served()
	c.service = &service.Service{Dependencies: service.Dependencies{Rooms: panicking{}, ReadRate: unlimited()}}
	other, otherClient := r.served()
	other.service = c.service

	const line = `{"id":7,"type":"room:changes","data":{"roomId":1,"since":0}}`
	if err := client.Write(t.Context(), websocket.MessageText, []byte(line)); err != nil {
		t.Fatal(err)
	}
	_, answer, err := client.Read(t.Context())
	if err != nil || !bytes.Contains(answer, []byte(`{"id":7,"type":"error","data":{"code":"INTERNAL"`)) {
		t.Fatalf("answer = %s, %v, want INTERNAL", answer, err)
	}
	if _, _, err := client.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusInternalError {
		t.Errorf("the connection ended with %v, want 1011", err)
	}
	if n := testutil.ToFloat64(r.hub.metrics.Panics.WithLabelValues(recovery.Command)); n != 1 {
		t.Errorf("%v panics are counted, want 1", n)
	}
	if text := log.String(); !strings.Contains(text, recovery.Hash([]byte(line))) || !strings.Contains(text, "boom") {
		t.Errorf("log = %s, want the hash of the command and what it panicked with", text)
	}
	if err := otherClient.Write(t.Context(), websocket.MessageText, []byte(`{"id":8,"type":"ping"}`)); err != nil {
		t.Fatal(err)
	}
	if _, answer, err := otherClient.Read(t.Context()); err != nil || !bytes.Contains(answer, []byte(`"pong"`)) {
		t.Errorf("another connection gets %s, %v, want its pong", answer, err)
	}
}

// panickingRecent panics when it is shown an event.
type panickingRecent struct{ chat.MessageCache }

func (panickingRecent) Has(chat.RoomID) bool      { return true }
func (panickingRecent) Apply(chat.MessageChanged) { panic("boom") }

func TestAnEventThatPanicsClosesTheConnectionsOfItsRoom(t *testing.T) {
	r := newRig(t)
	c := r.listener(r.alice, 1)
	r.hub.cache = panickingRecent{r.hub.cache}
	r.hub.Receive(r.say("poison"))
	if !c.closing() || c.code != websocket.StatusInternalError {
		t.Errorf("the connection has the close code %d, want 1011: it has a gap", c.code)
	}
	if n := testutil.ToFloat64(r.hub.metrics.Panics.WithLabelValues(recovery.Event)); n != 1 {
		t.Errorf("%v panics are counted, want 1", n)
	}
	if r.hub.room(r.room.ID).empty() { // the lock of the room is free
		t.Error("the connection has lost its seat before its end")
	}
}

// panickingHeads panics when it is asked for the heads of rooms.
type panickingHeads struct{ chat.Rooms }

func (panickingHeads) Heads(context.Context, []chat.RoomID) (map[chat.RoomID]chat.Seq, error) {
	panic("boom")
}

func TestARoomThatCannotBeOpenedForAPanicIsOpenedLater(t *testing.T) {
	r := newRig(t)
	well := r.hub.rooms
	r.hub.rooms = panickingHeads{}
	if _, err := r.hub.subscribe(t.Context(), r.deaf(r.alice), r.room.ID); err == nil {
		t.Fatal("the room is open, want an error")
	}
	r.hub.rooms = well
	if _, err := r.hub.subscribe(t.Context(), r.deaf(r.alice), r.room.ID); err != nil {
		t.Fatalf("after the panic: %v, want the room", err)
	}
}

func TestASocketThatOpensWhileItsSessionEndsIsClosed(t *testing.T) {
	disabled := true
	for name, end := range map[string]func(r *rig, who chat.Caller) error{
		"a logout": func(r *rig, who chat.Caller) error { return r.store.EndSession(context.Background(), who.Session) },
		"another password": func(r *rig, who chat.Caller) error {
			return r.store.SetPassword(context.Background(), who.User.ID, "x", "y", 0)
		},
		"a disabled account": func(r *rig, who chat.Caller) error {
			_, err := r.store.ChangeAccount(context.Background(), 0, who.User.ID, chat.AccountChange{Disabled: &disabled})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			bob := r.register("bob")
			conns := make(chan *Conn, 1)
			client := r.dials(conns)
			c := <-conns
			c.caller, c.token = bob, r.tokenOf("bob")
			c.service = &service.Service{Dependencies: service.Dependencies{Rooms: r.store, Presence: r.hub.presence, Limits: service.NewEffectiveLimits(chat.Limits{}, nil, nil)}}
			// The upgrade is admitted. Now the session ends; the notice of it closes the
			// connections that the hub has.
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
				t.Errorf("the client reads %v %s, %v, want the close 4001 and nothing before", kind, frame, err)
			}
			_ = client.CloseNow()
			<-ended
		})
	}
}

func TestReadsBeyondTheBudgetAreRefusedAndCloseNothing(t *testing.T) {
	r := newRig(t)
	c := r.deaf(r.alice)
	c.service = &service.Service{Dependencies: service.Dependencies{Rooms: r.store, Messages: r.store, MessageCache: r.hub.cache, ReadRate: ratelimit.New[chat.UserID](rate.Every(time.Hour), 3, nil)}}
	for i := range 5 {
		c.handle(t.Context(), []byte(`{"id":1,"type":"room:changes","data":{"roomId":1,"since":0}}`))
		var answer struct {
			Type string
			Data wire.FrameError
		}
		if err := json.Unmarshal(c.queue.all()[0], &answer); err != nil {
			t.Fatal(err)
		}
		refused := answer.Data.Code == chat.RateLimited && answer.Data.RetryAfterMs > 0
		if refused != (i >= 3) {
			t.Errorf("read %d: %+v, want a refusal with a time to wait for the 4th and 5th", i+1, answer)
		}
	}
	if c.closing() {
		t.Error("the connection is closed")
	}
	c.handle(t.Context(), []byte(`{"id":2,"type":"ping"}`))
	if answers := c.queue.all(); len(answers) != 1 || !bytes.Contains(answers[0], []byte("pong")) {
		t.Errorf("a ping is answered with %s, want a pong", answers)
	}
}

func TestEveryCommandHasALimit(t *testing.T) {
	limited := map[string]string{
		"message:send": "messages of a user", "message:edit": "messages of a user", "message:delete": "changes of a user",
		"message:react": "changes of a user", "room:leave": "a membership ends once", "ping": "100 commands a second; it asks nobody",
	}
	for name := range commands {
		if _, other := limited[name]; other == reads[name] {
			t.Errorf("%s: counts as a read: %t, has another limit: %t, want one of both", name, reads[name], other)
		}
	}
}
