package bus

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
	"github.com/chillin-chat/chillin/internal/wire"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// testTimeout is how long a test waits for an event. A test that passes does not wait that
// long.
const testTimeout = 20 * time.Second

// sink records the calls of a bus.
type sink struct {
	mu     sync.Mutex
	events []wire.Envelope // for rooms
	others []wire.Envelope
	missed int
	// affected contains how often Missed was called for a room.
	affected map[chat.RoomID]int
	// missedUsers contains how often MissedUsers was called for a user.
	missedUsers map[chat.UserID]int
	changed     chan struct{} // closed and replaced after every call
	running     int           // calls
	overlap     bool          // two calls ran at the same time
	block       chan struct{} // if not nil, calls wait until it is closed
}

func newSink() *sink {
	return &sink{changed: make(chan struct{}), affected: map[chat.RoomID]int{}, missedUsers: map[chat.UserID]int{}}
}

func (s *sink) record(f func()) {
	s.mu.Lock()
	s.running++
	s.overlap = s.overlap || s.running > 1
	block := s.block
	s.mu.Unlock()
	if block != nil {
		<-block
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// MissedUsers records the users 1 to 1000 that are affected.
func (s *sink) MissedUsers(affected func(chat.UserID) bool) {
	s.record(func() {
		for user := range chat.UserID(1000) {
			if affected(user + 1) {
				s.missedUsers[user+1]++
			}
		}
	})
}

// Missed records the rooms 1 to 1000 that are affected.
func (s *sink) Missed(affected func(chat.RoomID) bool) {
	s.record(func() {
		s.missed++
		for room := range chat.RoomID(1000) {
			if affected(room + 1) {
				s.affected[room+1]++
			}
		}
	})
}

func (s *sink) Receive(e wire.Envelope) {
	s.record(func() {
		if e.Kind.ForRoom() {
			s.events = append(s.events, e)
		} else {
			s.others = append(s.others, e)
		}
	})
}

// waitFor waits until ok returns true; it is called after every call of the sink.
func (s *sink) waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(testTimeout)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		done, changed := ok(), s.changed
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Fatalf("waited %v for %s; received %d room events, %d other envelopes, %d calls of Missed", testTimeout, what, len(s.events), len(s.others), s.missed)
		}
	}
}

func (s *sink) seqs(room chat.RoomID) (seqs []chat.Seq) {
	for _, e := range s.events {
		if e.Room == room && e.Kind.Durable() {
			seqs = append(seqs, e.Seq)
		}
	}
	return seqs
}

func (s *sink) count(room chat.RoomID) int { return len(s.seqs(room)) }

// eventually polls until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(testTimeout); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", testTimeout, what)
		}
	}
}

// node is a running bus with its sink.
type node struct {
	wire.Bus
	*sink
}

// run runs b until the test ends.
func run(t *testing.T, b wire.Bus) node {
	t.Helper()
	n := node{b, newSink()}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx, n.sink) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run = %v, want nil", err)
			}
		case <-time.After(testTimeout):
			t.Errorf("Run has not returned after %v", testTimeout)
		}
		if n.overlap {
			t.Error("the sink was called by two goroutines at a time")
		}
	})
	return n
}

// suite tests the contract of wire.Bus. connect returns the buses of n connected nodes.
func suite(t *testing.T, connect func(t *testing.T, n int) []wire.Bus) {
	start := func(t *testing.T, n int) []node {
		t.Helper()
		nodes := make([]node, 0, n)
		for _, b := range connect(t, n) {
			nodes = append(nodes, run(t, b))
		}
		for i, n := range nodes {
			eventually(t, fmt.Sprintf("the start of node %d", i), func() bool { return !n.Suspect() && started(n.Bus) })
		}
		return nodes
	}
	ctx := t.Context()

	t.Run("only followers of the room receive its events", func(t *testing.T) {
		nodes := start(t, 3)
		nodes[0].Follow(ctx, 7)
		nodes[1].Follow(ctx, 7)
		nodes[2].Follow(ctx, 8)
		nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1, Frame: []byte("{}")})
		nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 8, Seq: 2, Frame: []byte("{}")})
		nodes[0].waitFor(t, "its own event", func() bool { return nodes[0].count(7) == 1 })
		nodes[1].waitFor(t, "the event of room 7", func() bool { return nodes[1].count(7) == 1 })
		nodes[2].waitFor(t, "the event of room 8", func() bool { return nodes[2].count(8) == 1 })
		for i, n := range nodes {
			n.mu.Lock()
			if got := len(n.events); got != 1 {
				t.Errorf("node %d: events = %d, want 1", i, got)
			}
			n.mu.Unlock()
		}
	})

	t.Run("all fields of an event are transported", func(t *testing.T) {
		nodes := start(t, 2)
		nodes[1].Follow(ctx, 1<<40)
		want := []wire.Envelope{
			{Kind: wire.Change, Room: 1 << 40, Seq: 1 << 50, Frame: []byte(`{"type":"message:new","data":{"text":"é😀"}}`)},
			{Kind: wire.MemberLeft, Room: 1 << 40, Seq: 1<<50 + 1, User: 1 << 60, Frame: []byte("x")},
			{Kind: wire.MemberKicked, Room: 1 << 40, Seq: 1<<50 + 2, User: 3, Frame: []byte("x")},
			{Kind: wire.RoomChanged, Room: 1 << 40, Frame: []byte("{}")},
			{Kind: wire.RoomDeleted, Room: 1 << 40},
			{Kind: wire.PresenceHint, Room: 1 << 40},
			{Kind: wire.TypingOn, Room: 1 << 40, User: 5},
			{Kind: wire.TypingOff, Room: 1 << 40, User: 5},
		}
		for _, e := range want {
			nodes[0].Publish(e)
		}
		n := nodes[1]
		n.waitFor(t, "every event", func() bool { return len(n.events) == len(want) })
		if !reflect.DeepEqual(n.events, want) {
			t.Errorf("events = %+v, want %+v", n.events, want)
		}
	})

	t.Run("events of one node keep their order", func(t *testing.T) {
		const total = 2000
		nodes := start(t, 2)
		nodes[1].Follow(ctx, 7)
		for seq := range chat.Seq(total) {
			nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: seq + 1, Frame: []byte("{}")})
		}
		n := nodes[1]
		n.waitFor(t, "every event", func() bool { return n.count(7) == total })
		if got := n.seqs(7); !slices.IsSorted(got) {
			t.Errorf("seqs = %v, want ascending", got)
		}
	})

	t.Run("no event is missed after Follow has returned", func(t *testing.T) {
		nodes := start(t, 2)
		for room := range chat.RoomID(100) {
			nodes[1].Follow(ctx, room+1)
			nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: room + 1, Seq: 1, Frame: []byte("{}")})
		}
		n := nodes[1]
		n.waitFor(t, "every event", func() bool { return len(n.events) == 100 })
	})

	t.Run("following twice delivers events once", func(t *testing.T) {
		nodes := start(t, 2)
		n := nodes[1]
		n.Follow(ctx, 7)
		n.Follow(ctx, 7)
		nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1, Frame: []byte("{}")})
		nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 2, Frame: []byte("{}")})
		n.waitFor(t, "the second event", func() bool { return slices.Contains(n.seqs(7), 2) })
		if got, want := n.seqs(7), []chat.Seq{1, 2}; !slices.Equal(got, want) {
			t.Errorf("seqs = %v, want %v", got, want)
		}
	})

	t.Run("a room can be followed again after Unfollow", func(t *testing.T) {
		nodes := start(t, 2)
		n := nodes[1]
		for seq := range chat.Seq(20) {
			n.Follow(ctx, 7)
			nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: seq + 1, Frame: []byte("{}")})
			n.waitFor(t, "the event", func() bool { return slices.Contains(n.seqs(7), seq+1) })
			n.Unfollow(7)
		}
	})

	t.Run("Unfollow of a room that is not followed has no effect", func(t *testing.T) {
		nodes := start(t, 1)
		nodes[0].Unfollow(7)
		nodes[0].Follow(ctx, 7)
		nodes[0].Unfollow(7)
		nodes[0].Unfollow(7)
	})

	t.Run("every node receives envelopes that are for no room", func(t *testing.T) {
		nodes := start(t, 3)
		want := []wire.Envelope{
			{Kind: wire.SessionEnded, User: 1, Session: 1 << 50},
			{Kind: wire.OtherSessionsEnded, User: 2},
			{Kind: wire.UserFrame, User: 3, Except: "conn-é", Frame: []byte(`{"type":"read:updated"}`)},
			{Kind: wire.UserChanged, User: 4, Rooms: []chat.RoomID{7, 1 << 50}, Frame: []byte(`{"type":"user:updated"}`)},
		}
		for _, n := range want {
			nodes[0].Publish(n)
		}
		for i, n := range nodes {
			n.waitFor(t, "every envelope", func() bool { return len(n.others) == len(want) })
			// Those of different users can be in any order.
			slices.SortFunc(n.others, func(a, b wire.Envelope) int { return cmp.Compare(a.User, b.User) })
			if !reflect.DeepEqual(n.others, want) {
				t.Errorf("node %d: envelopes = %+v, want %+v", i, n.others, want)
			}
		}
	})

	t.Run("Ask sends to every node and returns their number", func(t *testing.T) {
		nodes := start(t, 3)
		request := wire.Envelope{Kind: wire.SurveyRequest, Except: "q1", Frame: []byte(`{"limit":1}`)}
		if n, err := nodes[0].Ask(ctx, request); err != nil || n != 3 {
			t.Fatalf("Ask = %d, %v, want 3", n, err)
		}
		for _, n := range nodes {
			n.waitFor(t, "the request", func() bool { return len(n.others) == 1 && reflect.DeepEqual(n.others[0], request) })
		}
	})

	t.Run("MissedUsers is called after a sink was too slow", func(t *testing.T) {
		nodes := start(t, 2)
		n := nodes[1]
		n.waitFor(t, "the end of the sink's calls", func() bool { return n.running == 0 })
		n.mu.Lock()
		before, block := n.missedUsers[7], make(chan struct{})
		n.block = block
		n.mu.Unlock()
		for i := range 3 * max(incoming, memoryQueue) {
			nodes[0].Publish(wire.Envelope{Kind: wire.UserFrame, User: 7, Frame: []byte("{}")})
			if i%1000 == 999 { // do not overflow the queue of the sender
				eventually(t, "an empty queue of the sender", func() bool { return queued(nodes[0].Bus) == 0 })
			}
		}
		eventually(t, "a full queue of the receiver", func() bool { return overflowed(n.Bus) })
		n.mu.Lock()
		n.block = nil
		n.mu.Unlock()
		close(block)
		n.waitFor(t, "MissedUsers", func() bool { return n.missedUsers[7] > before })
	})

	t.Run("Missed is called after a sink was too slow", func(t *testing.T) {
		nodes := start(t, 2)
		n := nodes[1]
		n.Follow(ctx, 7)
		n.waitFor(t, "the end of the sink's calls", func() bool { return n.running == 0 })
		n.mu.Lock()
		before, block := n.missed, make(chan struct{})
		n.block = block
		n.mu.Unlock()
		const total = 3 * max(incoming, memoryQueue)
		for seq := range chat.Seq(total) {
			nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: seq + 1})
			if seq%1000 == 999 { // do not overflow the queue of the sender
				eventually(t, "an empty queue of the sender", func() bool { return queued(nodes[0].Bus) == 0 })
			}
		}
		eventually(t, "a full queue of the receiver", func() bool { return overflowed(n.Bus) })
		n.mu.Lock()
		n.block = nil
		n.mu.Unlock()
		close(block)
		n.waitFor(t, "Missed", func() bool { return n.missed > before })
		if n.mu.Lock(); n.count(7) >= total {
			t.Errorf("all %d events were received, want some dropped", total)
		}
		n.mu.Unlock()
	})

	t.Run("Publish never blocks", func(t *testing.T) {
		b := connect(t, 1)[0] // Run is not called
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 3 * outgoing {
				b.Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1, Frame: []byte("{}")})
				b.Publish(wire.Envelope{Kind: wire.SessionEnded})
			}
		}()
		select {
		case <-done:
		case <-time.After(testTimeout):
			t.Fatalf("Publish has not returned after %v", testTimeout)
		}
	})

	t.Run("Follow returns when ctx ends", func(t *testing.T) {
		b := connect(t, 1)[0] // Run is not called
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		done := make(chan struct{})
		go func() { defer close(done); b.Follow(canceled, 7) }()
		select {
		case <-done:
		case <-time.After(testTimeout):
			t.Fatalf("Follow has not returned after %v", testTimeout)
		}
	})

	t.Run("many goroutines use a bus at the same time", func(t *testing.T) {
		nodes := start(t, 2)
		n := nodes[1]
		n.Follow(ctx, 1000)
		var wg sync.WaitGroup
		for w := range chat.RoomID(8) {
			wg.Go(func() {
				for i := range chat.RoomID(50) {
					room := 1 + (w*7+i)%20
					n.Follow(ctx, room)
					nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: room, Seq: 1})
					nodes[0].Publish(wire.Envelope{Kind: wire.SessionEnded})
					n.Unfollow(room)
				}
			})
		}
		wg.Wait()
		nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 1000, Seq: 1})
		n.waitFor(t, "the last event", func() bool { return n.count(1000) == 1 })
	})
}

// started reports whether b receives and has called Missed for its start.
func started(b wire.Bus) bool {
	switch b := b.(type) {
	case *Memory:
		b.exchange.mu.RLock()
		defer b.exchange.mu.RUnlock()
		_, ok := b.exchange.nodes[b]
		return ok
	case *Redis:
		return len(b.missed) == 0
	}
	return true
}

func queued(b wire.Bus) int {
	if r, ok := b.(*Redis); ok {
		toPublish, _ := r.Queued()
		return toPublish
	}
	return 0
}

// overflowed reports whether b has dropped a received envelope.
func overflowed(b wire.Bus) bool {
	switch b := b.(type) {
	case *Memory:
		return len(b.missed) > 0
	case *Redis:
		return len(b.missed) > 0
	}
	return false
}

func TestMemory(t *testing.T) {
	suite(t, func(_ *testing.T, n int) []wire.Bus {
		exchange := NewExchange()
		buses := make([]wire.Bus, n)
		for i := range buses {
			buses[i] = NewMemory(exchange)
		}
		return buses
	})
}

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }
