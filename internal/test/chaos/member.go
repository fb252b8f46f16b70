package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// The behavior of a good client.
const (
	dialTimeout    = 6 * time.Second // also for a node that accepted the connection and froze
	answerTimeout  = 6 * time.Second // a node that is silent for this long is abandoned
	pingEvery      = 3 * time.Second
	firstBackoff   = 100 * time.Millisecond
	longestBackoff = 3 * time.Second
	outboxLimit    = 30
)

// member is a simulated client, implemented as an actor. Its goroutine owns everything except the
// fields below mu.
type member struct {
	clients *Clients
	number  int
	client  *client.Client
	journal *Journal
	random  *rand.Rand
	rooms   map[chat.RoomID]*roomState
	order   []*roomState // the values of rooms, ordered, so that choices depend only on the seed

	stream    *client.Stream
	node      string
	conn      int32
	lastID    int64
	calls     map[int64]call
	lastFrame time.Time // when the last frame was received
	lastPing  time.Time // when the last ping was sent
	leaveAt   time.Time // this node drains; zero if it does not

	over    atomic.Bool // its session was ended: it does not return
	flaps   bool        // cuts its connection at random
	rejoins bool        // leaves and rejoins the room that all rejoining members share

	mu    sync.Mutex
	state state
}

// state is the part of a member that others may read.
type state struct {
	live   bool // connected, and up to date in all its rooms
	queued int  // messages that are not confirmed
	out    bool // left, and about to rejoin
	at     map[chat.RoomID]chat.Seq
}

// call is a command that waits for its response.
type call struct {
	sent time.Time
	done func(f client.Frame)
}

// roomState is the state of a member in one room: its cursor and its outbox.
type roomState struct {
	room       chat.RoomID
	user       chat.UserID // the member
	cursor     chat.Seq
	known      chat.Seq // the highest known number
	epoch      chat.Epoch
	hasCursor  bool // cursor is valid
	subscribed bool // on this connection
	requesting bool // a join or a catch-up is in progress
	outbox     []*pending
	posted     []post  // the latest messages in the room, as far as this client saw
	change     *change // one at a time, like the messages
	inFlight   bool    // outbox[0] was sent on this connection
	retry      time.Time

	left     bool // left on purpose
	leaving  bool // requested, but not yet answered
	moveAt   time.Time
	online   map[chat.UserID]bool
	unknown  bool
	joinedAt time.Time
}

// pending is a message whose confirmation is awaited.
type pending struct {
	cid  uuid.UUID
	text string
}

// run connects, serves and reconnects until ctx ends.
func (m *member) run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil && !m.over.Load() {
		if err := m.connect(ctx); err != nil {
			failures++
			if ctx.Err() == nil {
				m.clients.fault("dial", err)
			}
			m.pause(ctx, failures)
			continue
		}
		failures = 0
		m.serve(ctx)
		m.disconnect()
		m.pause(ctx, 0)
	}
}

// pause waits before the next attempt: exponential backoff with full jitter.
func (m *member) pause(ctx context.Context, failures int) {
	longest := min(longestBackoff, firstBackoff<<min(failures, 10))
	wait := 20*time.Millisecond + time.Duration(m.random.Int64N(int64(longest)))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case do := <-m.clients.asks[m.number]:
			do(m)
		}
	}
}

func (m *member) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	m.client.Base = m.clients.target(m.random)
	stream, err := m.client.Stream(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", m.client.Base, err)
	}
	m.conn++
	m.stream, m.node = stream, stream.Hello.Node
	m.calls, m.lastFrame, m.lastPing, m.leaveAt = map[int64]call{}, time.Now(), time.Now(), time.Time{}
	m.journal.add(Record{Kind: Connected, Conn: m.conn})
	for _, d := range m.order {
		m.take(d)
	}
	return nil
}

// take joins the room, or completes the leave that the last connection began.
func (m *member) take(d *roomState) {
	switch {
	case d.requesting: // a second leave could be answered after the next join
	case d.leaving:
		m.leave(d)
	case !d.left && !d.subscribed:
		m.join(d)
	}
}

func (m *member) disconnect() {
	m.stream.Cut()
	m.journal.add(Record{Kind: Ended, Conn: m.conn})
	for _, d := range m.order {
		if d.inFlight {
			m.journal.add(Record{Kind: Unknown, Room: d.room, CID: d.outbox[0].cid, Code: "DISCONNECTED"})
		}
		m.changeEnds(d)
		d.inFlight, d.subscribed, d.requesting = false, false, false
	}
	m.stream = nil
	m.publish()
}

// serve handles all events while a connection is open.
func (m *member) serve(ctx context.Context) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	compose := time.NewTimer(m.untilNext())
	defer compose.Stop()
	cutAt := m.nextCut()
	for {
		select {
		case <-ctx.Done():
			return
		case f, ok := <-m.stream.Frames:
			if !ok {
				m.clients.closed(m.stream.CloseCode())
				return
			}
			m.handle(f)
			if len(m.stream.Frames) > 0 {
				continue // the state is published after all received frames are processed
			}
		case <-compose.C:
			m.compose()
			compose.Reset(m.untilNext())
		case do := <-m.clients.asks[m.number]:
			do(m)
		case now := <-tick.C:
			if !m.alive(now) || m.clients.flapping() && now.After(cutAt) {
				return
			}
			m.retryAll(now)
			m.leaveOrRejoin(now)
		}
		m.publish()
	}
}

// untilNext returns the delay of this member's next message, so that all members write at the total
// rate.
func (m *member) untilNext() time.Duration {
	mean := float64(time.Second) * float64(m.clients.options.Members) / m.clients.options.Rate
	return time.Duration(m.random.ExpFloat64() * mean)
}

func (m *member) nextCut() time.Time {
	if !m.flaps {
		return time.Now().Add(24 * time.Hour)
	}
	return time.Now().Add(500*time.Millisecond + time.Duration(m.random.Int64N(int64(5*time.Second))))
}

// alive sends pings and reports whether the node still answers.
func (m *member) alive(now time.Time) bool {
	if !m.leaveAt.IsZero() && now.After(m.leaveAt) && m.nothingInFlight() {
		return false
	}
	for _, c := range m.calls {
		if now.Sub(c.sent) > answerTimeout {
			m.clients.fault("no answer", fmt.Errorf("client %d: %s is silent", m.number, m.node))
			return false
		}
	}
	if now.Sub(m.lastPing) > pingEvery {
		m.lastPing = now
		m.ask("ping", struct{}{}, m.pong)
	}
	return true
}

func (m *member) nothingInFlight() bool {
	for _, d := range m.order {
		if d.inFlight {
			return false
		}
	}
	return true
}

// pong compares heads: the last event of a room has no successor that would reveal its loss.
func (m *member) pong(f client.Frame) {
	var pong wire.Pong
	if f.Type == "error" || f.Decode(&pong) != nil {
		return
	}
	for room, head := range pong.Heads {
		if d := m.rooms[room]; d != nil && d.subscribed {
			d.known = max(d.known, head)
			m.catchUp(d)
		}
	}
}

// ask sends a command. done receives the response, unless the connection ends first.
func (m *member) ask(kind string, data any, done func(f client.Frame)) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	m.lastID++
	m.calls[m.lastID] = call{time.Now(), done}
	// A write error ends the connection, which the reader detects.
	_ = m.stream.Send(ctx, m.lastID, kind, data)
}

func (m *member) handle(f client.Frame) {
	m.lastFrame = f.At
	if c, ok := m.calls[f.ID()]; ok {
		delete(m.calls, f.ID())
		c.done(f)
		return
	}
	switch f.Type {
	case "message:new", "message:edited", "message:deleted", "message:reaction":
		m.event(f)
	case "presence:update":
		m.presence(f)
	case "draining":
		var draining wire.Draining
		if f.Decode(&draining) == nil {
			m.leaveAt = time.Now().Add(time.Duration(draining.ReconnectInMs) * time.Millisecond)
		}
	case "room:removed":
		var removed wire.RoomRemoved
		if f.Decode(&removed) == nil && m.rooms[removed.RoomID] != nil {
			d := m.rooms[removed.RoomID]
			d.subscribed = false
			if removed.Reason == "kicked" { // and does not rejoin by itself
				d.left, d.outbox, d.change, d.inFlight = true, nil, nil, false
			}
		}
	case "error":
		m.clients.fault("error frame", f.Refusal())
	}
}

// seen is the part of a message that the history keeps.
type seen struct {
	ID        chat.MessageID `json:"id"`
	Seq       chat.Seq       `json:"seq"`
	ChangeSeq chat.Seq       `json:"changeSeq"`
	CID       string         `json:"cid"`
	Author    struct {
		ID chat.UserID `json:"id"`
	} `json:"author"`
	Text      string               `json:"text"`
	DeletedAt string               `json:"deletedAt"`
	System    *chat.SystemInfo     `json:"system"`
	Reactions []chat.ReactionCount `json:"reactions"`
}

func (s seen) state() uint64 {
	var all []Reaction
	for _, r := range s.Reactions {
		for _, user := range r.UserIDs {
			all = append(all, Reaction{s.ID, user, r.Emoji})
		}
	}
	return State(s.Text, s.DeletedAt != "", all)
}

func (s seen) record(kind Kind, room chat.RoomID, seq chat.Seq) Record {
	cid, _ := uuid.Parse(s.CID) // empty for system messages
	return Record{
		Kind: kind, Room: room, Seq: seq, Message: s.ID, Change: s.ChangeSeq, Author: s.Author.ID, CID: cid,
		Hash: Hash(s.Text), State: s.state(),
	}
}

// event follows the client's rule: the next number is shown, a lower one is dropped. A higher one means
// a gap, and the missing changes are requested. During the request nothing is shown: the response will
// contain it.
func (m *member) event(f client.Frame) {
	var e struct {
		RoomID  chat.RoomID `json:"roomId"`
		Seq     chat.Seq    `json:"seq"`
		Message seen        `json:"message"`
	}
	d := m.rooms[0]
	if err := f.Decode(&e); err == nil {
		d = m.rooms[e.RoomID]
	}
	if d == nil {
		m.clients.fault("event", fmt.Errorf("client %d: of an unknown room: %s", m.number, f.Data))
		return
	}
	r := e.Message.record(Delivered, e.RoomID, e.Seq)
	r.At, r.Conn = m.clients.history.at(f.At), m.conn
	r.Applied = d.subscribed && !d.requesting && e.Seq == d.cursor+1
	m.journal.add(r)
	d.known = max(d.known, e.Seq)
	if r.Applied {
		d.cursor = e.Seq
		d.remember(e.Message)
	} else if d.subscribed {
		m.catchUp(d)
	}
}

func (m *member) presence(f client.Frame) {
	var update wire.PresenceUpdate
	if f.Decode(&update) != nil || m.rooms[update.RoomID] == nil {
		return
	}
	d := m.rooms[update.RoomID]
	d.unknown = false
	for _, u := range update.Users {
		m.setPresence(d, u.UserID, u.Status)
	}
}

func (m *member) setPresence(d *roomState, user chat.UserID, status chat.Status) {
	switch {
	case status == chat.Unknown:
		d.unknown = true
		m.clients.unknowns.Add(1)
	case shown(status):
		d.online[user] = true
	default:
		delete(d.online, user)
	}
	m.journal.add(Record{Kind: Told, Room: d.room, Subject: user, Status: status})
}

// join joins the room and requests everything since the cursor.
func (m *member) join(d *roomState) {
	ask := wire.RoomJoin{RoomID: d.room, Limit: new(chat.MaxPage)}
	if d.hasCursor {
		since := d.cursor
		ask.Since = &since
	}
	began := m.clients.history.Now()
	d.requesting, d.joinedAt = true, time.Now()
	m.journal.add(Record{Kind: JoinInvoked, Room: d.room, Subject: m.client.User.ID})
	m.ask("room:join", joinData(ask, d), func(f client.Frame) {
		d.requesting = false
		if refusal := f.Refusal(); refusal != nil {
			m.refused("room:join", d, refusal)
			return
		}
		var joined struct {
			caughtUp
			Online []chat.UserID `json:"online"`
			Room   struct {
				OnlineCount *int `json:"onlineCount"`
			} `json:"room"`
		}
		if err := f.Decode(&joined); err != nil {
			m.clients.fault("room:joined", err)
			return
		}
		d.subscribed, d.online, d.unknown = true, map[chat.UserID]bool{}, joined.Room.OnlineCount == nil
		m.apply(d, Joined, f, began, joined.caughtUp)
		for _, user := range joined.Online {
			m.setPresence(d, user, chat.Online)
		}
	})
}

// joinData returns the command's data as a client encodes it: the epoch is a string.
func joinData(ask wire.RoomJoin, d *roomState) map[string]any {
	data := map[string]any{"roomId": ask.RoomID, "limit": ask.Limit}
	if ask.Since != nil {
		data["since"], data["epoch"] = *ask.Since, d.epoch
	}
	return data
}

// caughtUp is the response to room:join and room:changes.
type caughtUp struct {
	Messages []seen     `json:"messages"`
	From     chat.Seq   `json:"from"`
	To       chat.Seq   `json:"to"`
	Head     chat.Seq   `json:"head"`
	Epoch    chat.Epoch `json:"epoch"`
	More     bool       `json:"more"`
	Reset    bool       `json:"reset"`
}

// apply advances the screen to the end of the response, and continues if there is more.
func (m *member) apply(d *roomState, kind Kind, f client.Frame, began time.Duration, c caughtUp) {
	at := m.clients.history.at(f.At)
	m.journal.add(Record{
		At: at, Kind: kind, Conn: m.conn, Room: d.room, From: c.From, To: c.To, More: c.More,
		Reset: c.Reset || !d.hasCursor, // without a cursor, the screen begins where the response does
		Began: began, Count: int32(len(c.Messages)),
	})
	for _, s := range c.Messages {
		r := s.record(Caught, d.room, s.Seq)
		r.At = at
		m.journal.add(r)
		d.remember(s)
	}
	if c.Reset {
		m.clients.resets.Add(1)
		d.known = c.Head
	}
	d.hasCursor, d.cursor, d.epoch, d.known = true, c.To, c.Epoch, max(d.known, c.Head, c.To)
	m.catchUp(d)
	m.send(d)
}

// catchUp requests missing changes, if there are any and no request is in progress.
func (m *member) catchUp(d *roomState) {
	if d.known <= d.cursor || d.requesting || !d.subscribed {
		return
	}
	d.requesting = true
	began := m.clients.history.Now()
	m.ask("room:changes", map[string]any{"roomId": d.room, "since": d.cursor, "epoch": d.epoch}, func(f client.Frame) {
		d.requesting = false
		if refusal := f.Refusal(); refusal != nil {
			m.refused("room:changes", d, refusal)
			return
		}
		var c caughtUp
		if err := f.Decode(&c); err != nil {
			m.clients.fault("room:changes", err)
			return
		}
		if c.Reset { // the response is unusable: join again
			d.hasCursor, d.subscribed = false, false
			m.join(d)
			return
		}
		m.apply(d, CaughtUp, f, began, c)
	})
}

// refused retries later if that may help. A member that is not subscribed then joins again.
func (m *member) refused(what string, d *roomState, refusal *client.Error) {
	switch refusal.Code {
	case chat.Unavailable, chat.RateLimited:
		d.retry = time.Now().Add(m.jittered(refusal))
		m.clients.unavailable.Add(1)
	case chat.NotAMember: // a leave was faster
		d.subscribed = false
		d.retry = time.Now().Add(time.Second)
	default:
		m.clients.fault(what, refusal)
		d.retry = time.Now().Add(time.Second)
	}
}

func (m *member) jittered(refusal *client.Error) time.Duration {
	wait := max(refusal.RetryAfterMs, 50)
	return time.Duration(wait+m.random.Int64N(wait/2+1)) * time.Millisecond
}

// compose adds a new message to the outbox of a room.
func (m *member) compose() {
	if m.clients.stopped() {
		return
	}
	d := m.order[0] // the hot room
	if m.random.Float64() > m.clients.options.Hot {
		d = m.order[m.random.IntN(len(m.order))]
	}
	if m.random.Float64() < m.clients.options.Changes && m.begin(d) {
		return
	}
	m.write(d, fmt.Sprintf("%d says %d", m.number, m.random.Uint32()))
}

func (m *member) write(d *roomState, text string) {
	if d.left || len(d.outbox) >= outboxLimit {
		return
	}
	var cid uuid.UUID
	for i := range cid {
		cid[i] = byte(m.random.UintN(256))
	}
	cid[6], cid[8] = cid[6]&0x0f|0x40, cid[8]&0x3f|0x80
	d.outbox = append(d.outbox, &pending{cid, text})
	m.send(d)
}

// send sends the first message of the outbox: one is in flight at a time, so that retries cannot change
// the order.
func (m *member) send(d *roomState) {
	if len(d.outbox) == 0 || d.inFlight || !d.hasCursor || m.stream == nil || time.Now().Before(d.retry) || d.leaving || d.left {
		return
	}
	l := d.outbox[0]
	d.inFlight = true
	m.journal.add(Record{Kind: Invoked, Room: d.room, CID: l.cid, Hash: Hash(l.text)})
	in := map[string]any{"roomId": d.room, "cid": l.cid, "text": l.text}
	m.ask("message:send", in, func(f client.Frame) { m.answered(d, l, f) })
}

func (m *member) answered(d *roomState, l *pending, f client.Frame) {
	at := m.clients.history.at(f.At)
	refusal := f.Refusal()
	if len(d.outbox) == 0 || d.outbox[0] != l { // kicked in the meantime; the outcome is recorded anyway
		d.outbox = append([]*pending{l}, d.outbox...)
	}
	d.inFlight = false
	if refusal == nil {
		var done wire.MessageConfirmed
		if err := f.Decode(&done); err != nil {
			m.clients.fault("message:confirmed", err)
		}
		m.journal.add(Record{At: at, Kind: Confirmed, Room: d.room, CID: l.cid, Seq: done.Seq, Message: done.ID})
		d.outbox = d.outbox[1:]
		m.send(d)
		return
	}
	switch refusal.Code {
	case chat.Unavailable, chat.RateLimited, chat.Internal:
		kind := Unknown
		if refusal.Code == chat.Internal { // also retried, but it should not be
			m.clients.fault("message:send", refusal)
		}
		m.clients.unavailable.Add(1)
		m.journal.add(Record{At: at, Kind: kind, Room: d.room, CID: l.cid, Code: refusal.Code})
		d.retry = time.Now().Add(m.jittered(refusal))
		if d.left {
			d.outbox = d.outbox[1:]
		}
	default:
		if refusal.Code != chat.NotAMember || !d.left && !d.leaving && !m.rejoins {
			m.clients.fault("message:send", refusal)
		}
		m.journal.add(Record{At: at, Kind: Refused, Room: d.room, CID: l.cid, Code: refusal.Code})
		d.outbox = d.outbox[1:]
	}
}

// retryAll does everything that was postponed.
func (m *member) retryAll(now time.Time) {
	for _, d := range m.order {
		if now.Before(d.retry) {
			continue
		}
		m.take(d)
		m.catchUp(d)
		m.send(d)
		m.makeChange(d)
	}
}

// leaveOrRejoin makes a rejoining member leave the shared room and rejoin it.
func (m *member) leaveOrRejoin(now time.Time) {
	if !m.rejoins {
		return
	}
	d := m.order[len(m.order)-1]
	if d.moveAt.IsZero() {
		d.moveAt = now.Add(m.randomPause())
	}
	if now.Before(d.moveAt) || d.leaving || d.requesting || d.inFlight {
		return
	}
	switch {
	case d.left:
		d.left = false
		d.moveAt = now.Add(m.randomPause())
		m.join(d)
	case d.subscribed && !m.clients.stopped():
		m.leave(d)
	}
}

func (m *member) randomPause() time.Duration {
	return time.Second + time.Duration(m.random.Int64N(int64(4*time.Second)))
}

// leave ends the membership. It is repeated until it is answered.
func (m *member) leave(d *roomState) {
	d.leaving, d.requesting = true, true
	began := m.clients.history.Now()
	m.ask("room:leave", map[string]any{"roomId": d.room}, func(f client.Frame) {
		d.requesting = false
		if refusal := f.Refusal(); refusal != nil {
			m.refused("room:leave", d, refusal)
			return
		}
		d.leaving, d.left, d.subscribed = false, true, false
		d.outbox, d.change = nil, nil // unsent messages are dropped
		m.journal.add(Record{At: m.clients.history.at(f.At), Kind: LeaveAnswered, Room: d.room, Subject: m.client.User.ID, Began: began})
		d.moveAt = time.Now().Add(m.randomPause())
	})
}

// publish updates the state that others may read.
func (m *member) publish() {
	s := state{live: m.stream != nil, out: m.rejoins && m.order[len(m.order)-1].left, at: map[chat.RoomID]chat.Seq{}}
	for _, d := range m.order {
		s.queued += len(d.outbox)
		if d.change != nil {
			s.queued++
		}
		if !d.left {
			s.at[d.room] = d.cursor
		}
		s.live = s.live && (d.left || d.subscribed && d.cursor >= d.known)
	}
	m.mu.Lock()
	m.state = s
	m.mu.Unlock()
}

func (m *member) now() state {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}
