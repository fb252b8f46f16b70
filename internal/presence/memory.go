// Package presence tracks which users are online in which room, over all nodes, with leases: in Redis,
// or in process if the service is a single process.
package presence

import (
	"context"
	"sync"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wake"
)

var _ chat.Presence = (*Memory)(nil)

// Registry connects the Memory presences of one process.
type Registry struct {
	mu    sync.Mutex
	rooms map[chat.RoomID]map[entry]chat.Status
	nodes map[*Memory]struct{} // the running ones
}

// entry is a user on one node.
type entry struct {
	user chat.UserID
	node *Memory
}

// NewRegistry returns an empty Registry.
func NewRegistry() *Registry {
	return &Registry{rooms: map[chat.RoomID]map[entry]chat.Status{}, nodes: map[*Memory]struct{}{}}
}

// Memory is one node's view of a Registry. Its lease lasts while Run runs.
type Memory struct {
	registry *Registry
	wake     wake.Signal

	mu    sync.Mutex
	dirty map[chat.RoomID]struct{} // changed and not yet reported
}

// NewMemory returns the presence of a node.
func NewMemory(b *Registry) *Memory {
	return &Memory{registry: b, wake: wake.NewSignal(), dirty: map[chat.RoomID]struct{}{}}
}

// Enter records that user is in room with status.
func (m *Memory) Enter(room chat.RoomID, user chat.UserID, status chat.Status) {
	m.registry.mu.Lock()
	if m.registry.rooms[room] == nil {
		m.registry.rooms[room] = map[entry]chat.Status{}
	}
	m.registry.rooms[room][entry{user, m}] = status
	m.registry.mu.Unlock()
	m.changed(room)
}

// Leave reverts Enter.
func (m *Memory) Leave(room chat.RoomID, user chat.UserID) {
	m.registry.mu.Lock()
	m.registry.remove(room, entry{user, m})
	m.registry.mu.Unlock()
	m.changed(room)
}

func (b *Registry) remove(room chat.RoomID, e entry) {
	if delete(b.rooms[room], e); len(b.rooms[room]) == 0 {
		delete(b.rooms, room)
	}
}

func (m *Memory) changed(room chat.RoomID) {
	m.mu.Lock()
	m.dirty[room] = struct{}{}
	m.mu.Unlock()
	m.wake.Send()
}

// Online returns the online users of rooms.
func (m *Memory) Online(_ context.Context, rooms ...chat.RoomID) (map[chat.RoomID]chat.OnlineUsers, error) {
	m.registry.mu.Lock()
	defer m.registry.mu.Unlock()
	online := make(map[chat.RoomID]chat.OnlineUsers, len(rooms))
	for _, room := range rooms {
		users := chat.OnlineUsers{}
		for e, status := range m.registry.rooms[room] {
			if _, alive := m.registry.nodes[e.node]; alive {
				users[e.user] = chat.MoreActive(users[e.user], status)
			}
		}
		online[room] = users
	}
	return online, nil
}

// Run keeps this node's entries alive and reports changes until ctx ends.
func (m *Memory) Run(ctx context.Context, changed func([]chat.RoomID)) error {
	m.registry.mu.Lock()
	m.registry.nodes[m] = struct{}{}
	m.registry.mu.Unlock()
	defer m.registry.leave(m)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-m.wake:
			if rooms := m.takeDirty(); len(rooms) > 0 {
				changed(rooms)
			}
		}
	}
}

func (m *Memory) takeDirty() []chat.RoomID {
	m.mu.Lock()
	defer m.mu.Unlock()
	rooms := make([]chat.RoomID, 0, len(m.dirty))
	for room := range m.dirty {
		rooms = append(rooms, room)
	}
	clear(m.dirty)
	return rooms
}

func (b *Registry) leave(m *Memory) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.nodes, m)
	for room, entries := range b.rooms {
		for e := range entries {
			if e.node == m {
				b.remove(room, e)
			}
		}
	}
}
