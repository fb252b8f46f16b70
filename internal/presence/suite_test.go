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
	"github.com/chillin-chat/chillin/internal/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// patience is how long a test waits for what must come. It is never waited out
// by a test that passes.
const patience = 20 * time.Second

// node is a presence that runs.
type node struct {
	chat.Presence
	stop func() // ends Run and waits for it

	mu   sync.Mutex
	told map[chat.RoomID]int // calls of changed with the room
}

func (n *node) changed(rooms []chat.RoomID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, room := range rooms {
		n.told[room]++
	}
}

func (n *node) tellings(room chat.RoomID) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.told[room]
}

// run starts p; it ends with the test, or with stop.
func run(t *testing.T, p chat.Presence) *node {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	n := &node{Presence: p, told: map[chat.RoomID]int{}}
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
			case <-time.After(patience):
				t.Errorf("Run did not end in %v", patience)
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
	for deadline := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen in %v", what, patience)
		}
	}
}

// sees waits until p tells roster of room.
func sees(t *testing.T, p chat.Presence, room chat.RoomID, want chat.OnlineUsers) {
	t.Helper()
	var got map[chat.RoomID]chat.OnlineUsers
	var err error
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		if got, err = p.Online(t.Context(), room); err == nil && maps.Equal(got[room], want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("room %d: roster = %v (%v), want %v", room, got[room], err, want)
		}
	}
}

// suite is what every presence does. connect makes the presences of n nodes that
// see each other.
func suite(t *testing.T, connect func(t *testing.T, n int) []chat.Presence) {
	start := func(t *testing.T, n int) []*node {
		t.Helper()
		var nodes []*node
		for _, p := range connect(t, n) {
			nodes = append(nodes, run(t, p))
		}
		return nodes
	}

	t.Run("who entered is seen on every node, until leaving", func(t *testing.T) {
		nodes := start(t, 3)
		nodes[0].Enter(7, 1, chat.Online)
		nodes[1].Enter(7, 2, chat.Busy)
		nodes[1].Enter(8, 2, chat.Away)
		for _, n := range nodes {
			sees(t, n, 7, chat.OnlineUsers{1: chat.Online, 2: chat.Busy})
			sees(t, n, 8, chat.OnlineUsers{2: chat.Away})
		}
		nodes[1].Leave(7, 2)
		for _, n := range nodes {
			sees(t, n, 7, chat.OnlineUsers{1: chat.Online})
			sees(t, n, 8, chat.OnlineUsers{2: chat.Away})
		}
	})

	t.Run("a room where nobody is has an empty roster", func(t *testing.T) {
		nodes := start(t, 1)
		nodes[0].Enter(7, 1, chat.Online)
		sees(t, nodes[0], 7, chat.OnlineUsers{1: chat.Online})
		got, err := nodes[0].Online(t.Context(), 7, 8, 9)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 3 || got[8] == nil || len(got[8]) != 0 || got[9] == nil {
			t.Errorf("rosters = %v, want empty ones of 8 and 9", got)
		}
	})

	t.Run("no rooms, no rosters", func(t *testing.T) {
		nodes := start(t, 1)
		if got, err := nodes[0].Online(t.Context()); err != nil || len(got) != 0 {
			t.Errorf("Online() = %v, %v, want nothing", got, err)
		}
	})

	t.Run("entering again changes the status", func(t *testing.T) {
		nodes := start(t, 2)
		for _, status := range []chat.Status{chat.Online, chat.Away, chat.Busy, chat.Online} {
			nodes[0].Enter(7, 1, status)
			sees(t, nodes[1], 7, chat.OnlineUsers{1: status})
		}
	})

	t.Run("the last word counts", func(t *testing.T) {
		nodes := start(t, 2)
		for range 50 {
			nodes[0].Enter(7, 1, chat.Online)
			nodes[0].Leave(7, 1)
			nodes[0].Leave(8, 1)
			nodes[0].Enter(8, 1, chat.Busy)
		}
		sees(t, nodes[1], 8, chat.OnlineUsers{1: chat.Busy})
		sees(t, nodes[1], 7, chat.OnlineUsers{})
	})

	t.Run("a user on several nodes shows the liveliest status", func(t *testing.T) {
		nodes := start(t, 3)
		nodes[0].Enter(7, 1, chat.Away)
		sees(t, nodes[2], 7, chat.OnlineUsers{1: chat.Away})
		nodes[1].Enter(7, 1, chat.Busy)
		sees(t, nodes[2], 7, chat.OnlineUsers{1: chat.Busy})
		nodes[2].Enter(7, 1, chat.Online)
		sees(t, nodes[0], 7, chat.OnlineUsers{1: chat.Online})
		nodes[2].Leave(7, 1)
		sees(t, nodes[0], 7, chat.OnlineUsers{1: chat.Busy})
		nodes[1].Leave(7, 1)
		sees(t, nodes[0], 7, chat.OnlineUsers{1: chat.Away})
		nodes[0].Leave(7, 1)
		sees(t, nodes[1], 7, chat.OnlineUsers{})
	})

	t.Run("a node that ends takes its users with it", func(t *testing.T) {
		nodes := start(t, 2)
		nodes[0].Enter(7, 1, chat.Online)
		nodes[0].Enter(8, 1, chat.Online)
		nodes[1].Enter(7, 2, chat.Online)
		sees(t, nodes[1], 7, chat.OnlineUsers{1: chat.Online, 2: chat.Online})
		sees(t, nodes[1], 8, chat.OnlineUsers{1: chat.Online})
		nodes[0].stop()
		got, err := nodes[1].Online(t.Context(), 7, 8)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got[7], chat.OnlineUsers{2: chat.Online}) || len(got[8]) != 0 {
			t.Errorf("rosters = %v, want user 2 alone", got)
		}
	})

	t.Run("a change is told when it is in force", func(t *testing.T) {
		nodes := start(t, 2)
		for i, room := range []chat.RoomID{7, 8, 9} {
			user := chat.UserID(i + 1)
			nodes[0].Enter(room, user, chat.Online)
			eventually(t, "telling of the entry", func() bool { return nodes[0].tellings(room) > 0 })
			sawNow(t, nodes[1], room, chat.OnlineUsers{user: chat.Online})
			before := nodes[0].tellings(room)
			nodes[0].Leave(room, user)
			eventually(t, "telling of the leave", func() bool { return nodes[0].tellings(room) > before })
			sawNow(t, nodes[1], room, chat.OnlineUsers{})
		}
	})

	t.Run("entering and leaving never block", func(t *testing.T) {
		p := connect(t, 1)[0] // which nobody runs
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 20_000 {
				p.Enter(chat.RoomID(i%100+1), chat.UserID(i+1), chat.Online)
			}
		}()
		select {
		case <-done:
		case <-time.After(patience):
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

// sawNow checks without waiting.
func sawNow(t *testing.T, p chat.Presence, room chat.RoomID, want chat.OnlineUsers) {
	t.Helper()
	got, err := p.Online(t.Context(), room)
	if err != nil || !maps.Equal(got[room], want) {
		t.Errorf("room %d: roster = %v (%v), want %v", room, got[room], err, want)
	}
}

func TestMemory(t *testing.T) {
	suite(t, func(_ *testing.T, n int) []chat.Presence {
		board := NewBoard()
		nodes := make([]chat.Presence, n)
		for i := range nodes {
			nodes[i] = NewMemory(board)
		}
		return nodes
	})
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// names makes names of nodes of which some end alike.
func names(n int) []string {
	list := []string{"node", "a-node", "a-a-node"}
	for i := range n {
		list = append(list, fmt.Sprintf("n%d", i))
	}
	return slices.Clip(list[:n])
}
