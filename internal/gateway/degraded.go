package gateway

import (
	"bytes"
	"encoding/json"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// While the store is unreachable, this node answers some requests from memory: a connection
// with a live subscription gets what it has been sent before, and nothing newer. A
// connection without a subscription gets nothing. The end of a session or membership is
// received from the bus: while the bus is suspect for the room or the user, nothing is answered
// from memory.

// joinSnapshot is the room and the membership as they were when a subscription became live.
type joinSnapshot struct {
	room       chat.Room
	membership chat.Membership
}

// liveSub returns a copy of the subscription of c, if it is live.
func (r *room) liveSub(c *Conn) (subscription, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.subs[c]
	if !ok || !s.live {
		return subscription{}, false
	}
	return *s, true
}

// DeliveredSeq implements chat.Subscriptions.
func (h *Hub) DeliveredSeq(caller chat.Caller, room chat.RoomID) (chat.Seq, bool) {
	r := h.room(room)
	if r == nil || h.bus.SuspectRoom(room) || h.bus.SuspectUser(caller.User.ID) {
		return 0, false
	}
	for _, c := range h.connsOf(caller.User.ID) {
		if c.caller.Session != caller.Session || c.closing() {
			continue
		}
		if s, ok := r.liveSub(c); ok {
			return s.last, true
		}
	}
	return 0, false
}

// Caller returns the caller to whom a token belongs, if the caller has a connection on this
// node.
func (h *Hub) Caller(tokenHash []byte) (chat.Caller, bool) {
	for _, c := range h.allConns() {
		if bytes.Equal(c.token, tokenHash) && !c.closing() {
			return c.caller, !h.bus.SuspectUser(c.caller.User.ID)
		}
	}
	return chat.Caller{}, false
}

// joinDegraded responds to a room:join from memory if c has a subscription in the room,
// which does not change. Otherwise it returns cause, the error of the store.
func (c *Conn) joinDegraded(id json.Number, in wire.RoomJoin, limit int, cause error) error {
	r, subscribed := c.subscriptions()[in.RoomID]
	if !subscribed {
		return cause
	}
	s, live := r.liveSub(c)
	caught, err := c.service.CachedIn(c.caller, s.joined.room, limit, cause)
	switch {
	case err != nil:
		return err
	case !live, in.Since != nil && *in.Since != caught.To:
		return cause
	case in.Since != nil:
		caught.Messages, caught.From = nil, caught.To
	}
	joined := wire.RoomJoined{Room: s.joined.room, Membership: s.joined.membership, RoomChanges: wire.NewRoomChanges(in.RoomID, caught)}
	joined.Room.Head = caught.Head
	c.waitForDrain()
	r.mu.Lock()
	defer r.mu.Unlock()
	joined.Online, joined.Room.OnlineCount = r.onlineFor(c.caller.User.ID)
	c.pushResponse(wire.EncodeResponse(id, wire.ResponseRoomJoined, joined))
	return nil
}
