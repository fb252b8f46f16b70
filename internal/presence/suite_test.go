package presence

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// timeout is how long a test waits for an expected event. A passing test never waits that long.
const timeout = 20 * time.Second

// node is a running presence.
type node struct {
	chat.Presence
	stop func() // ends Run and waits for it

	mu       sync.Mutex
	reported map[chat.RoomID]int // number of reports by room
}

func (n *node) changed(rooms []chat.RoomID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, room := range rooms {
		n.reported[room]++
	}
}

func (n *node) reports(room chat.RoomID) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.reported[room]
}

// run starts p. It ends with stop or with the test.
func run(t *testing.T, p chat.Presence) *node {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n := &node{Presence: p, reported: map[chat.RoomID]int{}}
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, n.changed) }()
	var once sync.Once
	n.stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil {
					t.Logf("Run = %v", err)
				}
			case <-time.After(timeout):
				t.Errorf("Run did not end in %v", timeout)
			}
		})
	}
	t.Cleanup(n.stop)
	return n
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(timeout); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen in %v", what, timeout)
		}
	}
}

// expectOnline waits until p returns want for room.
func expectOnline(t *testing.T, p chat.Presence, room chat.RoomID, want chat.OnlineUsers) {
	t.Helper()
	var got map[chat.RoomID]chat.OnlineUsers
	var err error
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(timeout); ; <-tick.C {
		if got, err = p.Online(t.Context(), room); err == nil && maps.Equal(got[room], want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("room %d: users = %v (%v), want %v", room, got[room], err, want)
		}
	}
}

// suite is the conformance suite of every presence. connect returns the presences of n connected nodes.
func suite(t *testing.T, connect func(t *testing.T, n int) []chat.Presence) {
	start := func(t *testing.T, n int) []*node {
		t.Helper()
		var nodes []*node
		for _, p := range connect(t, n) {
			nodes = append(nodes, run(t, p))
		}
		return nodes
	}

	t.Run("an entry is visible on every node until Leave", func(t *testing.T) {
		nodes := start(t, 3)
		nodes[0].Enter(7, 1, chat.Online)
		nodes[1].Enter(7, 2, chat.Busy)
		nodes[1].Enter(8, 2, chat.Away)
		for _, n := range nodes {
			expectOnline(t, n, 7, chat.OnlineUsers{1: chat.Online, 2: chat.Busy})
			expectOnline(t, n, 8, chat.OnlineUsers{2: chat.Away})
		}
		nodes[1].Leave(7, 2)
		for _, n := range nodes {
			expectOnline(t, n, 7, chat.OnlineUsers{1: chat.Online})
			expectOnline(t, n, 8, chat.OnlineUsers{2: chat.Away})
		}
	})

	t.Run("an empty room has no online users", func(t *testing.T) {
		nodes := start(t, 1)
		nodes[0].Enter(7, 1, chat.Online)
		expectOnline(t, nodes[0], 7, chat.OnlineUsers{1: chat.Online})
		got, err := nodes[0].Online(t.Context(), 7, 8, 9)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 3 || got[8] == nil || len(got[8]) != 0 || got[9] == nil {
			t.Errorf("online = %v, want none in 8 and 9", got)
		}
	})

	t.Run("no rooms return nothing", func(t *testing.T) {
		nodes := start(t, 1)
		if got, err := nodes[0].Online(t.Context()); err != nil || len(got) != 0 {
			t.Errorf("Online() = %v, %v, want nothing", got, err)
		}
	})

	t.Run("Enter again changes the status", func(t *testing.T) {
		nodes := start(t, 2)
		for _, status := range []chat.Status{chat.Online, chat.Away, chat.Busy, chat.Online} {
			nodes[0].Enter(7, 1, status)
			expectOnline(t, nodes[1], 7, chat.OnlineUsers{1: status})
		}
	})

	t.Run("the last call wins", func(t *testing.T) {
		nodes := start(t, 2)
		for range 50 {
			nodes[0].Enter(7, 1, chat.Online)
			nodes[0].Leave(7, 1)
			nodes[0].Leave(8, 1)
			nodes[0].Enter(8, 1, chat.Busy)
		}
		expectOnline(t, nodes[1], 8, chat.OnlineUsers{1: chat.Busy})
		expectOnline(t, nodes[1], 7, chat.OnlineUsers{})
	})

	t.Run("a user on several nodes has the most active status", func(t *testing.T) {
		nodes := start(t, 3)
		nodes[0].Enter(7, 1, chat.Away)
		expectOnline(t, nodes[2], 7, chat.OnlineUsers{1: chat.Away})
		nodes[1].Enter(7, 1, chat.Busy)
		expectOnline(t, nodes[2], 7, chat.OnlineUsers{1: chat.Busy})
		nodes[2].Enter(7, 1, chat.Online)
		expectOnline(t, nodes[0], 7, chat.OnlineUsers{1: chat.Online})
		nodes[2].Leave(7, 1)
		expectOnline(t, nodes[0], 7, chat.OnlineUsers{1: chat.Busy})
		nodes[1].Leave(7, 1)
		expectOnline(t, nodes[0], 7, chat.OnlineUsers{1: chat.Away})
		nodes[0].Leave(7, 1)
		expectOnline(t, nodes[1], 7, chat.OnlineUsers{})
	})

	t.Run("a node that ends removes its users", func(t *testing.T) {
		nodes := start(t, 2)
		nodes[0].Enter(7, 1, chat.Online)
		nodes[0].Enter(8, 1, chat.Online)
		nodes[1].Enter(7, 2, chat.Online)
		expectOnline(t, nodes[1], 7, chat.OnlineUsers{1: chat.Online, 2: chat.Online})
		expectOnline(t, nodes[1], 8, chat.OnlineUsers{1: chat.Online})
		nodes[0].stop()
		got, err := nodes[1].Online(t.Context(), 7, 8)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got[7], chat.OnlineUsers{2: chat.Online}) || len(got[8]) != 0 {
			t.Errorf("online = %v, want only user 2", got)
		}
	})

	t.Run("a change is reported after it was written", func(t *testing.T) {
		nodes := start(t, 2)
		for i, room := range []chat.RoomID{7, 8, 9} {
			user := chat.UserID(i + 1)
			nodes[0].Enter(room, user, chat.Online)
			eventually(t, "report of the entry", func() bool { return nodes[0].reports(room) > 0 })
			checkOnline(t, nodes[1], room, chat.OnlineUsers{user: chat.Online})
			before := nodes[0].reports(room)
			nodes[0].Leave(room, user)
			eventually(t, "report of the leave", func() bool { return nodes[0].reports(room) > before })
			checkOnline(t, nodes[1], room, chat.OnlineUsers{})
		}
	})

	t.Run("Enter and Leave never block", func(t *testing.T) {
		p := connect(t, 1)[0] // Run is not called
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 20_000 {
				p.Enter(chat.RoomID(i%100+1), chat.UserID(i+1), chat.Online)
			}
		}()
		select {
		case <-done:
		case <-time.After(timeout):
			t.Fatal("Enter blocks")
		}
	})

	t.Run("many rooms and users at once", func(t *testing.T) {
		nodes := start(t, 2)
		want := map[chat.RoomID]chat.OnlineUsers{}
		var rooms []chat.RoomID
		for room := range chat.RoomID(200) {
			want[room+1] = chat.OnlineUsers{}
			rooms = append(rooms, room+1)
			for user := range chat.UserID(20) {
				want[room+1][user+1] = chat.Online
			}
		}
		var wg sync.WaitGroup
		for _, room := range rooms {
			wg.Go(func() {
				for user := range chat.UserID(21) {
					nodes[int(user)%2].Enter(room, user+1, chat.Online)
				}
				nodes[0].Leave(room, 21)
			})
		}
		wg.Wait()
		eventually(t, "every entry", func() bool {
			got, err := nodes[1].Online(t.Context(), rooms...)
			return err == nil && maps.EqualFunc(got, want, maps.Equal[chat.OnlineUsers, chat.OnlineUsers])
		})
	})
}

// checkOnline checks without waiting.
func checkOnline(t *testing.T, p chat.Presence, room chat.RoomID, want chat.OnlineUsers) {
	t.Helper()
	got, err := p.Online(t.Context(), room)
	if err != nil || !maps.Equal(got[room], want) {
		t.Errorf("room %d: users = %v (%v), want %v", room, got[room], err, want)
	}
}

func TestMemory(t *testing.T) {
	suite(t, func(_ *testing.T, n int) []chat.Presence {
		board := NewRegistry()
		nodes := make([]chat.Presence, n)
		for i := range nodes {
			nodes[i] = NewMemory(board)
		}
		return nodes
	})
}

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// names returns node names, some of which have a common suffix.
func names(n int) []string {
	list := []string{"node", "a-node", "a-a-node"}
	for i := range n {
		list = append(list, fmt.Sprintf("n%d", i))
	}
	return slices.Clip(list[:n])
}
