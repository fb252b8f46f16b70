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
	// gapTimeout is how long a number may be missing before it is read from the
	// store: events of two nodes on one bus overtake each other by less.
	gapTimeout = 20 * time.Millisecond
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
	ready    chan struct{}
	startErr error

	mu      sync.Mutex
	started bool     // the cursor stands
	cursor  chat.Seq // the last number delivered
	maxSeq  chat.Seq // the highest number heard of
	held    map[chat.Seq]event
	filling bool // a fill is under way or about to be
	subs    map[*Conn]*subscription
	users   map[chat.UserID]int // seats of each user that are live, or were

	online          chat.OnlineUsers          // as last told to the seats
	onlineIDs       []chat.UserID             // those of roster, ascending; shared, and never changed
	presenceVersion int                       // counts what the seats were told of presence
	missingSince    map[chat.UserID]time.Time // of the roster, who is gone since when, and not yet told
	presenceUnknown bool                      // presence cannot be known at present
	presenceReadAt  time.Time                 // when the roster was read last
	typing          typing
}

// subscription is one connection's place in a room.
type subscription struct {
	live          bool
	entered       bool // presence knows of it
	joined        joinSnapshot
	last          chat.Seq                        // the last number this connection has; set when live
	pending       []event                         // what came while it was catching up
	typing        bool                            // it has told that its user types, and not that it stopped
	missedUpdates map[chat.UserID]wire.UserStatus // presence for which its connection had no room
}

func newRoom(h *Hub, id chat.RoomID) *room {
	return &room{
		id: id, hub: h, ready: make(chan struct{}),
		held: map[chat.Seq]event{}, subs: map[*Conn]*subscription{}, users: map[chat.UserID]int{},
		missingSince: map[chat.UserID]time.Time{}, typing: newTyping(),
	}
}

// start follows the bus and then sets the cursor: what is committed later is
// either heard or found by a head that is higher.
func (r *room) start(ctx context.Context) {
	defer close(r.ready)
	r.startErr = recovery.Do(recovery.Read, nil, func() error { return r.setCursor(ctx) })
	if r.startErr != nil {
		r.hub.closeRoom(r)
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
	for c := range r.subs {
		c.close(websocket.StatusInternalError, "something went wrong")
	}
}

// receive receives a durable event.
func (r *room) receive(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.maxSeq = max(r.maxSeq, e.Seq)
	if e.Seq > r.cursor && e.Frame != nil && len(r.held) < maxHeld {
		r.held[e.Seq] = e
	}
	r.advance()
}

// observeHead receives a head: the store has numbers up to it.
func (r *room) observeHead(head chat.Seq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.maxSeq = max(r.maxSeq, head)
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
	if r.maxSeq <= r.cursor {
		clear(r.held) // all of it is lower
		return
	}
	if !r.filling {
		r.filling = true
		r.hub.runAfter(gapTimeout, r.fillGap)
	}
}

// fillGap reads what is missing, one read at a time, until the hole is closed.
func (r *room) fillGap(ctx context.Context) {
	defer func() { // also after a panic: the next look at the heads tries again
		r.mu.Lock()
		r.filling = false
		r.mu.Unlock()
	}()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		r.mu.Lock()
		since := r.cursor
		if r.maxSeq <= since || len(r.subs) == 0 {
			r.filling = false
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		changes, err := r.hub.messages.Changes(ctx, r.id, 0, since, chat.MaxPage)
		if err == nil {
			r.hub.metrics.Filled.Add(float64(len(changes.Messages)))
			for change := range changes.BySeq() {
				r.receive(newEvent(change))
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
	for c, s := range r.subs {
		switch {
		case s.live:
			r.sendTo(c, s, frames)
		case len(s.pending) < maxPending:
			s.pending = append(s.pending, e)
		default:
			r.removeSub(c)
			c.close(closeTooSlow, "too slow: reconnect and catch up")
		}
	}
	r.hub.metrics.Delivered.Add(float64(len(r.subs)))
	if e.change != nil {
		r.hub.cache.Apply(*e.change) // after the seats: nobody waits for it
	}
}

// sendTo gives e to a live seat, unless what c caught up on holds it already. What ends
// the membership is not for the one who is gone. It counts from where the membership
// was read: c may have caught up on more than that, but a departure from before must
// not touch whoever has joined again. r.mu is held.
func (r *room) sendTo(c *Conn, s *subscription, e *frames) {
	ends := e.User != 0 && e.User == c.caller.User.ID && e.Seq > s.joined.room.Head
	if e.Seq <= s.last && !ends {
		return
	}
	s.last = max(s.last, e.Seq)
	if ends {
		r.removeSub(c)
		c.sendRoomRemoved(r.id, removalReason(e.Kind))
		return
	}
	c.sendEvent(e.of(c.caller.User.ID))
}

// activate answers c's room:join and from then on sends it what is after to.
//
// Whom the answer names as online is what the live seats have been told, to the
// same moment: the differences that are told from then on are differences to it. It
// is encoded while the room goes on, and anew where a difference was told meanwhile.
func (r *room) activate(c *Conn, p joinSnapshot, to chat.Seq, answer func(online []chat.UserID, count *int) []byte) {
	for {
		online, count, told := r.onlineSnapshot(c.caller.User.ID)
		if r.tryActivate(c, p, to, answer(online, count), told) {
			return
		}
	}
}

// tryActivate is activate with a finished answer. It does nothing where the seats have been
// told more of presence than the answer knows.
func (r *room) tryActivate(c *Conn, p joinSnapshot, to chat.Seq, answer []byte, told int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.presenceVersion != told {
		return false
	}
	c.queue.pushAnswer(answer)
	s, ok := r.subs[c]
	if !ok {
		c.sendRoomRemoved(r.id, chat.RemovedByDeletion)
		return true
	}
	r.enter(c, s)
	s.live, s.joined, s.last = true, p, to
	pending := s.pending
	s.pending = nil
	for _, e := range pending {
		if r.subs[c] == s {
			r.sendTo(c, s, &frames{event: e})
		}
	}
	r.maxSeq = max(r.maxSeq, to)
	r.advance()
	return true
}

// broadcast hands a frame outside the sequence to every live seat.
func (r *room) broadcast(frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c, s := range r.subs {
		if s.live {
			c.sendEvent(frame)
		}
	}
}

// addLive adds the connections that subscribe live in the room.
func (r *room) addLive(conns map[*Conn]struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c, s := range r.subs {
		if s.live {
			conns[c] = struct{}{}
		}
	}
}

// addSub seats c, still catching up; when it sits already, it begins anew.
func (r *room) addSub(c *Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &subscription{}
	if before, again := r.subs[c]; again {
		s.entered = before.entered
	}
	r.subs[c] = s
}

// enter has presence know of a seat. r.mu is held.
func (r *room) enter(c *Conn, s *subscription) {
	if s.entered {
		return
	}
	s.entered = true
	user := c.caller.User.ID
	if r.users[user]++; r.users[user] == 1 {
		r.hub.presence.Enter(r.id, user, r.hub.statusOf(user))
	}
}

// removeSub takes c's seat away, if it has one. r.mu is held.
func (r *room) removeSub(c *Conn) {
	s, ok := r.subs[c]
	if !ok {
		return
	}
	delete(r.subs, c)
	if !s.entered {
		return
	}
	user := c.caller.User.ID
	if r.users[user]--; r.users[user] == 0 {
		delete(r.users, user)
		r.hub.presence.Leave(r.id, user)
	}
}

func (r *room) head() chat.Seq {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(r.cursor, r.maxSeq)
}

func (r *room) empty() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.subs) == 0
}

func (r *room) hasStarted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.started
}

// deleted tells every seat that the room was deleted, and closes it here. Who is still
// catching up is told behind its answer, if it gets one.
func (r *room) deleted() {
	r.mu.Lock()
	for c, s := range r.subs {
		r.removeSub(c)
		if s.live {
			c.sendRoomRemoved(r.id, chat.RemovedByDeletion)
		}
	}
	r.mu.Unlock()
	r.hub.closeRoom(r)
}
