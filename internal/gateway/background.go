package gateway

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// A connection that is silent for pingAfter is pinged, and one that is silent for
// deadAfter is cut. "Online" means a live connection within 35 s (promise G5), so that
// deadAfter, and what follows until others are told, stay below that: see offlineWithin.
const (
	pingAfter         = 12 * time.Second
	deadAfter         = 23 * time.Second
	keepaliveInterval = 2 * time.Second
)

// runHeadReads compares the cursors of the open rooms with the heads in the store,
// so that what the bus lost is found: the last message of a room has no
// successor whose number would show the hole.
func (h *Hub) runHeadReads(ctx context.Context) {
	tick := time.NewTicker(suspectHeadsInterval)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.missed:
		case <-tick.C:
			if !h.bus.Suspect() && time.Since(last) < headsInterval {
				continue
			}
		}
		last = time.Now()
		h.closeEmptyRooms()
		h.readHeads(ctx)
	}
}

func (h *Hub) readHeads(ctx context.Context) {
	rooms := h.openRooms()
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
			h.log.Warn("heads not read", "err", err)
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

// every does something at each tick until ctx ends.
func every(ctx context.Context, d time.Duration, do func(now time.Time)) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			do(now)
		}
	}
}

// runSessionReads closes the sockets of sessions that ended where no notice told.
func (h *Hub) runSessionReads(ctx context.Context) {
	every(ctx, sessionsInterval, func(time.Time) { h.readSessions(ctx) })
}

// Sessions are those with a socket on this node.
func (h *Hub) Sessions() []chat.SessionID {
	seen := map[chat.SessionID]struct{}{}
	for _, c := range h.allConns() {
		seen[c.caller.Session] = struct{}{}
	}
	return slices.Collect(maps.Keys(seen))
}

func (h *Hub) readSessions(ctx context.Context) {
	ended, err := h.accounts.SessionsEnded(ctx, h.Sessions())
	if err != nil {
		if ctx.Err() == nil {
			h.log.Warn("sessions not read", "err", err)
		}
		return
	}
	over := make(map[chat.SessionID]bool, len(ended))
	for _, id := range ended {
		over[id] = true
	}
	if len(over) > 0 {
		h.endSessions(func(c *Conn) bool { return over[c.caller.Session] })
	}
}

func (h *Hub) endSessions(ended func(*Conn) bool) {
	for _, c := range h.allConns() {
		if ended(c) {
			for id := range c.subscriptions() {
				h.unsubscribe(c, id) // nothing newer reaches it, even before it is closed
			}
			c.close(closeSessionEnded, "session ended")
		}
	}
}

// runKeepalive pings what is silent and lets go what stays so.
func (h *Hub) runKeepalive(ctx context.Context) {
	every(ctx, keepaliveInterval, h.pingIdle)
}

func (h *Hub) pingIdle(now time.Time) {
	for _, c := range h.allConns() {
		switch silent := now.Sub(c.socket.Heard()); {
		case silent > deadAfter:
			c.socket.Cut()
		case silent > pingAfter:
			c.socket.Ping()
		}
	}
}

// Drain ends this node's connections: no new ones, a word to each when to
// reconnect, spread over half of the time that ctx leaves, and then a close 1001
// each. It returns when all are gone or ctx ends.
func (h *Hub) Drain(ctx context.Context) {
	h.mu.Lock()
	h.draining = true
	h.mu.Unlock()
	conns := h.allConns()
	spread := drainSpread(len(conns))
	for i, c := range conns {
		wait := spread * time.Duration(i) / time.Duration(len(conns))
		c.queue.pushAnswer(wire.Encode(wire.EventDraining, wire.Draining{ReconnectInMs: (wait + drainNotice).Milliseconds()}))
	}
	if sleep(ctx, drainNotice) {
		for i, c := range conns {
			if i > 0 && !sleep(ctx, spread/time.Duration(len(conns))) {
				break
			}
			c.close(websocket.StatusGoingAway, "the server is going away")
		}
	}
	gone := make(chan struct{})
	go func() { h.sockets.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-ctx.Done():
		for _, c := range h.allConns() {
			c.socket.Cut()
		}
		<-gone
	}
}

// drainNotice lets the word be read before the close comes.
const drainNotice = 200 * time.Millisecond

// drainSpread spaces the closes: 1,000 clients come back in two seconds, and
// more in at most ten.
func drainSpread(conns int) time.Duration {
	return min(time.Duration(conns)*2*time.Millisecond, 10*time.Second)
}

// Draining tells whether Drain has begun.
func (h *Hub) Draining() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.draining
}
