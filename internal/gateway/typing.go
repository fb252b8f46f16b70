package gateway

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

const (
	// typingEnds is when typing ends by itself.
	typingEnds = 5 * time.Second
	// typingAtMost is how often one user may say in one room that it types; more is
	// passed over.
	typingAtMost = 2 * time.Second
	// typingPatience is how long it may take to learn whether somebody may type.
	typingPatience = 300 * time.Millisecond
	// typingTick is when the changes are told, all of a room in one frame.
	typingTick = 250 * time.Millisecond
)

// typing is who types in a room at present. The room's lock guards it.
type typing struct {
	until   map[chat.UserID]time.Time
	changed bool
}

// types tells every node that the connection's user types in a room, or stopped.
// Whether it may begin is asked only where that is news: at most once in
// typingAtMost.
func (c *Conn) types(id chat.RoomID, on bool, may func() error) error {
	r, ok := c.seated()[id]
	if !ok {
		if err := may(); err != nil {
			return err // a hidden room is missing, not one to join
		}
		return chat.ErrNotAMember()
	}
	if !r.mayTell(c, on) {
		return nil
	}
	if on {
		if err := may(); err != nil {
			return err
		}
	}
	kind := chat.TypingOff
	if on {
		kind = chat.TypingOn
	}
	c.hub.Announce(chat.Event{Kind: kind, Room: id, User: c.caller.User.ID})
	return nil
}

// mayType asks whether the connection's user may say that it types. Where nobody can
// tell soon it may: typing goes on while the database is away, and is worth no wait.
func (c *Conn) mayType(ctx context.Context, id chat.RoomID) func() error {
	return func() error {
		ctx, cancel := context.WithTimeout(ctx, typingPatience)
		defer cancel()
		if err := c.service.MayType(ctx, c.caller, id); chat.CodeOf(err) != chat.Unavailable {
			return err
		}
		return nil
	}
}

// mayTell tells whether it is news that c types, or no longer does.
func (r *room) mayTell(c *Conn, on bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.seats[c]
	if !ok {
		return false
	}
	now := time.Now()
	if !on {
		news := !s.typed.IsZero()
		s.typed = time.Time{}
		return news
	}
	if now.Sub(s.typed) < typingAtMost {
		return false
	}
	s.typed = now
	return true
}

// hearTyping receives that a user types, or stopped.
func (r *room) hearTyping(user chat.UserID, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, was := r.typing.until[user]
	if on {
		r.typing.until[user] = time.Now().Add(typingEnds)
	} else {
		delete(r.typing.until, user)
	}
	r.typing.changed = r.typing.changed || was != on
}

// watchTyping ends what is over and tells what changed.
func (h *Hub) watchTyping(ctx context.Context) {
	every(ctx, typingTick, func(now time.Time) {
		for _, r := range h.openRooms() {
			r.tellTyping(now)
		}
	})
}

func (r *room) tellTyping(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for user, until := range r.typing.until {
		if now.After(until) {
			delete(r.typing.until, user)
			r.typing.changed = true
		}
	}
	if !r.typing.changed {
		return
	}
	r.typing.changed = false
	users := slices.Sorted(maps.Keys(r.typing.until))
	all := chat.Frame("typing:update", TypingUpdate{r.id, append([]chat.UserID{}, users...)})
	for c, s := range r.seats {
		if !s.live {
			continue
		}
		frame := all
		if i, self := slices.BinarySearch(users, c.caller.User.ID); self {
			frame = chat.Frame("typing:update", TypingUpdate{r.id, slices.Concat(users[:i], users[i+1:])})
		}
		c.queue.pushEphemeral(frame)
	}
}
