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
	// gapTimeout is how long a number may be missing before it is read from the store:
	// events of two nodes on one bus overtake each other by less.
	gapTimeout = 20 * time.Millisecond
	// maxHeld bounds the events that are held back behind a gap; events beyond it are
	// dropped and read from the store.
	maxHeld = 1024
	// maxPending bounds the events that wait for a subscription that is not live yet.
	maxPending = 1024
)

// room is a room with subscriptions on this node. Events arrive in any order, twice or not
// at all; the cursor restores the order of the database. The event with the next number is
// delivered, one with a lower number is dropped, and one with a higher number is held while
// the missing ones are read from the store.
type room struct {
	id  chat.RoomID
	hub *Hub
	// ready is closed when the cursor is set, or startErr if that failed.
	ready    chan struct{}
	startErr error

	mu      sync.Mutex
	started bool     // the cursor is set
	cursor  chat.Seq // the last number that was delivered
	maxSeq  chat.Seq // the highest number that is known to exist
	held    map[chat.Seq]event
	filling bool // fillGap runs or is scheduled
	subs    map[*Conn]*subscription
	users   map[chat.UserID]int // the number of each user's subscriptions that have entered presence

	online          chat.OnlineUsers          // as last sent to the subscriptions
	onlineIDs       []chat.UserID             // the users of online, ascending; shared and not changed
	presenceVersion int                       // increases with each change of online or presenceUnknown
	missingSince    map[chat.UserID]time.Time // users of online who are missing in presence; not sent as offline yet
	presenceUnknown bool                      // presence could not be read
	presenceReadAt  time.Time
	typing          typing
}

// subscription is the state of one connection in a room.
type subscription struct {
	live          bool
	entered       bool // the connection is counted in room.users
	joined        joinSnapshot
	last          chat.Seq                        // the last number that the connection has; set when live
	pending       []event                         // received before the subscription was live
	typing        bool                            // the connection has started typing and not stopped
	missedUpdates map[chat.UserID]wire.UserStatus // presence that did not fit into the connection's queue
}

func newRoom(h *Hub, id chat.RoomID) *room {
	return &room{
		id: id, hub: h, ready: make(chan struct{}),
		held: map[chat.Seq]event{}, subs: map[*Conn]*subscription{}, users: map[chat.UserID]int{},
		missingSince: map[chat.UserID]time.Time{}, typing: newTyping(),
	}
}

// start follows the room on the bus and then sets the cursor. An event that is committed
// later is either received or found because a head is higher than the cursor.
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

// closeAll closes every connection in the room after an internal error.
func (r *room) closeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.subs {
		c.close(websocket.StatusInternalError, "something went wrong")
	}
}

// needs reports whether the event with number seq is neither delivered nor held.
func (r *room) needs(seq chat.Seq) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, held := r.held[seq]
	return seq > r.cursor && !held
}

// receive processes a durable event from the bus or from this node.
func (r *room) receive(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.maxSeq = max(r.maxSeq, e.Seq)
	if e.Seq > r.cursor && e.Frame != nil && len(r.held) < maxHeld {
		r.held[e.Seq] = e
	}
	r.advance()
}

// observeHead processes the head that was read from the store: numbers up to it exist.
func (r *room) observeHead(head chat.Seq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.maxSeq = max(r.maxSeq, head)
	r.advance()
}

// advance delivers the next events and schedules fillGap if events are missing. r.mu is
// held.
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
		clear(r.held) // all have lower numbers
		return
	}
	if !r.filling {
		r.filling = true
		r.hub.runAfter(gapTimeout, r.fillGap)
	}
}

// fillGap reads the missing events from the store until there is no gap.
func (r *room) fillGap(ctx context.Context) {
	defer func() { // also after a panic: the next read of the heads tries again
		r.mu.Lock()
		r.filling = false
		r.mu.Unlock()
	}()
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		r.mu.Lock()
		since, head := r.cursor, r.maxSeq
		if head <= since || len(r.subs) == 0 {
			r.filling = false
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		changes, err := r.hub.messages.Changes(ctx, r.id, 0, chat.ChangesQuery{Since: since, Head: head, Limit: chat.MaxPage})
		if err == nil {
			r.hub.metrics.Filled.Add(float64(len(changes.Messages)))
			for change := range changes.BySeq() {
				e := newEvent(change)
				r.hub.process(r, e, func() { r.receive(e) })
			}
			wait = 50 * time.Millisecond
			if changes.To > since {
				continue
			}
		} else {
			r.hub.log.Warn("fill gap failed", "room", r.id, "since", since, "err", err)
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// deliver sends e to every subscription. r.mu is held; nothing here blocks.
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
		r.hub.cache.Apply(*e.change) // last, because no client waits for it
	}
}

// sendTo sends e to a live subscription, unless c has it from catching up. If e ends the
// membership of the user, sendTo removes the subscription and sends room:removed instead.
// That is decided by the head at which the membership was read, not by last: c may have
// caught up on more than that. An end before that head belongs to an earlier membership of
// a user who has joined again, and is ignored. r.mu is held.
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

// activate queues the response to room:join and makes the subscription of c live: from then
// on c is sent the events after to.
//
// The online users in the response are those that the live subscriptions have been sent at
// that moment, because later presence updates contain only the differences. The response is
// encoded without the room's lock, and again if an update was sent in the meantime.
func (r *room) activate(c *Conn, p joinSnapshot, to chat.Seq, encode func(online []chat.UserID, count *int) []byte) {
	for {
		online, count, version := r.onlineSnapshot(c.caller.User.ID)
		if r.tryActivate(c, p, to, encode(online, count), version) {
			return
		}
	}
}

// tryActivate is activate with an encoded response. It reports whether it did anything: the
// response is out of date if version is not the present presenceVersion.
func (r *room) tryActivate(c *Conn, p joinSnapshot, to chat.Seq, response []byte, version int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.presenceVersion != version {
		return false
	}
	c.pushResponse(response)
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

// broadcast sends a frame outside the sequence to every live subscription.
func (r *room) broadcast(frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c, s := range r.subs {
		if s.live {
			c.sendEvent(frame)
		}
	}
}

// addLive adds the connections with a live subscription to conns.
func (r *room) addLive(conns map[*Conn]struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c, s := range r.subs {
		if s.live {
			conns[c] = struct{}{}
		}
	}
}

// addSub adds a subscription of c that is not live yet, in place of the one that c may
// have.
func (r *room) addSub(c *Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &subscription{}
	if before, again := r.subs[c]; again {
		s.entered = before.entered
	}
	r.subs[c] = s
}

// enter counts the subscription in r.users and enters the user into presence if it is the
// user's first. r.mu is held.
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

// removeSub removes the subscription of c, if it has one. r.mu is held.
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

// deleted sends room:removed to every live subscription and closes the room on this node. A
// subscription that is not live yet gets room:removed after its response, see tryActivate.
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
