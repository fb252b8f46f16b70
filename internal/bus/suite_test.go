package bus

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/testenv"
	"github.com/chillin-chat/chillin/internal/wire"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// patience is how long a test waits for what must come. It is never waited out
// by a test that passes.
const patience = 20 * time.Second

// sink gathers what a bus hands over.
type sink struct {
	mu      sync.Mutex
	events  []wire.Envelope
	notices []wire.Envelope
	missed  int
	news    chan struct{} // closed and renewed with everything that comes
	inside  int           // calls under way
	overlap bool          // two at a time
	block   chan struct{} // where set, calls wait for its close
}

func newSink() *sink { return &sink{news: make(chan struct{})} }

func (s *sink) note(do func()) {
	s.mu.Lock()
	s.inside++
	s.overlap = s.overlap || s.inside > 1
	block := s.block
	s.mu.Unlock()
	if block != nil {
		<-block
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inside--
	do()
	close(s.news)
	s.news = make(chan struct{})
}

func (s *sink) Missed() { s.note(func() { s.missed++ }) }

func (s *sink) Receive(e wire.Envelope) {
	s.note(func() {
		if e.Kind.ForRoom() {
			s.events = append(s.events, e)
		} else {
			s.notices = append(s.notices, e)
		}
	})
}

// await waits until ok holds of what has come.
func (s *sink) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		s.mu.Lock()
		done, news := ok(), s.news
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-news:
		case <-deadline.C:
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Fatalf("%s did not come in %v; there are %d events, %d notices, %d missed", what, patience, len(s.events), len(s.notices), s.missed)
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

// eventually polls what no sink tells.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen in %v", what, patience)
		}
	}
}

// node is a bus that runs.
type node struct {
	wire.Bus
	*sink
}

// run starts b and ends it with the test.
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
		case <-time.After(patience):
			t.Errorf("Run did not end in %v", patience)
		}
		if n.overlap {
			t.Error("the sink was called from two goroutines at a time")
		}
	})
	return n
}

// suite is what every bus does. connect makes the buses of n nodes that reach each
// other.
func suite(t *testing.T, connect func(t *testing.T, n int) []wire.Bus) {
	start := func(t *testing.T, n int) []node {
		t.Helper()
		nodes := make([]node, 0, n)
		for _, b := range connect(t, n) {
			nodes = append(nodes, run(t, b))
		}
		for i, n := range nodes {
			eventually(t, fmt.Sprintf("trust of node %d", i), func() bool { return !n.Suspect() && settled(n.Bus) })
		}
		return nodes
	}
	ctx := t.Context()

	t.Run("followers of the room hear its events, others do not", func(t *testing.T) {
		nodes := start(t, 3)
		nodes[0].Follow(ctx, 7)
		nodes[1].Follow(ctx, 7)
		nodes[2].Follow(ctx, 8)
		nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1, Frame: []byte("{}")})
		nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 8, Seq: 2, Frame: []byte("{}")})
		nodes[0].await(t, "its own event", func() bool { return nodes[0].count(7) == 1 })
		nodes[1].await(t, "the event of room 7", func() bool { return nodes[1].count(7) == 1 })
		nodes[2].await(t, "the event of room 8", func() bool { return nodes[2].count(8) == 1 })
		for i, n := range nodes {
			n.mu.Lock()
			if got := len(n.events); got != 1 {
				t.Errorf("node %d heard %d events, want 1", i, got)
			}
			n.mu.Unlock()
		}
	})

	t.Run("an event comes whole", func(t *testing.T) {
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
		n.await(t, "every event", func() bool { return len(n.events) == len(want) })
		if !reflect.DeepEqual(n.events, want) {
			t.Errorf("events = %+v, want %+v", n.events, want)
		}
	})

	t.Run("what one node publishes keeps its order", func(t *testing.T) {
		const many = 2000
		nodes := start(t, 2)
		nodes[1].Follow(ctx, 7)
		for seq := range chat.Seq(many) {
			nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: seq + 1, Frame: []byte("{}")})
		}
		n := nodes[1]
		n.await(t, "every event", func() bool { return n.count(7) == many })
		if got := n.seqs(7); !slices.IsSorted(got) {
			t.Errorf("seqs are out of order: %v", got)
		}
	})

	t.Run("when Follow returns, nothing is missed", func(t *testing.T) {
		nodes := start(t, 2)
		for room := range chat.RoomID(100) {
			nodes[1].Follow(ctx, room+1)
			nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: room + 1, Seq: 1, Frame: []byte("{}")})
		}
		n := nodes[1]
		n.await(t, "every event", func() bool { return len(n.events) == 100 })
	})

	t.Run("following twice is once", func(t *testing.T) {
		nodes := start(t, 2)
		n := nodes[1]
		n.Follow(ctx, 7)
		n.Follow(ctx, 7)
		nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 1, Frame: []byte("{}")})
		nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: 2, Frame: []byte("{}")})
		n.await(t, "the second event", func() bool { return slices.Contains(n.seqs(7), 2) })
		if got, want := n.seqs(7), []chat.Seq{1, 2}; !slices.Equal(got, want) {
			t.Errorf("seqs = %v, want %v", got, want)
		}
	})

	t.Run("a room that was left can be followed again", func(t *testing.T) {
		nodes := start(t, 2)
		n := nodes[1]
		for seq := range chat.Seq(20) {
			n.Follow(ctx, 7)
			nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: seq + 1, Frame: []byte("{}")})
			n.await(t, "the event", func() bool { return slices.Contains(n.seqs(7), seq+1) })
			n.Unfollow(7)
		}
	})

	t.Run("to leave a room that is not followed does no harm", func(t *testing.T) {
		nodes := start(t, 1)
		nodes[0].Unfollow(7)
		nodes[0].Follow(ctx, 7)
		nodes[0].Unfollow(7)
		nodes[0].Unfollow(7)
	})

	t.Run("every node hears a notice", func(t *testing.T) {
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
			n.await(t, "every notice", func() bool { return len(n.notices) == len(want) })
			if !reflect.DeepEqual(n.notices, want) {
				t.Errorf("node %d: notices = %+v, want %+v", i, n.notices, want)
			}
		}
	})

	t.Run("a question is heard by every node, and counted", func(t *testing.T) {
		nodes := start(t, 3)
		question := wire.Envelope{Kind: wire.SurveyRequest, Except: "q1", Frame: []byte(`{"limit":1}`)}
		if heard, err := nodes[0].Ask(ctx, question); err != nil || heard != 3 {
			t.Fatalf("heard by %d, %v, want 3", heard, err)
		}
		for _, n := range nodes {
			n.await(t, "the question", func() bool { return len(n.notices) == 1 && reflect.DeepEqual(n.notices[0], question) })
		}
	})

	t.Run("a sink that is too slow is told that it missed something", func(t *testing.T) {
		nodes := start(t, 2)
		n := nodes[1]
		n.Follow(ctx, 7)
		n.await(t, "silence", func() bool { return n.inside == 0 })
		n.mu.Lock()
		before, block := n.missed, make(chan struct{})
		n.block = block
		n.mu.Unlock()
		const many = 3 * max(incoming, memoryQueue)
		for seq := range chat.Seq(many) {
			nodes[0].Publish(wire.Envelope{Kind: wire.Change, Room: 7, Seq: seq + 1})
			if seq%1000 == 999 { // let it arrive: the sender's queue is bounded as well
				eventually(t, "room in the sender's queue", func() bool { return queued(nodes[0].Bus) == 0 })
			}
		}
		eventually(t, "full queue", func() bool { return overflown(n.Bus) })
		n.mu.Lock()
		n.block = nil
		n.mu.Unlock()
		close(block)
		n.await(t, "Missed", func() bool { return n.missed > before })
		if n.mu.Lock(); n.count(7) >= many {
			t.Errorf("all %d events came, want some dropped", many)
		}
		n.mu.Unlock()
	})

	t.Run("publishing never blocks, whoever listens", func(t *testing.T) {
		b := connect(t, 1)[0] // which nobody runs
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
		case <-time.After(patience):
			t.Fatal("Publish blocks")
		}
	})

	t.Run("Follow returns when its caller goes", func(t *testing.T) {
		b := connect(t, 1)[0] // which nobody runs
		gone, cancel := context.WithCancel(ctx)
		cancel()
		done := make(chan struct{})
		go func() { defer close(done); b.Follow(gone, 7) }()
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatal("Follow does not return")
		}
	})

	t.Run("many goroutines use it at once", func(t *testing.T) {
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
		n.await(t, "the last event", func() bool { return n.count(1000) == 1 })
	})
}

// settled tells whether b has nothing left to tell about its start.
func settled(b wire.Bus) bool {
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
		return len(r.out)
	}
	return 0
}

// overflown tells whether b has dropped something that came.
func overflown(b wire.Bus) bool {
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

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
