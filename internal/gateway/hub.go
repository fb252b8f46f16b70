// Package gateway serves the WebSocket. A Hub has the connections of one node and the rooms
// in which they have subscriptions. It publishes events to the other nodes, receives theirs
// from the bus, and sends each connection the events of its rooms: in the order of their
// numbers (seq), without gaps and duplicates. The bus is fast but may lose, repeat and
// reorder events. The store is authoritative: a room reads from it what the bus has lost.
//
// A Conn has one goroutine that reads commands. The events and responses for it are queued
// (connWriter) and written by the goroutines of the hub's writers.
//
// Lock order: a goroutine that holds a lock takes only locks further to the right.
//
//	Hub.mu → room.mu → Conn.roomsMu | Hub.statusMu | connWriter.mu | writers.mu
//
// The four on the right are leaves: with one of them held no other lock is taken.
// connWriter.mu is released before writers.mu is taken. Hub.surveyMu and connLimiter.mu are
// taken with no other lock held. What is called with Hub.mu or room.mu held (the bus,
// presence and the cache) does not block and does not call back.
package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/wake"
	"github.com/chillin-chat/chillin/internal/wire"
)

var (
	_ chat.Publisher     = (*Hub)(nil)
	_ wire.Sink          = (*Hub)(nil)
	_ chat.Subscriptions = (*Hub)(nil)
)

// How often the hub reads from the store what the bus may have lost.
const (
	headsInterval        = 5 * time.Second
	suspectHeadsInterval = time.Second
	sessionsInterval     = 4 * time.Second
)

// Deps are the dependencies of a Hub.
type Deps struct {
	Node     string // the name of this process
	Epoch    chat.Epoch
	Rooms    chat.Rooms
	Messages chat.Messages
	Accounts chat.Accounts
	Bus      wire.Bus
	Presence chat.Presence
	Cache    chat.MessageCache
	// SettingsChanged is called when an admin has changed settings on a node. It may be nil.
	SettingsChanged func()
	Metrics         *metrics.Metrics
	Log             *slog.Logger
}

// Hub has the connections and open rooms of one node.
type Hub struct {
	node     string
	epoch    chat.Epoch
	rooms    chat.Rooms
	messages chat.Messages
	accounts chat.Accounts
	bus      wire.Bus
	presence chat.Presence
	cache    chat.MessageCache
	metrics  *metrics.Metrics
	log      *slog.Logger

	settingsChanged func()

	writers         *writers
	missed          wake.Signal // sent if the heads of missedRooms should be read now
	presenceChanged wake.Signal // sent if the presence of dirtyRosters should be read
	ctx             context.Context
	cancel          context.CancelFunc
	tasks           sync.WaitGroup // goroutines other than connections
	sockets         sync.WaitGroup // connections

	mu           sync.Mutex
	open         map[chat.RoomID]*room
	conns        map[*Conn]struct{}
	users        map[chat.UserID]map[*Conn]struct{}
	dirtyRosters map[chat.RoomID]struct{} // rooms whose online users may have changed
	missedRooms  map[chat.RoomID]struct{} // rooms of which the bus may have lost events
	missedUsers  map[chat.UserID]struct{} // users of whom it may have lost envelopes
	draining     bool

	statusMu sync.Mutex
	statuses map[chat.UserID]chat.Status // of connected users who set one

	surveyMu sync.Mutex
	surveys  map[string]chan []byte // the responses to surveys of this node, by name
}

// NewHub returns a hub. It can publish at once; it receives while Run runs.
func NewHub(d Deps) *Hub {
	ctx, cancel := context.WithCancel(context.Background())
	return &Hub{
		node: d.Node, epoch: d.Epoch, rooms: d.Rooms, messages: d.Messages, accounts: d.Accounts,
		bus: d.Bus, presence: d.Presence, cache: d.Cache, metrics: d.Metrics, log: d.Log,
		writers: newWriters(), missed: wake.NewSignal(), presenceChanged: wake.NewSignal(), ctx: ctx, cancel: cancel,
		open: map[chat.RoomID]*room{}, conns: map[*Conn]struct{}{},
		users: map[chat.UserID]map[*Conn]struct{}{}, dirtyRosters: map[chat.RoomID]struct{}{},
		missedRooms: map[chat.RoomID]struct{}{}, missedUsers: map[chat.UserID]struct{}{},
		statuses: map[chat.UserID]chat.Status{}, surveys: map[string]chan []byte{},
		settingsChanged: d.SettingsChanged,
	}
}

// Run receives from the bus and runs the background tasks (heads, presence, sessions,
// keepalive, typing) until ctx ends. Then it stops them and waits for them. Call Drain
// before to end the connections.
func (h *Hub) Run(ctx context.Context) {
	for _, task := range []func(ctx context.Context){
		h.runBus, h.runPresence, h.runHeadReads, h.runMembershipReads, h.runSessionReads, h.runPresenceReads, h.runKeepalive, h.runTyping,
	} {
		h.tasks.Go(func() { h.panics().Supervise(h.ctx, task) })
	}
	<-ctx.Done()
	h.cancel()
	h.tasks.Wait()
}

func (h *Hub) runBus(ctx context.Context) {
	if err := h.bus.Run(ctx, h); err != nil && ctx.Err() == nil {
		h.log.Error("run bus failed", "err", err)
	}
}

func (h *Hub) runPresence(ctx context.Context) {
	if err := h.presence.Run(ctx, h.onPresenceChanged); err != nil && ctx.Err() == nil {
		h.log.Error("run presence failed", "err", err)
	}
}

func (h *Hub) panics() recovery.Reporter {
	return recovery.Reporter{Count: h.metrics.Panicked, Log: h.log}
}

// spawn runs task in a goroutine for which Run waits. A panic is reported.
func (h *Hub) spawn(task func(ctx context.Context)) {
	h.tasks.Go(func() {
		h.panics().Report(h.ctx, recovery.Do(recovery.Background, nil, func() error {
			task(h.ctx)
			return nil
		}))
	})
}

// PublishRoom sends e to the connections of this node and to the bus. The bus returns a
// copy, which the cursor of the room drops. A frame outside the sequence would be sent
// twice: this node sends it when the bus returns it, or at once while the bus is suspect.
func (h *Hub) PublishRoom(e chat.RoomEvent) {
	local := newEvent(e)
	if local.Kind != wire.RoomChanged || h.bus.SuspectRoom(local.Room) {
		h.receive(local)
	}
	h.bus.Publish(local.Envelope)
}

// PublishUser sends e to every node. This node ends sessions at once. It sends a frame when
// the bus returns it, or at once while the bus is suspect, so that it is sent only once.
func (h *Hub) PublishUser(e chat.UserEvent) { h.publish(wire.EncodeUserEvent(e)) }

// PublishControl sends m to every node, and to this one at once.
func (h *Hub) PublishControl(m chat.ControlMessage) { h.publish(wire.EncodeControl(m)) }

func (h *Hub) publish(e wire.Envelope) {
	if e.Frame == nil || h.bus.SuspectUser(e.User) {
		h.Receive(e)
	}
	h.bus.Publish(e)
}

// Receive implements wire.Sink. To receive an envelope twice has no effect. If a room event
// panics, the connections in the room are closed: they reconnect and catch up.
func (h *Hub) Receive(e wire.Envelope) {
	if e.Kind.ForRoom() {
		h.receive(event{Envelope: e})
		return
	}
	h.panics().Report(h.ctx, recovery.Do(recovery.Event, e.Frame, func() error {
		h.receiveForUser(e)
		return nil
	}))
}

func (h *Hub) receive(e event) {
	r := h.room(e.Room)
	if r == nil {
		return
	}
	h.process(r, e, func() { h.deliver(r, e) })
}

// process runs deliver, which delivers e in r. If it panics, some connections may never be sent e: all are
// closed.
func (h *Hub) process(r *room, e event, deliver func()) {
	err := recovery.Do(recovery.Event, e.Frame, func() error {
		deliver()
		return nil
	})
	if h.panics().Report(h.ctx, err) {
		r.closeAll()
	}
}

func (h *Hub) deliver(r *room, e event) {
	switch {
	case e.Kind.Durable():
		if r.needs(e.Seq) { // else it is the copy of an own event: decoding it would be wasted
			r.receive(h.decode(e))
		}
	case e.Kind == wire.PresenceHint:
		h.markDirty(e.Room)
	case e.Kind == wire.RoomChanged:
		r.broadcast(e.Frame)
	case e.Kind == wire.RoomDeleted:
		r.deleted()
	case e.Kind == wire.TypingOn || e.Kind == wire.TypingOff:
		r.receiveTyping(e.User, e.Kind == wire.TypingOn)
	}
}

// decode decodes a durable event of another node if the receivers need more than its frame:
// once, without the room's lock. Most events are sent as they are.
func (h *Hub) decode(e event) event {
	if e.change != nil || e.Frame == nil || !e.Personal && !h.cache.Has(e.Room) {
		return e
	}
	change, err := wire.DecodeChange(e.Frame)
	if err != nil {
		h.log.Warn("decode event failed", "room", int64(e.Room), "seq", int64(e.Seq), "err", err)
		e.Frame = nil // read it from the store
		return e
	}
	e.change = &change
	return e
}

func (h *Hub) receiveForUser(e wire.Envelope) {
	switch e.Kind {
	case wire.SessionEnded:
		h.endSessions(func(c *Conn) bool { return c.caller.Session == e.Session })
	case wire.OtherSessionsEnded:
		h.endSessions(func(c *Conn) bool { return c.caller.User.ID == e.User && c.caller.Session != e.Session })
	case wire.UserFrame:
		for _, c := range h.connsOf(e.User) {
			if c.id != e.Except {
				c.sendEvent(e.Frame)
			}
		}
	case wire.SettingsChanged:
		if h.settingsChanged != nil {
			h.settingsChanged()
		}
	case wire.SurveyRequest:
		h.receiveSurveyRequest(e)
	case wire.SurveyResponse:
		h.receiveSurveyResponse(e)
	case wire.UserChanged:
		for c := range h.connsSharingRoomWith(e.User, e.Rooms) {
			c.sendEvent(e.Frame)
		}
	}
}

// connsSharingRoomWith returns the connections that show user: the user's own, and those
// with a live subscription in one of rooms.
func (h *Hub) connsSharingRoomWith(user chat.UserID, rooms []chat.RoomID) map[*Conn]struct{} {
	conns := map[*Conn]struct{}{}
	for _, c := range h.connsOf(user) {
		conns[c] = struct{}{}
	}
	for _, id := range rooms {
		if r := h.room(id); r != nil {
			r.addLive(conns)
		}
	}
	return conns
}

// Missed implements wire.Sink: the heads of the affected rooms are read at once.
func (h *Hub) Missed(affected func(chat.RoomID) bool) {
	h.mu.Lock()
	for id := range h.open {
		if affected(id) {
			h.missedRooms[id] = struct{}{}
		}
	}
	h.mu.Unlock()
	h.missed.Send()
}

func (h *Hub) room(id chat.RoomID) *room {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open[id]
}

func (h *Hub) openRooms() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	rooms := make([]*room, 0, len(h.open))
	for _, r := range h.open {
		rooms = append(rooms, r)
	}
	return rooms
}

func (h *Hub) allConns() []*Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	conns := make([]*Conn, 0, len(h.conns))
	for c := range h.conns {
		conns = append(conns, c)
	}
	return conns
}

// Unwritten returns how many connections wait for a writer.
func (h *Hub) Unwritten() int { return h.writers.length() }

// QueuedBytes returns how many bytes are queued for the connections.
func (h *Hub) QueuedBytes() (bytes int) {
	for _, c := range h.allConns() {
		bytes += c.queuedBytes()
	}
	return bytes
}

// Users returns how many users are connected.
func (h *Hub) Users() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.users)
}

func (h *Hub) connsOf(user chat.UserID) []*Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	conns := make([]*Conn, 0, len(h.users[user]))
	for c := range h.users[user] {
		conns = append(conns, c)
	}
	return conns
}

// add adds c and reports whether it did. A connection beyond maxConnsPerUser is added and
// closed with 4029; it counts until its TCP connection is closed. A connection beyond twice
// that number, or while the node drains, is not added.
func (h *Hub) add(c *Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	user := c.caller.User.ID
	count := len(h.users[user])
	if h.draining || count >= 2*maxConnsPerUser {
		return false
	}
	if h.users[user] == nil {
		h.users[user] = map[*Conn]struct{}{}
	}
	h.users[user][c] = struct{}{}
	h.conns[c] = struct{}{}
	h.metrics.Connections.Inc()
	h.sockets.Add(1)
	if count >= maxConnsPerUser {
		c.close(closeTooMany, "too many connections of one user")
	}
	return true
}

// remove removes a connection whose TCP connection is closed.
func (h *Hub) remove(c *Conn) {
	for _, r := range c.subscriptions() {
		h.unsubscribeFrom(c, r)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
	user := c.caller.User.ID
	if delete(h.users[user], c); len(h.users[user]) == 0 {
		delete(h.users, user)
		h.statusMu.Lock()
		delete(h.statuses, user)
		h.statusMu.Unlock()
	}
	h.metrics.Connections.Dec()
	h.sockets.Done()
}

// canPreSubscribe reports whether c may subscribe to the room before its membership is
// checked: the room is open, and c has no subscription in it. Until the subscription is
// live it is not visible to others and receives nothing. A room is not opened for a user
// that may be no member, and a connection keeps its subscription if the store cannot be
// read.
func (h *Hub) canPreSubscribe(c *Conn, id chat.RoomID) bool {
	_, subscribed := c.subscriptions()[id]
	return !subscribed && h.room(id) != nil
}

// subscribe adds a subscription of c to the room, opens the room if necessary, and returns
// when the room's cursor is set.
func (h *Hub) subscribe(ctx context.Context, c *Conn, id chat.RoomID) (*room, error) {
	h.mu.Lock()
	r, ok := h.open[id]
	if !ok {
		r = newRoom(h, id)
		h.open[id] = r
		h.metrics.RoomsOpen.Inc()
		h.tasks.Go(func() { r.start(h.ctx) })
	}
	r.addSub(c)
	h.mu.Unlock()
	c.roomsMu.Lock()
	c.rooms[id] = r
	c.roomsMu.Unlock()
	select {
	case <-r.ready:
	case <-ctx.Done():
		h.unsubscribeFrom(c, r)
		return nil, chat.ErrUnavailable(ctx.Err())
	}
	if r.startErr != nil {
		h.unsubscribeFrom(c, r)
		return nil, r.startErr
	}
	return r, nil
}

// unsubscribe removes the subscription of c to the room, if it has one.
func (h *Hub) unsubscribe(c *Conn, id chat.RoomID) {
	if r, ok := c.subscriptions()[id]; ok {
		h.unsubscribeFrom(c, r)
	}
}

func (h *Hub) unsubscribeFrom(c *Conn, r *room) {
	r.mu.Lock()
	r.removeSub(c)
	r.mu.Unlock()
	c.dropRoom(r.id)
}

// closeRoom closes a room on this node.
func (h *Hub) closeRoom(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open[r.id] == r {
		delete(h.open, r.id)
		h.metrics.RoomsOpen.Dec()
		h.bus.Unfollow(r.id)
	}
}

// closeEmptyRooms closes rooms without subscriptions. They are kept until then so that a
// reconnect is cheap.
func (h *Hub) closeEmptyRooms() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, r := range h.open {
		if r.empty() {
			delete(h.open, id)
			h.metrics.RoomsOpen.Dec()
			h.bus.Unfollow(id)
		}
	}
}

// runAfter runs task after delay, unless the hub ends before.
func (h *Hub) runAfter(delay time.Duration, task func(ctx context.Context)) {
	h.spawn(func(ctx context.Context) {
		if sleep(ctx, delay) {
			task(ctx)
		}
	})
}

// sleep waits for d and reports whether it did: it returns false as soon as ctx ends.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
