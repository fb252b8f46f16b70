package gateway

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// A connection from which nothing is received is pinged after pingAfter and cut after
// deadAfter. "Online" means a live connection within 35 s (promise G5): deadAfter and the
// time until other users see the change (see offlineWithin) add up to less.
const (
	pingAfter         = 12 * time.Second
	deadAfter         = 23 * time.Second
	keepaliveInterval = 2 * time.Second
)

// runHeadReads compares the cursors of the open rooms with the heads in the store. So it
// finds events that the bus lost, also the last one of a room, after which no later event
// shows the gap.
func (h *Hub) runHeadReads(ctx context.Context) {
	tick := time.NewTicker(suspectHeadsInterval)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.missed:
			h.readHeads(ctx, h.takeMissed())
		case <-tick.C:
			if time.Since(last) >= headsInterval {
				last = time.Now()
				h.closeEmptyRooms()
				h.readHeads(ctx, h.openRooms())
			} else if h.bus.Suspect() {
				h.readHeads(ctx, slices.DeleteFunc(h.openRooms(), func(r *room) bool { return !h.bus.SuspectRoom(r.id) }))
			}
		}
	}
}

// takeMissed returns the open rooms of which the bus may have lost events.
func (h *Hub) takeMissed() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	rooms := make([]*room, 0, len(h.missedRooms))
	for id := range h.missedRooms {
		if r, ok := h.open[id]; ok {
			rooms = append(rooms, r)
		}
	}
	clear(h.missedRooms)
	return rooms
}

func (h *Hub) readHeads(ctx context.Context, rooms []*room) {
	if len(rooms) == 0 {
		return
	}
	ids := make([]chat.RoomID, len(rooms))
	for i, r := range rooms {
		ids[i] = r.id
	}
	heads, err := h.rooms.Heads(ctx, ids)
	if err != nil {
		if ctx.Err() == nil {
			h.log.Warn("read heads failed", "err", err)
		}
		return
	}
	for _, r := range rooms {
		if head, ok := heads[r.id]; ok {
			r.observeHead(head)
		} else if r.hasStarted() {
			r.deleted()
		}
	}
}

// every calls f at each tick until ctx ends.
func every(ctx context.Context, interval time.Duration, f func(now time.Time)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			f(now)
		}
	}
}

// runSessionReads closes the connections of sessions whose end the bus did not report.
func (h *Hub) runSessionReads(ctx context.Context) {
	every(ctx, sessionsInterval, func(time.Time) { h.readSessions(ctx) })
}

// Sessions returns the sessions with a connection on this node.
func (h *Hub) Sessions() []chat.SessionID {
	seen := map[chat.SessionID]struct{}{}
	for _, c := range h.allConns() {
		seen[c.caller.Session] = struct{}{}
	}
	return slices.Collect(maps.Keys(seen))
}

func (h *Hub) readSessions(ctx context.Context) {
	ids, err := h.accounts.EndedSessions(ctx, h.Sessions())
	if err != nil {
		if ctx.Err() == nil {
			h.log.Warn("read ended sessions failed", "err", err)
		}
		return
	}
	ended := make(map[chat.SessionID]bool, len(ids))
	for _, id := range ids {
		ended[id] = true
	}
	if len(ended) > 0 {
		h.endSessions(func(c *Conn) bool { return ended[c.caller.Session] })
	}
}

func (h *Hub) endSessions(ended func(*Conn) bool) {
	for _, c := range h.allConns() {
		if ended(c) {
			for id := range c.subscriptions() {
				h.unsubscribe(c, id) // later events are not sent to it, although it is not closed yet
			}
			c.close(closeSessionEnded, "session ended")
		}
	}
}

// runKeepalive pings idle connections and cuts dead ones.
func (h *Hub) runKeepalive(ctx context.Context) {
	every(ctx, keepaliveInterval, h.pingIdle)
}

func (h *Hub) pingIdle(now time.Time) {
	for _, c := range h.allConns() {
		switch idle := now.Sub(c.socket.LastRead()); {
		case idle > deadAfter:
			c.socket.Cut()
		case idle > pingAfter:
			c.socket.Ping()
		}
	}
}
