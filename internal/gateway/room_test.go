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
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/bus"
	"github.com/chillin-chat/chillin/internal/cache"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/presence"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/testenv"
	"github.com/chillin-chat/chillin/internal/wake"
	"github.com/chillin-chat/chillin/internal/wire"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(audienceOf); what != "" {
		audience(what)
		return
	}
	testenv.Main(m)
}

// rig is a hub on a real store. Its bus is silent: the test decides what arrives.
type rig struct {
	t     testing.TB
	hub   *Hub
	store *store.Store
	alice chat.Caller
	room  chat.Room
	woken map[*Conn]chan struct{} // of listeners: has one element when something waits
}

func newRig(t testing.TB, change ...func(*Deps)) *rig {
	t.Helper()
	dir := t.TempDir()
	schema, err := store.SQLiteSchema(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := schema.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenSQLite(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, store: s, woken: map[*Conn]chan struct{}{}}
	deps := Deps{
		Node: "test", Rooms: s, Messages: s, Accounts: s, Bus: bus.NewMemory(bus.NewExchange()),
		Presence: presence.NewMemory(presence.NewBoard()), Cache: cache.NewMessages(metrics.New(), nil), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler),
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

// tokenOf is the hash of the token of a user that the rig registered.
func (*rig) tokenOf(name string) []byte {
	hash := make([]byte, 32)
	copy(hash, name)
	return hash
}

func (r *rig) register(name string) chat.Caller {
	r.t.Helper()
	caller, err := r.store.Register(r.t.Context(), chat.NewAccount{Username: name, DisplayName: name, PasswordHash: "x"},
		chat.NewSession{TokenHash: r.tokenOf(name), ExpiresAt: chat.At(time.Now().Add(time.Hour))})
	if err != nil {
		r.t.Fatal(err)
	}
	return caller
}

// joinedFrame stands for the answer to room:join.
func joinedFrame([]chat.UserID, *int) []byte { return []byte(`{"type":"room:joined"}`) }

// readAt is a place of a member whose membership was read when head was the last
// number.
func readAt(head chat.Seq) joinSnapshot { return joinSnapshot{room: chat.Room{Head: head}} }

// say commits a message and returns its event, told to nobody.
func (r *rig) say(text string) wire.Envelope {
	r.t.Helper()
	m, _, err := r.store.Append(r.t.Context(), chat.Draft{
		Room: r.room.ID, Author: r.alice.User.ID, CID: chat.CID(uuid.NewString()), Text: text,
	}, chat.CanSend)
	if err != nil {
		r.t.Fatal(err)
	}
	return wire.EncodeRoomEvent(chat.MessageChanged{Message: m, Seq: m.Seq})
}

// deaf is a connection without a socket: what it would be sent stays in its queue.
func (r *rig) deaf(who chat.Caller) *Conn {
	c, woken := newConn(r.hub, nil, nil, who, "c"+uuid.NewString()[:4]), wake.NewSignal()
	c.queue.wake = woken.Send
	r.woken[c] = woken
	withoutSocket(r.t, c)
	return c
}

// withoutSocket has nothing cut where a connection without a socket is closed.
func withoutSocket(t testing.TB, c *Conn) {
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.cutoff != nil {
			c.cutoff.Stop()
		}
	})
}

// all takes what waits.
func (q *queue) all() (lines [][]byte) {
	for {
		more, _ := q.take(nil)
		if len(more) == 0 {
			return lines
		}
		lines = append(lines, more...)
	}
}

// listener is a connection without a socket that is live in the room.
func (r *rig) listener(who chat.Caller, to chat.Seq) *Conn {
	r.t.Helper()
	c := r.deaf(who)
	room, err := r.hub.subscribe(r.t.Context(), c, r.room.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	room.activate(c, readAt(to), to, joinedFrame)
	return c
}

// hears waits until c was sent the event upTo and fails unless what it was sent
// is from+1, from+2, … without a hole.
func (r *rig) hears(c *Conn, from, upTo chat.Seq) {
	r.t.Helper()
	limit := time.After(10 * time.Second)
	for next := from + 1; next <= upTo; {
		select {
		case <-r.woken[c]:
		case <-limit:
			r.t.Fatalf("no event %d in 10 s", next)
		}
		for _, frame := range c.queue.all() {
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
				r.t.Fatalf("event %d came in the place of %d", e.Data.Seq, next)
			}
			next++
		}
	}
}

func TestRoomOrder(t *testing.T) {
	const n = 60
	for seed := range uint64(12) {
		t.Run(fmt.Sprintf("events shuffled, doubled and lost, seed %d", seed), func(t *testing.T) {
			t.Parallel()
			r, random := newRig(t), rand.New(rand.NewPCG(seed, 1))
			c := r.listener(r.alice, 0)
			var arriving []wire.Envelope
			for i := range n {
				e := r.say(fmt.Sprint(i))
				for range random.IntN(3) { // lost, once or twice
					if random.IntN(5) == 0 {
						e.Frame = nil // too large to travel
					}
					arriving = append(arriving, e)
				}
			}
			random.Shuffle(len(arriving), func(i, k int) {
				if max(i-k, k-i) < 8 { // near ones overtake each other
					arriving[i], arriving[k] = arriving[k], arriving[i]
				}
			})
			for _, e := range arriving {
				r.hub.Receive(e)
			}
			r.hub.Missed() // the last may be lost, and has no successor
			r.hears(c, 0, n)
		})
	}
}

func TestALostLastEventIsFoundByTheHeads(t *testing.T) {
	r := newRig(t)
	c := r.listener(r.alice, 0)
	r.say("lost on the way")
	r.hears(c, 0, 1) // by the pass over the heads that comes anyway
}

func TestWhoCatchesUpMissesNothing(t *testing.T) {
	r := newRig(t)
	early := r.listener(r.alice, 0)
	c := r.deaf(r.alice)
	room, err := r.hub.subscribe(t.Context(), c, r.room.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 { // while c reads the store
		r.hub.Receive(r.say(fmt.Sprint(i)))
	}
	r.hears(early, 0, 5)
	room.activate(c, readAt(3), 3, joinedFrame) // c has read up to 3
	r.hub.Receive(r.say("last"))
	r.hears(c, 3, 6)
}

func TestWhoIsGoneIsToldAndHearsNothingMore(t *testing.T) {
	r := newRig(t)
	bob := r.register("bob")
	_, joined, err := r.store.Join(t.Context(), r.room.ID, bob.User.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	stays, gone := r.listener(r.alice, 1), r.listener(bob, 1)
	r.hub.Receive(wire.EncodeRoomEvent(chat.MessageChanged{Message: *joined, Seq: 1}))
	left, err := r.store.Leave(t.Context(), r.room.ID, bob.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	secret := r.say("secret")
	r.hub.Receive(secret) // overtakes the departure
	r.hub.Receive(wire.EncodeRoomEvent(chat.MessageChanged{Message: *left, Seq: 2}))
	r.hears(stays, 1, 3)
	frames := slices.DeleteFunc(gone.queue.all(), func(f []byte) bool { return bytes.Contains(f, []byte(`"presence:update"`)) })
	all := string(bytes.Join(frames, []byte{'\n'}))
	if want := `{"type":"room:joined"}` + "\n" + fmt.Sprintf(`{"type":"room:removed","data":{"roomId":%d,"reason":"left"}}`, r.room.ID); all != want {
		t.Fatalf("who left was sent %s, want %s", all, want)
	}
}

func TestALateDepartureDoesNotTouchWhoCameBack(t *testing.T) {
	r := newRig(t)
	bob := r.register("bob")
	join := func() *chat.Message {
		_, joined, err := r.store.Join(t.Context(), r.room.ID, bob.User.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		return joined
	}
	join()
	back := r.listener(bob, 1)
	left, err := r.store.Leave(t.Context(), r.room.ID, bob.User.ID) // by another connection
	if err != nil {
		t.Fatal(err)
	}
	join()
	room, err := r.hub.subscribe(t.Context(), back, r.room.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.hub.Receive(wire.EncodeRoomEvent(chat.MessageChanged{Message: *left, Seq: 2})) // while back reads the store
	room.activate(back, readAt(3), 3, joinedFrame)
	r.hub.Missed() // and it is read again, to close the hole
	r.hub.Receive(r.say("still here"))
	r.hears(back, 3, 4) // it still sits
}

// What was read of the room may be newer than the membership: who was removed between
// the two must not subscribe on.
func TestADepartureWhileCatchingUpEndsTheSeat(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run("heard "+when+" it goes live", func(t *testing.T) {
			r := newRig(t)
			bob := r.register("bob")
			if _, _, err := r.store.Join(t.Context(), r.room.ID, bob.User.ID, nil); err != nil {
				t.Fatal(err)
			}
			stays, c := r.listener(r.alice, 1), r.deaf(bob)
			room, err := r.hub.subscribe(t.Context(), c, r.room.ID)
			if err != nil {
				t.Fatal(err)
			}
			left, err := r.store.Leave(t.Context(), r.room.ID, bob.User.ID)
			if err != nil {
				t.Fatal(err)
			}
			events := []wire.Envelope{wire.EncodeRoomEvent(chat.MessageChanged{Message: *left, Seq: 2}), r.say("secret"), r.say("more")}
			if when == "before" {
				r.hub.Receive(events[0])
			}
			room.activate(c, readAt(1), 3, joinedFrame)
			for _, e := range events {
				r.hub.Receive(e)
			}
			r.hears(stays, 1, 4)
			frames := slices.DeleteFunc(c.queue.all(), func(f []byte) bool { return bytes.Contains(f, []byte(`"presence:update"`)) })
			want := `{"type":"room:joined"}` + "\n" + fmt.Sprintf(`{"type":"room:removed","data":{"roomId":%d,"reason":"left"}}`, r.room.ID)
			if all := string(bytes.Join(frames, []byte{'\n'})); all != want {
				t.Fatalf("who was removed was sent %s, want %s", all, want)
			}
		})
	}
}

// Until it is live a seat is nobody's business: whoever it is may be no member.
func TestASeatIsSecretUntilItIsLive(t *testing.T) {
	r := newRig(t)
	r.listener(r.alice, 0)
	bob := r.register("bob")
	c := r.deaf(bob)
	if !r.hub.canPreSubscribe(c, r.room.ID) || r.hub.canPreSubscribe(c, r.room.ID+1) {
		t.Error("who does not sit may come to an open room, and to no other")
	}
	room, err := r.hub.subscribe(t.Context(), c, r.room.ID)
	if err != nil {
		t.Fatal(err)
	}
	if r.hub.canPreSubscribe(c, r.room.ID) {
		t.Error("who sits keeps its seat until it is known that it may sit anew")
	}
	r.hub.add(c)
	r.hub.setStatus(bob.User.ID, chat.Busy)
	r.hub.Receive(r.say("secret"))
	room.deleted()
	online, err := r.hub.presence.Online(t.Context(), r.room.ID)
	if err != nil || len(online[r.room.ID]) > 1 || c.queue.waiting() > 0 {
		t.Fatalf("online are %v, %v, and %d frames wait for who is not live; want alice at most, and none", online, err, c.queue.waiting())
	}
	room.activate(c, readAt(1), 1, joinedFrame)
	frames := c.queue.all()
	want := `{"type":"room:joined"}` + "\n" + fmt.Sprintf(`{"type":"room:removed","data":{"roomId":%d,"reason":"deleted"}}`, r.room.ID)
	if all := string(bytes.Join(frames, []byte{'\n'})); all != want {
		t.Fatalf("who came too late was sent %s, want %s", all, want)
	}
}

// The answer is encoded outside of the room's lock: what is told meanwhile must not
// be missing in it.
func TestWhatIsToldWhileTheAnswerIsMadeIsInIt(t *testing.T) {
	h := NewHub(Deps{Bus: bus.NewMemory(bus.NewExchange()), Presence: presence.NewMemory(presence.NewBoard()), Cache: cache.NewMessages(metrics.New(), nil), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler)})
	room, now := newRoom(h, 1), time.Now()
	c := (&rig{t: t, hub: h, woken: map[*Conn]chan struct{}{}}).deaf(chat.Caller{User: chat.User{ID: 9}})
	room.addSub(c)
	var named [][]chat.UserID
	room.activate(c, readAt(0), 0, func(online []chat.UserID, _ *int) []byte {
		if len(named) == 0 {
			room.applyOnline(chat.OnlineUsers{1: chat.Online}, now)
		}
		named = append(named, online)
		return fmt.Appendf(nil, "answer %d", len(named))
	})
	frames := c.queue.all()
	if len(named) != 2 || !slices.Equal(named[1], []chat.UserID{1, 9}) || len(frames) != 1 || string(frames[0]) != "answer 2" {
		t.Fatalf("named %v and sent %q, want one answer with 1 and 9", named, frames)
	}
}

func TestASlowConnectionIsClosedAndCostsBoundedMemory(t *testing.T) {
	r := newRig(t)
	slow := r.listener(r.alice, 0)
	quick := r.listener(r.alice, 0)
	const n = maxQueuedEvents + 50
	for i := range n {
		r.hub.Receive(r.say(fmt.Sprint(i)))
		r.hears(quick, chat.Seq(i), chat.Seq(i+1))
	}
	if !slow.closing() || slow.code != closeTooSlow {
		t.Fatalf("slow connection has code %d, want %d", slow.code, closeTooSlow)
	}
	if waiting := slow.queue.waiting(); waiting > maxQueuedEvents+1 {
		t.Fatalf("%d frames wait, want at most %d and the answer", waiting, maxQueuedEvents)
	}
}

func TestWhatWaitsForConnectionsIsCounted(t *testing.T) {
	r := newRig(t)
	slow, other := r.deaf(r.alice), r.deaf(r.register("bob"))
	for _, c := range []*Conn{slow, r.deaf(r.alice), other} {
		r.hub.add(c)
	}
	slow.queue.pushEvent([]byte("12345"))
	slow.queue.pushAnswer([]byte("123"))
	other.queue.pushEphemeral([]byte("12"))
	if users, bytes := r.hub.Users(), r.hub.QueuedBytes(); users != 2 || bytes != 10 {
		t.Errorf("%d users, %d bytes wait, want 2 and 10", users, bytes)
	}
	slow.queue.all()
	if bytes := r.hub.QueuedBytes(); bytes != 2 {
		t.Errorf("%d bytes wait, want 2", bytes)
	}
	for range 3 {
		r.hub.writers.mu.Lock()
		r.hub.writers.running = r.hub.writers.most // all are busy
		r.hub.writers.mu.Unlock()
		r.hub.writers.add(r.deaf(r.alice))
	}
	if got := r.hub.Unwritten(); got != 3 {
		t.Errorf("%d connections wait for a writer, want 3", got)
	}
}

// roster brings a new roster and returns who was told to be what.
func (r *rig) roster(c *Conn, room *room, roster chat.OnlineUsers, at time.Time) string {
	r.t.Helper()
	room.applyOnline(roster, at)
	told := ""
	for _, frame := range c.queue.all() {
		var f struct {
			Type string
			Data wire.PresenceUpdate
		}
		if err := json.Unmarshal(frame, &f); err != nil {
			r.t.Fatal(err)
		}
		for _, u := range f.Data.Users {
			told += fmt.Sprintf("%d %s;", u.UserID, u.Status)
		}
	}
	return told
}

func TestRosterTellsDifferencesAfterAGrace(t *testing.T) {
	h := NewHub(Deps{Bus: bus.NewMemory(bus.NewExchange()), Presence: presence.NewMemory(presence.NewBoard()), Cache: cache.NewMessages(metrics.New(), nil), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler)})
	room := newRoom(h, 1)
	c := (&rig{t: t, hub: h, woken: map[*Conn]chan struct{}{}}).deaf(chat.Caller{User: chat.User{ID: 9}})
	room.addSub(c)
	room.activate(c, readAt(0), 0, joinedFrame)
	c.queue.all()
	r, start := &rig{t: t, hub: h}, time.Now()
	for i, step := range []struct {
		after  time.Duration
		roster chat.OnlineUsers
		want   string
	}{
		{0, chat.OnlineUsers{1: chat.Online, 2: chat.Online}, "1 online;2 online;9 online;"}, // 9 sits here and is not yet in force
		{0, chat.OnlineUsers{1: chat.Online, 2: chat.Online}, ""},
		{0, chat.OnlineUsers{1: chat.Away}, "1 away;"}, // 2 may be back at once
		{time.Second, chat.OnlineUsers{1: chat.Away, 2: chat.Online}, ""},
		{time.Second, chat.OnlineUsers{1: chat.Away}, ""},
		{offlineGrace, chat.OnlineUsers{1: chat.Away}, ""}, // the grace began anew
		{offlineGrace + time.Second, chat.OnlineUsers{1: chat.Away}, "2 offline;"},
		{time.Hour, chat.OnlineUsers{1: chat.Away}, ""},
	} {
		if got := r.roster(c, room, step.roster, start.Add(step.after)); got != step.want {
			t.Fatalf("step %d: told %q, want %q", i, got, step.want)
		}
	}
	later := start.Add(2 * time.Hour)
	room.applyUnknown(later)
	if got := r.roster(c, room, chat.OnlineUsers{1: chat.Away}, later); got != "1 unknown;9 unknown;1 away;9 online;" {
		t.Fatalf("told %q, want that it was unknown and then known again", got)
	}
	room.applyUnknown(later)
	if got := r.roster(c, room, chat.OnlineUsers{2: chat.Online}, later); got != "1 unknown;9 unknown;1 offline;2 online;9 online;" {
		t.Fatalf("told %q, want no grace for who went in a time that nothing is known of", got)
	}
	if got := r.roster(c, room, chat.OnlineUsers{}, later.Add(-time.Second)); got != "" {
		t.Fatalf("told %q of a look from before the last one, want nothing", got)
	}
}

// TestWhoComesLaterIsToldTheSame: differences are told to what the others know,
// so whoever joins must begin with that, not with what presence says meanwhile.
func TestWhoComesLaterIsToldTheSame(t *testing.T) {
	h := NewHub(Deps{Bus: bus.NewMemory(bus.NewExchange()), Presence: presence.NewMemory(presence.NewBoard()), Cache: cache.NewMessages(metrics.New(), nil), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler)})
	room, start := newRoom(h, 1), time.Now()
	room.applyOnline(chat.OnlineUsers{1: chat.Online, 2: chat.Online}, start)
	room.applyOnline(chat.OnlineUsers{1: chat.Online}, start) // 2 has a grace
	c := (&rig{t: t, hub: h, woken: map[*Conn]chan struct{}{}}).deaf(chat.Caller{User: chat.User{ID: 9}})
	room.addSub(c)
	room.applyOnline(chat.OnlineUsers{1: chat.Online}, start)
	var named []chat.UserID
	room.activate(c, readAt(0), 0, func(online []chat.UserID, _ *int) []byte { named = online; return nil })
	if want := []chat.UserID{1, 2, 9}; !slices.Equal(named, want) {
		t.Fatalf("online = %v, want %v: nobody will be told of 2 when it is back", named, want)
	}
	room.applyUnknown(start)
	room.activate(c, readAt(0), 0, func(online []chat.UserID, _ *int) []byte { named = online; return nil })
	if len(named) != 0 {
		t.Fatalf("online = %v, want nobody while presence is unknown", named)
	}
}

func TestEveryCommandIsHandled(t *testing.T) {
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
