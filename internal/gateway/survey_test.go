package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/bus"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/presence"
	"github.com/chillin-chat/chillin/internal/wire"
)

// unresponsive is a node that receives and never responds, such as one that hangs.
type unresponsive struct{}

func (unresponsive) Receive(wire.Envelope)              {}
func (unresponsive) Missed(func(chat.RoomID) bool)      {}
func (unresponsive) MissedUsers(func(chat.UserID) bool) {}

// newSurveyHub returns a hub at an exchange with n connections, each newer than the last.
func newSurveyHub(t *testing.T, e *bus.Exchange, node string, n int) *Hub {
	t.Helper()
	h := NewHub(Deps{Node: node, Bus: bus.NewMemory(e), Presence: presence.NewMemory(presence.NewRegistry()), Metrics: metrics.New(), Log: slog.New(slog.DiscardHandler)})
	for i := range n {
		c := newConn(h, nil, nil, chat.Caller{User: chat.User{ID: chat.UserID(1 + i%2)}}, fmt.Sprintf("%s%d", node, i))
		c.opened = time.UnixMilli(int64(1000 + i))
		h.conns[c] = struct{}{}
		if h.users[c.caller.User.ID] == nil {
			h.users[c.caller.User.ID] = map[*Conn]struct{}{}
		}
		h.users[c.caller.User.ID][c] = struct{}{}
	}
	return h
}

// runBus runs a bus until the test ends, and returns when it receives.
func runBus(t *testing.T, b wire.Bus, sink wire.Sink) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	before, _ := b.Ask(ctx, wire.Envelope{})
	go func() { ended <- b.Run(ctx, sink) }()
	t.Cleanup(func() { cancel(); <-ended })
	for now := before; now == before; {
		now, _ = b.Ask(ctx, wire.Envelope{})
	}
}

func TestASurveyReturnsPagesOfAllNodes(t *testing.T) {
	e := bus.NewExchange()
	a, b := newSurveyHub(t, e, "a", 5), newSurveyHub(t, e, "b", 3)
	_, err := a.Connections(t.Context(), chat.ConnectionQuery{Limit: 9})
	if chat.CodeOf(err) != chat.Unavailable || err == nil {
		t.Fatalf("err = %v, want %s while no node receives", err, chat.Unavailable)
	}
	runBus(t, a.bus, a)
	runBus(t, b.bus, b)
	all := func(q chat.ConnectionQuery) (ids string) {
		t.Helper()
		for {
			page, err := a.Connections(t.Context(), q)
			if err != nil || page.NonResponding != 0 || len(page.Connections) > q.Limit {
				t.Fatalf("page = %+v, %v", page, err)
			}
			for _, c := range page.Connections {
				ids += c.ID + " "
			}
			if q.Cursor = page.NextCursor; q.Cursor == "" {
				return ids
			}
		}
	}
	for limit := 1; limit <= 9; limit++ {
		if got, want := all(chat.ConnectionQuery{Limit: limit}), "a4 a3 a2 b2 a1 b1 a0 b0 "; got != want {
			t.Errorf("limit %d: ids = %q, want %q", limit, got, want)
		}
	}
	if got, want := all(chat.ConnectionQuery{Limit: 2, User: 2}), "a3 a1 b1 "; got != want {
		t.Errorf("ids of one user = %q, want %q", got, want)
	}
	_, err = a.Connections(t.Context(), chat.ConnectionQuery{Limit: 2, Cursor: "!"})
	if chat.CodeOf(err) != chat.BadRequest {
		t.Errorf("err = %v, want %s", err, chat.BadRequest)
	}
}

func TestANodeThatDoesNotRespondIsCounted(t *testing.T) {
	e := bus.NewExchange()
	a := newSurveyHub(t, e, "a", 1)
	runBus(t, a.bus, a)
	runBus(t, bus.NewMemory(e), unresponsive{})
	page, err := a.Connections(t.Context(), chat.ConnectionQuery{Limit: 9})
	if err != nil || page.NonResponding != 1 || len(page.Connections) != 1 {
		t.Fatalf("page = %+v, %v, want one connection and one node that did not respond", page, err)
	}
	if len(a.surveys) != 0 {
		t.Fatalf("surveys left = %d, want none", len(a.surveys))
	}
}
