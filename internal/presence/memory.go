// Package presence knows who is online in which room, over all nodes, by leases:
// in Redis, or within one process that is the whole service.
package presence

import (
	"context"
	"sync"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wake"
)

var _ chat.Presence = (*Memory)(nil)

// Board joins the Memory presences of one process.
type Board struct {
	mu    sync.Mutex
	rooms map[chat.RoomID]map[entry]chat.Status
	nodes map[*Memory]struct{} // those that run
}

// entry is a user on one node.
type entry struct {
	user chat.UserID
	node *Memory
}

// NewBoard makes a board with nobody on it.
func NewBoard() *Board {
	return &Board{rooms: map[chat.RoomID]map[entry]chat.Status{}, nodes: map[*Memory]struct{}{}}
}

// Memory is one node's view of a Board. Its lease is that it runs.
type Memory struct {
	board *Board
	wake  wake.Signal

	mu    sync.Mutex
	dirty map[chat.RoomID]struct{} // changed and not yet told
}

// NewMemory makes a node's presence.
func NewMemory(b *Board) *Memory {
	return &Memory{board: b, wake: wake.NewSignal(), dirty: map[chat.RoomID]struct{}{}}
}

// Enter records that user is in room with status.
func (m *Memory) Enter(room chat.RoomID, user chat.UserID, status chat.Status) {
	m.board.mu.Lock()
	if m.board.rooms[room] == nil {
		m.board.rooms[room] = map[entry]chat.Status{}
	}
	m.board.rooms[room][entry{user, m}] = status
	m.board.mu.Unlock()
	m.changed(room)
}

// Leave takes it back.
func (m *Memory) Leave(room chat.RoomID, user chat.UserID) {
	m.board.mu.Lock()
	m.board.remove(room, entry{user, m})
	m.board.mu.Unlock()
	m.changed(room)
}

func (b *Board) remove(room chat.RoomID, e entry) {
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

// Online returns the rosters of rooms.
func (m *Memory) Online(_ context.Context, rooms ...chat.RoomID) (map[chat.RoomID]chat.OnlineUsers, error) {
	m.board.mu.Lock()
	defer m.board.mu.Unlock()
	rosters := make(map[chat.RoomID]chat.OnlineUsers, len(rooms))
	for _, room := range rooms {
		roster := chat.OnlineUsers{}
		for e, status := range m.board.rooms[room] {
			if _, alive := m.board.nodes[e.node]; alive {
				roster[e.user] = chat.MoreActive(roster[e.user], status)
			}
		}
		rosters[room] = roster
	}
	return rosters, nil
}

// Run holds this node's lease and tells of changes until ctx ends.
func (m *Memory) Run(ctx context.Context, changed func([]chat.RoomID)) error {
	m.board.mu.Lock()
	m.board.nodes[m] = struct{}{}
	m.board.mu.Unlock()
	defer m.board.leave(m)
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

func (b *Board) leave(m *Memory) {
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
