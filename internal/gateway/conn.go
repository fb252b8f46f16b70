package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"sync"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/socket"
)

// Close codes of the contract, beside those of RFC 6455.
const (
	closeSessionEnded websocket.StatusCode = 4001
	closeAbuse        websocket.StatusCode = 4002
	closeTooSlow      websocket.StatusCode = 4008
	closeTooMany      websocket.StatusCode = 4029
)

const (
	readLimit    = 32 << 10 // bytes of a client's frame; beyond it 1009
	writeTimeout = 10 * time.Second
	maxMistakes  = 100 // unreadable commands of one connection; beyond it 4002

	// commandRate is how many commands a second of one connection are done, and
	// commandBurst how many at once. Whoever sends more waits: its own socket fills,
	// and nobody else is hurt.
	commandRate  = 100
	commandBurst = 200
)

// Conn is one socket. One goroutine serves it: read handles commands one after the
// other. What it is sent waits in its queue, which the hub's writers empty. It is
// ended by closing the socket, never by a context.
type Conn struct {
	id      string
	caller  chat.Caller
	token   []byte // the hash of caller's
	hub     *Hub
	service *chat.Service
	socket  *socket.Socket
	queue   queue
	written sync.WaitGroup // done when nothing will be written any more
	next    *Conn          // who is written next; the hub's writers guard it
	opened  time.Time
	from    auth.Device

	// The reader's alone.
	pace     *rate.Limiter
	mistakes int

	// rooms are this connection's seats. Only its reader adds; the hub removes.
	mu     sync.Mutex
	rooms  map[chat.RoomID]*room
	code   websocket.StatusCode // why it ends; 0 while it lives
	reason string
}

func newConn(h *Hub, service *chat.Service, socket *socket.Socket, caller chat.Caller, id string) *Conn {
	c := &Conn{
		id: id, caller: caller, hub: h, service: service, socket: socket, opened: time.Now(),
		pace: rate.NewLimiter(commandRate, commandBurst), rooms: map[chat.RoomID]*room{},
	}
	c.queue.wake = func() { h.writers.add(c) }
	c.written.Add(1)
	return c
}

// serve runs the connection until it ends. ctx carries what its log lines tell.
func (c *Conn) serve(ctx context.Context) {
	c.hub.log.DebugContext(ctx, "connection opened")
	if err := c.hello(ctx); err != nil {
		c.hub.log.WarnContext(ctx, "connection not begun", "err", err)
		c.close(websocket.StatusTryAgainLater, "please try again")
	}
	c.read(ctx)
	c.queue.end()
	c.written.Wait()
	c.hub.remove(c)
	code, reason := c.closedWith()
	c.hub.log.DebugContext(ctx, "connection closed", "code", int(code), "reason", reason,
		"lasted", time.Since(c.opened).Round(time.Millisecond).String())
}

// closedWith returns the close code and reason of this node, 0 if the client ended the
// connection.
func (c *Conn) closedWith() (websocket.StatusCode, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code, c.reason
}

// read handles commands until the socket ends. ctx must outlive the socket:
// cancelling it would cut the connection without a close code.
func (c *Conn) read(ctx context.Context) {
	for {
		kind, message, err := c.socket.Reader(ctx)
		if err != nil || !c.receive(ctx, kind, message) {
			return
		}
	}
}

// messages are buffers for what is read. A connection has one only from the
// beginning of a message until it is handled.
var messages = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// receive handles the commands of one message. It returns false when the socket is
// to be read no more.
func (c *Conn) receive(ctx context.Context, kind websocket.MessageType, message io.Reader) bool {
	data := messages.Get().(*bytes.Buffer)
	defer messages.Put(data)
	data.Reset()
	if _, err := data.ReadFrom(message); err != nil {
		return false
	}
	if kind != websocket.MessageText {
		c.close(websocket.StatusUnsupportedData, "text frames only")
		return true
	}
	for line := range bytes.SplitSeq(data.Bytes(), []byte{'\n'}) {
		if c.closing() {
			return false // a session that ended is not served while the close is on its way
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if c.pace.Wait(ctx) != nil {
			return false
		}
		if !c.handle(ctx, line) {
			c.mistakes++
		}
		if c.mistakes > maxMistakes {
			c.close(closeAbuse, "too many unreadable commands")
			return false
		}
	}
	return true
}

// close ends the connection with a code once what is queued has been written.
// It does not block and may be called from anywhere, any number of times; the
// first code counts.
func (c *Conn) close(code websocket.StatusCode, reason string) {
	c.mu.Lock()
	first := c.code == 0
	if first {
		c.code, c.reason = code, reason
	}
	c.mu.Unlock()
	if first {
		c.queue.end()
	}
}

// event queues a frame for everybody. It never blocks: a conn that cannot keep
// up is closed and catches up by seq.
func (c *Conn) event(frame []byte) {
	if !c.queue.pushEvent(frame) {
		c.hub.metrics.SlowConns.Inc()
		c.close(closeTooSlow, "too slow: reconnect and catch up")
	}
}

// answer queues the answer to a command. While the answers before it wait to be
// written it blocks the reader, so that a client which asks and does not read
// costs no more than one answer.
func (c *Conn) answer(id json.Number, kind string, data any) {
	c.awaitWriter()
	c.queue.pushAnswer(answerFrame(id, kind, data))
}

func (c *Conn) awaitWriter() {
	full := c.queue.full()
	if full == nil || c.closing() {
		return
	}
	patience := time.NewTimer(writeTimeout)
	defer patience.Stop()
	select {
	case <-full:
	case <-patience.C: // the bound of a write ends the connection
	}
}

func (c *Conn) closing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code != 0
}

func answerFrame(id json.Number, kind string, data any) []byte {
	frame, err := json.Marshal(struct {
		ID   json.Number `json:"id,omitempty"`
		Type string      `json:"type"`
		Data any         `json:"data"`
	}{id, kind, data})
	if err != nil { // our own types always encode
		panic("encode answer: " + err.Error())
	}
	return frame
}

// refuse answers a command with an error frame.
func (c *Conn) refuse(ctx context.Context, id json.Number, cid string, err error) {
	fault, ok := errors.AsType[*chat.Error](err)
	if !ok {
		c.hub.log.ErrorContext(ctx, "command failed", "err", err)
		fault = chat.Fault(chat.Internal, "Something went wrong.")
	}
	if fault.Code == chat.Unavailable {
		c.hub.log.WarnContext(ctx, "command not possible now", "err", err)
	}
	auth.NoteRefusal(ctx, c.hub.log, fault)
	c.hub.metrics.Refused.WithLabelValues(string(fault.Code)).Inc()
	c.answer(id, "error", FrameError{
		Code: fault.Code, Message: fault.Text, RetryAfterMs: fault.RetryAfter.Milliseconds(), CID: cid,
	})
}

// heads returns how far this node knows the rooms of this connection.
func (c *Conn) heads() map[chat.RoomID]chat.Seq {
	heads := map[chat.RoomID]chat.Seq{}
	for id, r := range c.seated() {
		heads[id] = r.position()
	}
	return heads
}

// seated returns a copy: no room may be locked while c is.
func (c *Conn) seated() map[chat.RoomID]*room {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.rooms)
}

// removed tells the client that a room is no longer its own. The room is locked.
func (c *Conn) removed(id chat.RoomID, why chat.EventKind) {
	reason := map[chat.EventKind]string{chat.Departure: "left", chat.Ejection: "kicked", chat.RoomGone: "deleted"}[why]
	c.forget(id)
	c.event(chat.Frame("room:removed", chat.RoomRemoved{RoomID: id, Reason: reason}))
}

func (c *Conn) forget(id chat.RoomID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.rooms, id)
}
