package gateway

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

const (
	// typingTimeout is when typing ends by itself.
	typingTimeout = 5 * time.Second
	// typingInterval is how often one user may begin to type in one room, over all of its
	// connections and however often it stopped meanwhile; more is ignored.
	typingInterval = 2 * time.Second
	// typingCheckTimeout is how long it may take to learn whether somebody may type.
	typingCheckTimeout = 300 * time.Millisecond
	// typingTick is when the changes are told, all of a room in one frame.
	typingTick = 250 * time.Millisecond
)

// typing is who types in a room at present. The room's lock guards it.
type typing struct {
	until     map[chat.UserID]time.Time // when it ends by itself
	lastStart map[chat.UserID]time.Time // when a user last began or went on; kept for typingInterval
	changed   bool
}

func newTyping() typing {
	return typing{until: map[chat.UserID]time.Time{}, lastStart: map[chat.UserID]time.Time{}}
}

// setTyping tells every node that the connection's user types in a room, or stopped.
// Whether it may begin is asked only where that is news: at most once in
// typingInterval.
func (c *Conn) setTyping(id chat.RoomID, on bool, may func() error) error {
	r, ok := c.subscriptions()[id]
	if !ok {
		if err := may(); err != nil {
			return err // a hidden room is missing, not one to join
		}
		return chat.ErrNotAMember()
	}
	if !r.startOrStopTyping(c, on) {
		return nil
	}
	if on {
		if err := may(); err != nil {
			return err
		}
	}
	kind := wire.TypingOff
	if on {
		kind = wire.TypingOn
	}
	c.hub.publishTyping(wire.Envelope{Kind: kind, Room: id, User: c.caller.User.ID})
	return nil
}

// publishTyping sends e to the connections of this node and to the bus. Receiving it again
// does no harm.
func (h *Hub) publishTyping(e wire.Envelope) {
	h.Receive(e)
	h.bus.Publish(e)
}

// typingAllowed asks whether the connection's user may say that it types. Where nobody can
// tell soon it may: typing goes on while the database is away, and is worth no wait.
func (c *Conn) typingAllowed(ctx context.Context, id chat.RoomID) func() error {
	return func() error {
		ctx, cancel := context.WithTimeout(ctx, typingCheckTimeout)
		defer cancel()
		if err := c.service.MayType(ctx, c.caller, id); chat.CodeOf(err) != chat.Unavailable {
			return err
		}
		return nil
	}
}

// startOrStopTyping reports whether every node is to be told that c types, or no longer does.
func (r *room) startOrStopTyping(c *Conn, on bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.subs[c]
	if !ok {
		return false
	}
	if !on {
		news := s.typing
		s.typing = false
		return news
	}
	user, now := c.caller.User.ID, time.Now()
	if now.Sub(r.typing.lastStart[user]) < typingInterval {
		return false
	}
	r.typing.lastStart[user] = now
	s.typing = true
	return true
}

// receiveTyping receives from any node that a user types, or stopped.
func (r *room) receiveTyping(user chat.UserID, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, was := r.typing.until[user]
	if on {
		now := time.Now()
		r.typing.until[user], r.typing.lastStart[user] = now.Add(typingTimeout), now
	} else {
		delete(r.typing.until, user)
	}
	r.typing.changed = r.typing.changed || was != on
}

// runTyping ends what is over and tells what changed.
func (h *Hub) runTyping(ctx context.Context) {
	every(ctx, typingTick, func(now time.Time) {
		for _, r := range h.openRooms() {
			r.broadcastTyping(now)
		}
	})
}

func (r *room) broadcastTyping(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for user, until := range r.typing.until {
		if now.After(until) {
			delete(r.typing.until, user)
			r.typing.changed = true
		}
	}
	maps.DeleteFunc(r.typing.lastStart, func(_ chat.UserID, at time.Time) bool { return now.Sub(at) >= typingInterval })
	if !r.typing.changed {
		return
	}
	r.typing.changed = false
	users := slices.Sorted(maps.Keys(r.typing.until))
	all := wire.Encode(wire.EventTypingUpdate, wire.TypingUpdate{RoomID: r.id, UserIDs: append([]chat.UserID{}, users...)})
	for c, s := range r.subs {
		if !s.live {
			continue
		}
		frame := all
		if i, self := slices.BinarySearch(users, c.caller.User.ID); self {
			frame = wire.Encode(wire.EventTypingUpdate, wire.TypingUpdate{RoomID: r.id, UserIDs: slices.Concat(users[:i], users[i+1:])})
		}
		c.queue.pushEphemeral(frame)
	}
}
