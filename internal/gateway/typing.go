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
	// typingTimeout is when typing ends without a further typing:start.
	typingTimeout = 5 * time.Second
	// typingInterval is the minimum interval between two starts of one user in one room, over
	// all of its connections, also after a stop. More frequent starts are ignored.
	typingInterval = 2 * time.Second
	// typingCheckTimeout is the time limit of the check whether a user may type.
	typingCheckTimeout = 300 * time.Millisecond
	// typingTick is the interval at which changes are sent, one frame per room.
	typingTick = 250 * time.Millisecond
)

// typing contains the users who are typing in a room. The room's lock guards it.
type typing struct {
	until     map[chat.UserID]time.Time // when typing ends without a further start
	lastStart map[chat.UserID]time.Time // the last start of a user; kept for typingInterval
	changed   bool
}

func newTyping() typing {
	return typing{until: map[chat.UserID]time.Time{}, lastStart: map[chat.UserID]time.Time{}}
}

// setTyping publishes to every node that the user of the connection started or stopped
// typing in a room. It calls allowed only for a start that is published: at most once in
// typingInterval.
func (c *Conn) setTyping(id chat.RoomID, on bool, allowed func() error) error {
	r, ok := c.subscriptions()[id]
	if !ok {
		if err := allowed(); err != nil {
			return err // NOT_FOUND for a hidden room, not NOT_A_MEMBER
		}
		return chat.ErrNotAMember()
	}
	if !r.startOrStopTyping(c, on) {
		return nil
	}
	if on {
		if err := allowed(); err != nil {
			return err
		}
	}
	kind := wire.TypingOff
	if on {
		kind = wire.TypingOn
	}
	c.hub.publish(wire.Envelope{Kind: kind, Room: id, User: c.caller.User.ID})
	return nil
}

// typingAllowed returns a function that checks whether the user may type in the room. The
// check also succeeds if the store does not answer within typingCheckTimeout: typing works
// while the database is unreachable, and is not worth a longer wait.
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

// startOrStopTyping records that the user of c started or stopped typing, and reports
// whether that must be published.
func (r *room) startOrStopTyping(c *Conn, on bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.subs[c]
	if !ok {
		return false
	}
	if !on {
		was := s.typing
		s.typing = false
		return was
	}
	user, now := c.caller.User.ID, time.Now()
	if now.Sub(r.typing.lastStart[user]) < typingInterval {
		return false
	}
	r.typing.lastStart[user] = now
	s.typing = true
	return true
}

// receiveTyping processes the event that a user, on any node, started or stopped typing.
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

// runTyping ends typing after its timeout and sends the changes.
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
		c.pushEphemeral(frame)
	}
}
