package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/wire"
)

const (
	// holePatience is how long a number may be missing before it is read from the
	// store: events of two nodes on one bus overtake each other by less.
	holePatience = 20 * time.Millisecond
	// maxHeld bounds what is held back behind a hole; the rest is read again.
	maxHeld = 1024
	// maxPending bounds what waits for a seat that is still catching up.
	maxPending = 1024
)

// room is a room that has seats on this node. Its cursor brings the events,
// which arrive in any order, twice or not at all, into the one order of the
// database: the next number is delivered, a lower one dropped, a higher one held
// while what is missing is read from the store.
type room struct {
	id  chat.RoomID
	hub *Hub
	// ready is closed when the cursor stands; broken tells why it does not.
	ready  chan struct{}
	broken error

	mu      sync.Mutex
	started bool     // the cursor stands
	cursor  chat.Seq // the last number delivered
	known   chat.Seq // the highest number heard of
	held    map[chat.Seq]event
	asking  bool // a fill is under way or about to be
	seats   map[*Conn]*seat
	users   map[chat.UserID]int // seats of each user that are live, or were

	roster  chat.OnlineUsers          // as last told to the seats
	names   []chat.UserID             // those of roster, ascending; shared, and never changed
	told    int                       // counts what the seats were told of presence
	missing map[chat.UserID]time.Time // of the roster, who is gone since when, and not yet told
	vague   bool                      // presence cannot be known at present
	looked  time.Time                 // when the roster was read last
	typing  typing
}

// seat is one connection's place in a room.
type seat struct {
	live    bool
	entered bool // presence knows of it
	place   place
	last    chat.Seq                        // the last number this connection has; set when live
	pending []event                         // what came while it was catching up
	types   bool                            // it has told that its user types, and not that it stopped
	unheard map[chat.UserID]wire.UserStatus // presence for which its connection had no room
}

func newRoom(h *Hub, id chat.RoomID) *room {
	return &room{
		id: id, hub: h, ready: make(chan struct{}),
		held: map[chat.Seq]event{}, seats: map[*Conn]*seat{}, users: map[chat.UserID]int{},
		missing: map[chat.UserID]time.Time{}, typing: newTyping(),
	}
}

// start follows the bus and then sets the cursor: what is committed later is
// either heard or found by a head that is higher.
func (r *room) start(ctx context.Context) {
	defer close(r.ready)
	r.broken = recovery.Do(recovery.Read, nil, func() error { return r.setCursor(ctx) })
	if r.broken != nil {
		r.hub.forget(r)
	}
}

func (r *room) setCursor(ctx context.Context) error {
	r.hub.bus.Follow(ctx, r.id)
	heads, err := r.hub.rooms.Heads(ctx, []chat.RoomID{r.id})
	if err != nil {
		return err
	}
	head, exists := heads[r.id]
	if !exists {
		return chat.ErrNotFound()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started, r.cursor = true, head
	r.advance()
	return nil
}

// closeAll closes every connection in the room after a fault of ours.
func (r *room) closeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.seats {
		c.close(websocket.StatusInternalError, "something went wrong")
	}
}

// take receives a durable event.
func (r *room) take(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = max(r.known, e.Seq)
	if e.Seq > r.cursor && e.Frame != nil && len(r.held) < maxHeld {
		r.held[e.Seq] = e
	}
	r.advance()
}

// heard receives a head: the store has numbers up to it.
func (r *room) heard(head chat.Seq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = max(r.known, head)
	r.advance()
}

// advance delivers what is next, and asks for what is missing. r.mu is held.
func (r *room) advance() {
	if !r.started {
		return
	}
	for {
		e, ok := r.held[r.cursor+1]
		if !ok {
			break
		}
		delete(r.held, e.Seq)
		r.cursor = e.Seq
		r.deliver(e)
	}
	if r.known <= r.cursor {
		clear(r.held) // all of it is lower
		return
	}
	if !r.asking {
		r.asking = true
		r.hub.later(holePatience, r.fill)
	}
}

// fill reads what is missing, one read at a time, until the hole is closed.
func (r *room) fill(ctx context.Context) {
	defer func() { // also after a panic: the next look at the heads tries again
		r.mu.Lock()
		r.asking = false
		r.mu.Unlock()
	}()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		r.mu.Lock()
		since := r.cursor
		if r.known <= since || len(r.seats) == 0 {
			r.asking = false
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		changes, err := r.hub.messages.Changes(ctx, r.id, 0, since, chat.MaxPage)
		if err == nil {
			r.hub.metrics.Filled.Add(float64(len(changes.Messages)))
			for change := range changes.BySeq() {
				r.take(newEvent(change))
			}
			wait = 50 * time.Millisecond
			if changes.To > since {
				continue
			}
		} else {
			r.hub.log.Warn("hole not filled", "room", r.id, "since", since, "err", err)
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// deliver hands e to every seat. r.mu is held; nothing here blocks.
func (r *room) deliver(e event) {
	frames := &frames{event: e}
	for c, s := range r.seats {
		switch {
		case s.live:
			r.hand(c, s, frames)
		case len(s.pending) < maxPending:
			s.pending = append(s.pending, e)
		default:
			r.removeSeat(c)
			c.close(closeTooSlow, "too slow: reconnect and catch up")
		}
	}
	r.hub.metrics.Delivered.Add(float64(len(r.seats)))
	if e.change != nil {
		r.hub.recent.Apply(*e.change) // after the seats: nobody waits for it
	}
}

// hand gives e to a live seat, unless what c caught up on holds it already. What ends
// the membership is not for the one who is gone. It counts from where the membership
// was read: c may have caught up on more than that, but a departure from before must
// not touch whoever has joined again. r.mu is held.
func (r *room) hand(c *Conn, s *seat, e *frames) {
	ends := e.User != 0 && e.User == c.caller.User.ID && e.Seq > s.place.room.Head
	if e.Seq <= s.last && !ends {
		return
	}
	s.last = max(s.last, e.Seq)
	if ends {
		r.removeSeat(c)
		c.removed(r.id, removalReason(e.Kind))
		return
	}
	c.event(e.of(c.caller.User.ID))
}

// goLive answers c's room:join and from then on sends it what is after to.
//
// Whom the answer names as online is what the live seats have been told, to the
// same moment: the differences that are told from then on are differences to it. It
// is encoded while the room goes on, and anew where a difference was told meanwhile.
func (r *room) goLive(c *Conn, p place, to chat.Seq, answer func(online []chat.UserID, count *int) []byte) {
	for {
		online, count, told := r.onlineAt(c.caller.User.ID)
		if r.enliven(c, p, to, answer(online, count), told) {
			return
		}
	}
}

// enliven is goLive with a finished answer. It does nothing where the seats have been
// told more of presence than the answer knows.
func (r *room) enliven(c *Conn, p place, to chat.Seq, answer []byte, told int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told != told {
		return false
	}
	c.queue.pushAnswer(answer)
	s, ok := r.seats[c]
	if !ok {
		c.removed(r.id, chat.RemovedByDeletion)
		return true
	}
	r.enter(c, s)
	s.live, s.place, s.last = true, p, to
	pending := s.pending
	s.pending = nil
	for _, e := range pending {
		if r.seats[c] == s {
			r.hand(c, s, &frames{event: e})
		}
	}
	r.known = max(r.known, to)
	r.advance()
	return true
}

// broadcast hands a frame outside the sequence to every live seat.
func (r *room) broadcast(frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c, s := range r.seats {
		if s.live {
			c.event(frame)
		}
	}
}

// addLive adds the connections that sit live in the room.
func (r *room) addLive(conns map[*Conn]struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c, s := range r.seats {
		if s.live {
			conns[c] = struct{}{}
		}
	}
}

// addSeat seats c, still catching up; when it sits already, it begins anew.
func (r *room) addSeat(c *Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &seat{}
	if before, again := r.seats[c]; again {
		s.entered = before.entered
	}
	r.seats[c] = s
}

// enter has presence know of a seat. r.mu is held.
func (r *room) enter(c *Conn, s *seat) {
	if s.entered {
		return
	}
	s.entered = true
	user := c.caller.User.ID
	if r.users[user]++; r.users[user] == 1 {
		r.hub.presence.Enter(r.id, user, r.hub.statusOf(user))
	}
}

// removeSeat takes c's seat away, if it has one. r.mu is held.
func (r *room) removeSeat(c *Conn) {
	s, ok := r.seats[c]
	if !ok {
		return
	}
	delete(r.seats, c)
	if !s.entered {
		return
	}
	user := c.caller.User.ID
	if r.users[user]--; r.users[user] == 0 {
		delete(r.users, user)
		r.hub.presence.Leave(r.id, user)
	}
}

func (r *room) position() chat.Seq {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(r.cursor, r.known)
}

func (r *room) empty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seats) == 0
}

func (r *room) begun() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.started
}

// gone tells every seat that the room was deleted, and closes it here. Who is still
// catching up is told behind its answer, if it gets one.
func (r *room) gone() {
	r.mu.Lock()
	for c, s := range r.seats {
		r.removeSeat(c)
		if s.live {
			c.removed(r.id, chat.RemovedByDeletion)
		}
	}
	r.mu.Unlock()
	r.hub.forget(r)
}
