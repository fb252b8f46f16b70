package gateway

import (
	"context"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/wire"
)

// drainNotice is the time between the draining event and the close, so that the client
// reads the event first.
const drainNotice = 200 * time.Millisecond

// drainSpread returns the time over which the closes are spread: 1,000 clients reconnect
// within two seconds, more within at most ten.
func drainSpread(conns int) time.Duration {
	return min(time.Duration(conns)*2*time.Millisecond, 10*time.Second)
}

// Drain ends the connections of this node. It accepts no new ones, sends each connection a
// draining event with the time at which to reconnect, and closes them one by one with
// 1001, spread over drainSpread. It returns when all are closed; if ctx ends before, it
// closes the remaining TCP connections.
func (h *Hub) Drain(ctx context.Context) {
	h.mu.Lock()
	h.draining = true
	h.mu.Unlock()
	conns := h.allConns()
	spread := drainSpread(len(conns))
	for i, c := range conns {
		wait := spread * time.Duration(i) / time.Duration(len(conns))
		c.pushResponse(wire.Encode(wire.EventDraining, wire.Draining{ReconnectInMs: (wait + drainNotice).Milliseconds()}))
	}
	if sleep(ctx, drainNotice) {
		for i, c := range conns {
			if i > 0 && !sleep(ctx, spread/time.Duration(len(conns))) {
				break
			}
			c.close(websocket.StatusGoingAway, "the server is going away")
		}
	}
	h.waitForConns(ctx)
}

// waitForConns waits until all connections have ended. If ctx ends before, it closes their
// TCP connections.
func (h *Hub) waitForConns(ctx context.Context) {
	closed := make(chan struct{})
	go func() { h.sockets.Wait(); close(closed) }()
	select {
	case <-closed:
	case <-ctx.Done():
		for _, c := range h.allConns() {
			c.socket.Cut()
		}
		<-closed
	}
}

// Draining reports whether Drain has been called.
func (h *Hub) Draining() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.draining
}
