// Package bus transports envelopes between nodes: over Redis, or within one process if
// there is only one node.
package bus

import (
	"context"
	"sync"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wake"
	"github.com/chillin-chat/chillin/internal/wire"
)

var _ wire.Bus = (*Memory)(nil)

// Exchange connects the Memory buses of one process.
type Exchange struct {
	mu    sync.RWMutex
	nodes map[*Memory]struct{}
}

// NewExchange returns an exchange without nodes.
func NewExchange() *Exchange { return &Exchange{nodes: map[*Memory]struct{}{}} }

// memoryQueue is how many envelopes may wait for a node's sink. More are dropped, and Missed
// is called.
const memoryQueue = 4096

// Memory is the bus of one node at an Exchange.
type Memory struct {
	exchange *Exchange
	queue    chan *wire.Envelope
	missed   wake.Signal

	mu    sync.RWMutex
	rooms map[chat.RoomID]struct{}
}

// NewMemory returns the bus of a node. It receives while Run runs.
func NewMemory(e *Exchange) *Memory {
	return &Memory{
		exchange: e, queue: make(chan *wire.Envelope, memoryQueue), missed: wake.NewSignal(),
		rooms: map[chat.RoomID]struct{}{},
	}
}

// Publish implements wire.Bus.
func (m *Memory) Publish(e wire.Envelope) {
	m.exchange.each(func(node *Memory) {
		if !e.Kind.ForRoom() || node.follows(e.Room) {
			node.push(&e)
		}
	})
}

// Ask implements wire.Bus.
func (m *Memory) Ask(_ context.Context, e wire.Envelope) (nodes int, err error) {
	m.exchange.each(func(node *Memory) {
		node.push(&e)
		nodes++
	})
	return nodes, nil
}

func (e *Exchange) each(f func(*Memory)) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	for node := range e.nodes {
		f(node)
	}
}

func (m *Memory) push(e *wire.Envelope) {
	select {
	case m.queue <- e:
	default:
		m.missed.Send()
	}
}

// Follow implements wire.Bus. It takes effect at once.
func (m *Memory) Follow(_ context.Context, room chat.RoomID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rooms[room] = struct{}{}
}

// Unfollow implements wire.Bus. It takes effect at once.
func (m *Memory) Unfollow(room chat.RoomID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rooms, room)
}

func (m *Memory) follows(room chat.RoomID) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	_, ok := m.rooms[room]
	return ok
}

// Run implements wire.Bus.
func (m *Memory) Run(ctx context.Context, sink wire.Sink) error {
	m.exchange.mu.Lock()
	m.exchange.nodes[m] = struct{}{}
	m.exchange.mu.Unlock()
	defer func() {
		m.exchange.mu.Lock()
		delete(m.exchange.nodes, m)
		m.exchange.mu.Unlock()
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-m.missed:
			sink.Missed(func(chat.RoomID) bool { return true })
			sink.MissedUsers(func(chat.UserID) bool { return true })
		case e := <-m.queue:
			sink.Receive(*e)
		}
	}
}

// Queued returns how many envelopes this node has received and not processed yet.
func (m *Memory) Queued() int { return len(m.queue) }

// Suspect implements wire.Bus. It is always false: within a process no event is lost
// without a call of Missed.
func (m *Memory) Suspect() bool { return false }

// SuspectRoom implements wire.Bus.
func (m *Memory) SuspectRoom(chat.RoomID) bool { return false }

// SuspectUser implements wire.Bus.
func (m *Memory) SuspectUser(chat.UserID) bool { return false }
