package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/bus"
	"github.com/chillin-chat/chillin/internal/cache"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/presence"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
	"github.com/chillin-chat/chillin/internal/wake"
	"github.com/chillin-chat/chillin/internal/wire"
)

func TestMain(m *testing.M) {
	if config := os.Getenv(benchClientsEnv); config != "" {
		runBenchClients(config)
		return
	}
	testenv.Main(m)
}

// testHub is a hub on a real store. Its bus transports nothing: the test calls Receive.
type testHub struct {
	t     testing.TB
	hub   *Hub
	store *store.Store
	alice chat.Caller
	room  chat.Room
	woken map[*Conn]chan struct{} // of connections without a socket: receives when a line is queued
}

func newTestHub(t testing.TB, change ...func(*Deps)) *testHub {
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
	r := &testHub{t: t, store: s, woken: map[*Conn]chan struct{}{}}
	deps := Deps{
		Node: "test", Rooms: s, Messages: s, Accounts: s, Bus: bus.NewMemory(bus.NewExchange()),
		Presence: presence.NewMemory(presence.NewRegistry()), Cache: cache.NewMessages(metrics.New(), nil), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&deps)
	}
	r.hub = NewHub(deps)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); r.hub.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	r.alice = r.register("alice")
	if r.room, _, err = s.CreateRoom(t.Context(), chat.NewRoom{Name: "lobby", NameKey: "lobby", Owner: r.alice.User.ID}); err != nil {
		t.Fatal(err)
	}
	return r
}

// tokenOf returns the token hash of a user that register created.
func (*testHub) tokenOf(name string) []byte {
	hash := make([]byte, 32)
	copy(hash, name)
	return hash
}

func (r *testHub) register(name string) chat.Caller {
	r.t.Helper()
	caller, err := r.store.Register(r.t.Context(), chat.NewAccount{Username: name, DisplayName: name, PasswordHash: "x"},
		chat.NewSession{TokenHash: r.tokenOf(name), ExpiresAt: chat.At(time.Now().Add(time.Hour))})
	if err != nil {
		r.t.Fatal(err)
	}
	return caller
}

// joinedResponse stands for the response to room:join.
func joinedResponse([]chat.UserID, *int) []byte { return []byte(`{"type":"room:joined"}`) }

// headAt returns the snapshot of a membership that was read when head was the room's last
// number.
func headAt(head chat.Seq) joinSnapshot { return joinSnapshot{room: chat.Room{Head: head}} }

// send commits a message and returns its event without publishing it.
func (r *testHub) send(text string) wire.Envelope {
	r.t.Helper()
	m, _, err := r.store.Append(r.t.Context(), chat.Draft{
		Room: r.room.ID, Author: r.alice.User.ID, CID: chat.CID(uuid.NewString()), Text: text,
	}, chat.CanSend)
	if err != nil {
		r.t.Fatal(err)
	}
	return wire.EncodeRoomEvent(chat.MessageChanged{Message: m, Seq: m.Seq})
}

// newConn returns a connection without a socket. The lines for it stay in its queue.
func (r *testHub) newConn(caller chat.Caller) *Conn {
	c, woken := newConn(r.hub, nil, nil, caller, "c"+uuid.NewString()[:4]), wake.NewSignal()
	c.wake = func(*connWriter) { woken.Send() }
	r.woken[c] = woken
	stopCutoff(r.t, c)
	return c
}

// stopCutoff stops the cutoff timer of a connection without a socket after the test.
func stopCutoff(t testing.TB, c *Conn) {
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.cutoff != nil {
			c.cutoff.Stop()
		}
	})
}

// takeAll removes and returns the queued lines.
func (w *connWriter) takeAll() (lines [][]byte) {
	for {
		more, _ := w.take(nil)
		if len(more) == 0 {
			return lines
		}
		lines = append(lines, more...)
	}
}

// liveConn returns a connection without a socket whose subscription in the room is live.
func (r *testHub) liveConn(caller chat.Caller, to chat.Seq) *Conn {
	r.t.Helper()
	c := r.newConn(caller)
	room, err := r.hub.subscribe(r.t.Context(), c, r.room.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	room.activate(c, headAt(to), to, joinedResponse)
	return c
}

// expectEvents waits until event upTo is queued for c. It fails unless the queued events
// are from+1, from+2, … without a gap.
func (r *testHub) expectEvents(c *Conn, from, upTo chat.Seq) {
	r.t.Helper()
	limit := time.After(10 * time.Second)
	for next := from + 1; next <= upTo; {
		select {
		case <-r.woken[c]:
		case <-limit:
			r.t.Fatalf("event %d not queued within 10 s", next)
		}
		for _, frame := range c.takeAll() {
			var e struct {
				Type string
				Data wire.MessageEvent
			}
			if err := json.Unmarshal(frame, &e); err != nil {
				r.t.Fatalf("frame %s: %v", frame, err)
			}
			if e.Type != "message:new" {
				continue
			}
			if e.Data.Seq != next {
				r.t.Fatalf("event = %d, want %d", e.Data.Seq, next)
			}
			next++
		}
	}
}

func TestRoomOrder(t *testing.T) {
	const n = 60
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("reordered, duplicate and lost events, seed %d", seed), func(t *testing.T) {
			t.Parallel()
			r, random := newTestHub(t), rand.New(rand.NewPCG(seed, 1))
			c := r.liveConn(r.alice, 0)
			var arriving []wire.Envelope
			for i := range n {
				e := r.send(fmt.Sprint(i))
				for range random.IntN(3) { // lost, once or twice
					if random.IntN(5) == 0 {
						e.Frame = nil // too large for the bus
					}
					arriving = append(arriving, e)
				}
			}
			random.Shuffle(len(arriving), func(i, k int) {
				if max(i-k, k-i) < 8 { // events are reordered by less than 8 places
					arriving[i], arriving[k] = arriving[k], arriving[i]
				}
			})
			for _, e := range arriving {
				r.hub.Receive(e)
			}
			r.hub.Missed(func(chat.RoomID) bool { return true }) // the last event may be lost: no later event shows the gap
			r.expectEvents(c, 0, n)
		})
	}
}

func TestHeadReadFindsALostLastEvent(t *testing.T) {
	r := newTestHub(t)
	c := r.liveConn(r.alice, 0)
	r.send("not published")
	r.expectEvents(c, 0, 1) // after the periodic read of the heads
}

func TestNoEventIsMissedWhileCatchingUp(t *testing.T) {
	r := newTestHub(t)
	early := r.liveConn(r.alice, 0)
	c := r.newConn(r.alice)
	room, err := r.hub.subscribe(t.Context(), c, r.room.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 { // while c reads the store
		r.hub.Receive(r.send(fmt.Sprint(i)))
	}
	r.expectEvents(early, 0, 5)
	room.activate(c, headAt(3), 3, joinedResponse) // c has read up to 3
	r.hub.Receive(r.send("last"))
	r.expectEvents(c, 3, 6)
}

func TestALeaverGetsRoomRemovedAndNothingMore(t *testing.T) {
	r := newTestHub(t)
	bob := r.register("bob")
	_, joined, err := r.store.Join(t.Context(), r.room.ID, bob.User.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	member, leaver := r.liveConn(r.alice, 1), r.liveConn(bob, 1)
	r.hub.Receive(wire.EncodeRoomEvent(chat.MessageChanged{Message: *joined, Seq: 1}))
	left, err := r.store.Leave(t.Context(), r.room.ID, bob.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	secret := r.send("secret")
	r.hub.Receive(secret) // before the event of the leave
	r.hub.Receive(wire.EncodeRoomEvent(chat.MessageChanged{Message: *left, Seq: 2}))
	r.expectEvents(member, 1, 3)
	frames := slices.DeleteFunc(leaver.takeAll(), func(f []byte) bool { return bytes.Contains(f, []byte(`"presence:update"`)) })
	all := string(bytes.Join(frames, []byte{'\n'}))
	if want := `{"type":"room:joined"}` + "\n" + fmt.Sprintf(`{"type":"room:removed","data":{"roomId":%d,"reason":"left"}}`, r.room.ID); all != want {
		t.Fatalf("frames of the leaver = %s, want %s", all, want)
	}
}

func TestALateLeaveEventDoesNotEndANewMembership(t *testing.T) {
	r := newTestHub(t)
	bob := r.register("bob")
	join := func() *chat.Message {
		_, joined, err := r.store.Join(t.Context(), r.room.ID, bob.User.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		return joined
	}
	join()
	c := r.liveConn(bob, 1)
	left, err := r.store.Leave(t.Context(), r.room.ID, bob.User.ID) // by another connection
	if err != nil {
		t.Fatal(err)
	}
	join()
	room, err := r.hub.subscribe(t.Context(), c, r.room.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.hub.Receive(wire.EncodeRoomEvent(chat.MessageChanged{Message: *left, Seq: 2})) // while c reads the store
	room.activate(c, headAt(3), 3, joinedResponse)
	r.hub.Missed(func(chat.RoomID) bool { return true }) // the event is read again, to fill the gap
	r.hub.Receive(r.send("still subscribed"))
	r.expectEvents(c, 3, 4)
}

// The changes may be read later than the membership. A member removed in between must not
// keep its subscription.
func TestALeaveWhileCatchingUpEndsTheSubscription(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run("received "+when+" activation", func(t *testing.T) {
			r := newTestHub(t)
			bob := r.register("bob")
			if _, _, err := r.store.Join(t.Context(), r.room.ID, bob.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			member, c := r.liveConn(r.alice, 1), r.newConn(bob)
			room, err := r.hub.subscribe(t.Context(), c, r.room.ID)
			if err != nil {
				t.Fatal(err)
			}
			left, err := r.store.Leave(t.Context(), r.room.ID, bob.User.ID)
			if err != nil {
				t.Fatal(err)
			}
			events := []wire.Envelope{wire.EncodeRoomEvent(chat.MessageChanged{Message: *left, Seq: 2}), r.send("secret"), r.send("more")}
			if when == "before" {
				r.hub.Receive(events[0])
			}
			room.activate(c, headAt(1), 3, joinedResponse)
			for _, e := range events {
				r.hub.Receive(e)
			}
			r.expectEvents(member, 1, 4)
			frames := slices.DeleteFunc(c.takeAll(), func(f []byte) bool { return bytes.Contains(f, []byte(`"presence:update"`)) })
			want := `{"type":"room:joined"}` + "\n" + fmt.Sprintf(`{"type":"room:removed","data":{"roomId":%d,"reason":"left"}}`, r.room.ID)
			if all := string(bytes.Join(frames, []byte{'\n'})); all != want {
				t.Fatalf("frames of the leaver = %s, want %s", all, want)
			}
		})
	}
}

// The user of a subscription that is not live may be no member.
func TestASubscriptionIsInvisibleAndSilentUntilItIsLive(t *testing.T) {
	r := newTestHub(t)
	r.liveConn(r.alice, 0)
	bob := r.register("bob")
	c := r.newConn(bob)
	if !r.hub.canPreSubscribe(c, r.room.ID) || r.hub.canPreSubscribe(c, r.room.ID+1) {
		t.Error("canPreSubscribe without a subscription: want true for an open room only")
	}
	room, err := r.hub.subscribe(t.Context(), c, r.room.ID)
	if err != nil {
		t.Fatal(err)
	}
	if r.hub.canPreSubscribe(c, r.room.ID) {
		t.Error("canPreSubscribe = true with a subscription, want false")
	}
	r.hub.add(c)
	r.hub.setStatus(bob.User.ID, chat.Busy)
	r.hub.Receive(r.send("secret"))
	room.deleted()
	online, err := r.hub.presence.Online(t.Context(), r.room.ID)
	if err != nil || len(online[r.room.ID]) > 1 || c.queuedLines() > 0 {
		t.Fatalf("online = %v, %v, queued frames = %d; want at most alice and no frames", online, err, c.queuedLines())
	}
	room.activate(c, headAt(1), 1, joinedResponse)
	frames := c.takeAll()
	want := `{"type":"room:joined"}` + "\n" + fmt.Sprintf(`{"type":"room:removed","data":{"roomId":%d,"reason":"deleted"}}`, r.room.ID)
	if all := string(bytes.Join(frames, []byte{'\n'})); all != want {
		t.Fatalf("frames = %s, want %s", all, want)
	}
}

// The response is encoded without the room's lock. A presence update that is sent in the
// meantime must be contained in it.
func TestTheJoinResponseContainsConcurrentPresenceUpdates(t *testing.T) {
	h := NewHub(Deps{Bus: bus.NewMemory(bus.NewExchange()), Presence: presence.NewMemory(presence.NewRegistry()), Cache: cache.NewMessages(metrics.New(), nil), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler)})
	room, now := newRoom(h, 1), time.Now()
	c := (&testHub{t: t, hub: h, woken: map[*Conn]chan struct{}{}}).newConn(chat.Caller{User: chat.User{ID: 9}})
	room.addSub(c)
	var encoded [][]chat.UserID
	room.activate(c, headAt(0), 0, func(online []chat.UserID, _ *int) []byte {
		if len(encoded) == 0 {
			room.applyOnline(chat.OnlineUsers{1: chat.Online}, now)
		}
		encoded = append(encoded, online)
		return fmt.Appendf(nil, "response %d", len(encoded))
	})
	frames := c.takeAll()
	if len(encoded) != 2 || !slices.Equal(encoded[1], []chat.UserID{1, 9}) || len(frames) != 1 || string(frames[0]) != "response 2" {
		t.Fatalf("encoded %v and queued %q, want one response with 1 and 9", encoded, frames)
	}
}

func TestASlowConnectionIsClosedAndItsQueueIsBounded(t *testing.T) {
	r := newTestHub(t)
	slow := r.liveConn(r.alice, 0)
	slow.setBlocked()
	waiting := r.liveConn(r.alice, 0)
	quick := r.liveConn(r.alice, 0)
	const n = maxQueuedEvents + 50
	for i := range n {
		r.hub.Receive(r.send(fmt.Sprint(i)))
		r.expectEvents(quick, chat.Seq(i), chat.Seq(i+1))
	}
	if !slow.closing() || slow.code != closeTooSlow {
		t.Fatalf("close code of the slow connection = %d, want %d", slow.code, closeTooSlow)
	}
	if queued := slow.queuedLines(); queued > maxQueuedEvents+1 {
		t.Fatalf("queued lines = %d, want at most %d and the response", queued, maxQueuedEvents)
	}
	r.expectEvents(waiting, 0, n)
	if waiting.closing() {
		t.Errorf("close code of a connection that waits for a writer = %d, want none", waiting.code)
	}
	for range waitingFactor * maxQueuedEvents {
		waiting.sendEvent([]byte("x"))
	}
	if waiting.closing() {
		t.Errorf("close code after %d events = %d, want none", waitingFactor*maxQueuedEvents, waiting.code)
	}
	if waiting.sendEvent([]byte("x")); waiting.code != closeTooSlow {
		t.Errorf("close code after one more = %d, want %d", waiting.code, closeTooSlow)
	}
}

func TestUsersAndQueuedBytesAreCounted(t *testing.T) {
	r := newTestHub(t)
	slow, other := r.newConn(r.alice), r.newConn(r.register("bob"))
	for _, c := range []*Conn{slow, r.newConn(r.alice), other} {
		r.hub.add(c)
	}
	slow.pushEvent([]byte("12345"))
	slow.pushResponse([]byte("123"))
	other.pushEphemeral([]byte("12"))
	if users, bytes := r.hub.Users(), r.hub.QueuedBytes(); users != 2 || bytes != 10 {
		t.Errorf("users = %d, queued bytes = %d, want 2 and 10", users, bytes)
	}
	slow.takeAll()
	if bytes := r.hub.QueuedBytes(); bytes != 2 {
		t.Errorf("queued bytes = %d, want 2", bytes)
	}
	for range 3 {
		r.hub.writers.mu.Lock()
		r.hub.writers.running = r.hub.writers.max // no writer is started
		r.hub.writers.mu.Unlock()
		r.hub.writers.add(&r.newConn(r.alice).connWriter)
	}
	if got := r.hub.Unwritten(); got != 3 {
		t.Errorf("waiting connections = %d, want 3", got)
	}
}

// applyOnline applies presence and returns the updates that are queued for c.
func (r *testHub) applyOnline(c *Conn, room *room, online chat.OnlineUsers, at time.Time) string {
	r.t.Helper()
	room.applyOnline(online, at)
	updates := ""
	for _, frame := range c.takeAll() {
		var f struct {
			Type string
			Data wire.PresenceUpdate
		}
		if err := json.Unmarshal(frame, &f); err != nil {
			r.t.Fatal(err)
		}
		for _, u := range f.Data.Users {
			updates += fmt.Sprintf("%d %s;", u.UserID, u.Status)
		}
	}
	return updates
}

func TestPresenceUpdatesAreDifferencesAndOfflineHasAGrace(t *testing.T) {
	h := NewHub(Deps{Bus: bus.NewMemory(bus.NewExchange()), Presence: presence.NewMemory(presence.NewRegistry()), Cache: cache.NewMessages(metrics.New(), nil), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler)})
	room := newRoom(h, 1)
	c := (&testHub{t: t, hub: h, woken: map[*Conn]chan struct{}{}}).newConn(chat.Caller{User: chat.User{ID: 9}})
	room.addSub(c)
	room.activate(c, headAt(0), 0, joinedResponse)
	c.takeAll()
	r, start := &testHub{t: t, hub: h}, time.Now()
	for i, step := range []struct {
		after  time.Duration
		online chat.OnlineUsers
		want   string
	}{
		{0, chat.OnlineUsers{1: chat.Online, 2: chat.Online}, "1 online;2 online;9 online;"}, // 9 has a subscription and is not written yet
		{0, chat.OnlineUsers{1: chat.Online, 2: chat.Online}, ""},
		{0, chat.OnlineUsers{1: chat.Away}, "1 away;"}, // 2 has a grace
		{time.Second, chat.OnlineUsers{1: chat.Away, 2: chat.Online}, ""},
		{time.Second, chat.OnlineUsers{1: chat.Away}, ""},
		{offlineGrace, chat.OnlineUsers{1: chat.Away}, ""}, // the grace has begun again
		{offlineGrace + time.Second, chat.OnlineUsers{1: chat.Away}, "2 offline;"},
		{time.Hour, chat.OnlineUsers{1: chat.Away}, ""},
	} {
		if got := r.applyOnline(c, room, step.online, start.Add(step.after)); got != step.want {
			t.Fatalf("step %d: updates = %q, want %q", i, got, step.want)
		}
	}
	later := start.Add(2 * time.Hour)
	room.applyUnknown(later)
	if got := r.applyOnline(c, room, chat.OnlineUsers{1: chat.Away}, later); got != "1 unknown;9 unknown;1 away;9 online;" {
		t.Fatalf("updates = %q, want unknown and then known again", got)
	}
	room.applyUnknown(later)
	if got := r.applyOnline(c, room, chat.OnlineUsers{2: chat.Online}, later); got != "1 unknown;9 unknown;1 offline;2 online;9 online;" {
		t.Fatalf("updates = %q, want no grace after presence was unknown", got)
	}
	if got := r.applyOnline(c, room, chat.OnlineUsers{}, later.Add(-time.Second)); got != "" {
		t.Fatalf("updates = %q after an older read, want none", got)
	}
}

// Updates contain only differences from what the other clients have. A client that joins
// must start with the same state, not with what presence contains by then.
func TestANewSubscriptionStartsWithThePresenceThatOthersHave(t *testing.T) {
	h := NewHub(Deps{Bus: bus.NewMemory(bus.NewExchange()), Presence: presence.NewMemory(presence.NewRegistry()), Cache: cache.NewMessages(metrics.New(), nil), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler)})
	room, start := newRoom(h, 1), time.Now()
	room.applyOnline(chat.OnlineUsers{1: chat.Online, 2: chat.Online}, start)
	room.applyOnline(chat.OnlineUsers{1: chat.Online}, start) // 2 has a grace
	c := (&testHub{t: t, hub: h, woken: map[*Conn]chan struct{}{}}).newConn(chat.Caller{User: chat.User{ID: 9}})
	room.addSub(c)
	room.applyOnline(chat.OnlineUsers{1: chat.Online}, start)
	var got []chat.UserID
	room.activate(c, headAt(0), 0, func(online []chat.UserID, _ *int) []byte { got = online; return nil })
	if want := []chat.UserID{1, 2, 9}; !slices.Equal(got, want) {
		t.Fatalf("online = %v, want %v: there is no update when 2 is back", got, want)
	}
	room.applyUnknown(start)
	room.activate(c, headAt(0), 0, func(online []chat.UserID, _ *int) []byte { got = online; return nil })
	if len(got) != 0 {
		t.Fatalf("online = %v, want none while presence is unknown", got)
	}
}

func TestEveryCommandHasAHandler(t *testing.T) {
	types := wire.CommandTypes()
	for _, c := range types {
		if commands[c.Name] == nil {
			t.Errorf("the command %s has no handler", c.Name)
		}
	}
	if len(types) != len(commands) {
		t.Errorf("%d commands have handlers, want %d", len(commands), len(types))
	}
}

// cachesAll is a cache that has every room.
type cachesAll struct{ chat.MessageCache }

func (cachesAll) Has(chat.RoomID) bool { return true }

// countingHandler counts log lines with one message.
type countingHandler struct {
	slog.Handler
	message string
	count   atomic.Int32
}

func (h *countingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *countingHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Message == h.message {
		h.count.Add(1)
	}
	return nil
}

// The copy of an event that the bus returns to its own node must not be decoded again.
func TestKnownEventsAreNotDecoded(t *testing.T) {
	failed := &countingHandler{Handler: slog.DiscardHandler, message: "decode event failed"}
	r := newTestHub(t, func(d *Deps) { d.Cache, d.Log = cachesAll{d.Cache}, slog.New(failed) })
	c := r.liveConn(r.alice, 0)
	broken := func(e wire.Envelope) wire.Envelope {
		e.Frame = []byte("broken")
		return e
	}
	delivered, missing, held := r.send("delivered"), r.send("missing"), r.send("held")
	r.hub.Receive(delivered)
	r.hub.Receive(broken(delivered))
	r.hub.Receive(held)
	r.hub.Receive(broken(held))
	if n := failed.count.Load(); n != 0 {
		t.Errorf("%d known events were decoded again", n)
	}
	r.expectEvents(c, 0, held.Seq)
	r.hub.Receive(broken(missing)) // delivered from the store meanwhile
	r.hub.Receive(broken(r.send("new")))
	if n := failed.count.Load(); n != 1 {
		t.Errorf("%d events were decoded, want the new one", n)
	}
	r.expectEvents(c, held.Seq, held.Seq+1) // read from the store
}
