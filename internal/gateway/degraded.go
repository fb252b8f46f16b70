package gateway

import (
	"bytes"
	"encoding/json"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// What this node can tell while the store is away: to whoever sits in a room, what
// it has been told already. Nothing newer leaves the node so, and who lost the seat
// gets nothing: the end of a session or membership comes by the bus, which must be
// well for it.

// joinSnapshot is what the room and the membership of a seat were when it went live.
type joinSnapshot struct {
	room       chat.Room
	membership chat.Membership
}

// liveSub returns a copy of c's seat where it is live.
func (r *room) liveSub(c *Conn) (subscription, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.subs[c]
	if !ok || !s.live {
		return subscription{}, false
	}
	return *s, true
}

// DeliveredSeq returns up to which number of a room a live connection of caller's session
// has been told.
func (h *Hub) DeliveredSeq(caller chat.Caller, room chat.RoomID) (chat.Seq, bool) {
	r := h.room(room)
	if r == nil || h.bus.Suspect() {
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

// Caller finds whose token it is among those who have a live connection.
func (h *Hub) Caller(tokenHash []byte) (chat.Caller, bool) {
	if h.bus.Suspect() {
		return chat.Caller{}, false
	}
	for _, c := range h.allConns() {
		if bytes.Equal(c.token, tokenHash) && !c.closing() {
			return c.caller, true
		}
	}
	return chat.Caller{}, false
}

// joinDegraded answers a room:join of whoever sits in the room already; the seat stays
// as it is. cause is why the store was not asked.
func (c *Conn) joinDegraded(id json.Number, in wire.RoomJoin, limit int, cause error) error {
	r, sits := c.subscriptions()[in.RoomID]
	if !sits {
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
	c.queue.pushAnswer(wire.EncodeResponse(id, wire.ResponseRoomJoined, joined))
	return nil
}
