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
	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/socket"
	"github.com/chillin-chat/chillin/internal/wire"
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
	// closeTimeout is how long a connection may take to end after that was decided: to
	// write what is queued, to send the close and to receive the client's. After it the
	// TCP connection is closed.
	closeTimeout   = 8 * time.Second
	maxBadCommands = 100 // unreadable commands of one connection; beyond it 4002

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
	service *service.Service
	socket  *socket.Socket
	queue   queue
	written sync.WaitGroup // done when nothing will be written any more
	next    *Conn          // who is written next; the hub's writers guard it
	opened  time.Time
	device  service.Device

	// The reader's alone.
	limiter     *rate.Limiter
	badCommands int

	// rooms are this connection's seats. Only its reader adds; the hub removes.
	mu     sync.Mutex
	rooms  map[chat.RoomID]*room
	code   websocket.StatusCode // why it ends; 0 while it lives
	reason string
	cutoff *time.Timer // cuts the socket; nil until the connection is to end
}

func newConn(h *Hub, service *service.Service, socket *socket.Socket, caller chat.Caller, id string) *Conn {
	c := &Conn{
		id: id, caller: caller, hub: h, service: service, socket: socket, opened: time.Now(),
		limiter: rate.NewLimiter(commandRate, commandBurst), rooms: map[chat.RoomID]*room{},
	}
	c.queue.wake = func() { h.writers.add(c) }
	c.written.Add(1)
	return c
}

// panics reports the panics of the connection.
func (c *Conn) panics() recovery.Reporter { return c.hub.panics() }

// serve runs the connection until its TCP connection is closed. ctx carries what its log
// lines tell.
func (c *Conn) serve(ctx context.Context) {
	c.hub.log.DebugContext(ctx, "connection opened")
	err := recovery.Do(recovery.Connection, nil, func() error {
		c.sendConnected(ctx)
		c.read(ctx)
		return nil
	})
	if c.panics().Report(ctx, err) {
		c.close(websocket.StatusInternalError, "something went wrong")
	}
	c.end()
	c.written.Wait()
	c.cutoff.Stop()
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

// sendConnected sends the first frame, unless the connection is refused.
func (c *Conn) sendConnected(ctx context.Context) {
	if c.closing() {
		return
	}
	err := c.connected(ctx)
	switch {
	case err == nil:
	case chat.CodeOf(err) == chat.Unauthenticated:
		c.close(closeSessionEnded, "session ended")
	default:
		c.hub.log.WarnContext(ctx, "greet connection failed", "err", err)
		c.close(websocket.StatusTryAgainLater, "please try again")
	}
}

// read handles commands until the socket ends. ctx must outlive the socket:
// cancelling it would cut the connection without a close code.
func (c *Conn) read(ctx context.Context) {
	for {
		kind, message, err := c.socket.Reader(ctx)
		if err == nil {
			err = c.receive(ctx, kind, message)
		}
		if errors.Is(err, socket.ErrFlood) {
			c.close(closeAbuse, "too many frames")
		}
		if err != nil {
			return
		}
	}
}

// messages are buffers for what is read. A connection has one only from the
// beginning of a message until it is handled.
var messages = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// errClosing ends the reader of a connection that is to be closed.
var errClosing = errors.New("connection is closing")

// receive handles the commands of one message. It returns an error when the socket is
// not to be read any more.
func (c *Conn) receive(ctx context.Context, kind websocket.MessageType, message io.Reader) error {
	data := messages.Get().(*bytes.Buffer)
	defer messages.Put(data)
	data.Reset()
	if _, err := data.ReadFrom(message); err != nil {
		return err
	}
	if kind != websocket.MessageText {
		c.close(websocket.StatusUnsupportedData, "text frames only")
		return errClosing
	}
	if err := c.limiter.Wait(ctx); err != nil { // the message costs as much as a command, also without one
		return err
	}
	commands := 0
	for line := range bytes.SplitSeq(data.Bytes(), []byte{'\n'}) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if commands++; commands > 1 {
			if err := c.limiter.Wait(ctx); err != nil {
				return err
			}
		}
		if c.closing() {
			return errClosing // an ended session is not served while the close is on its way
		}
		if !c.handle(ctx, line) {
			c.badCommands++
		}
		if c.badCommands > maxBadCommands {
			c.close(closeAbuse, "too many unreadable commands")
			return errClosing
		}
	}
	return nil
}

// close ends the connection with a code once what is queued has been written.
// It does not block and may be called from anywhere, any number of times; the
// first code counts.
func (c *Conn) close(code websocket.StatusCode, reason string) {
	c.mu.Lock()
	if c.code == 0 {
		c.code, c.reason = code, reason
	}
	c.mu.Unlock()
	c.end()
}

// end has what is queued written and the socket closed, within closeTimeout whatever
// the client does. It does not block.
func (c *Conn) end() {
	c.mu.Lock()
	first := c.cutoff == nil
	if first {
		c.cutoff = time.AfterFunc(closeTimeout, c.socket.Cut)
	}
	c.mu.Unlock()
	if first {
		c.queue.end()
	}
}

// sendEvent queues a frame for everybody. It never blocks: a conn that cannot keep
// up is closed and catches up by seq.
func (c *Conn) sendEvent(frame []byte) {
	if !c.queue.pushEvent(frame) {
		c.hub.metrics.SlowConns.Inc()
		c.close(closeTooSlow, "too slow: reconnect and catch up")
	}
}

// respond queues the answer to a command. While the answers before it wait to be
// written it blocks the reader, so that a client which asks and does not read
// costs no more than one answer.
func (c *Conn) respond(id json.Number, kind string, data any) {
	c.waitForDrain()
	c.queue.pushAnswer(wire.EncodeResponse(id, kind, data))
}

func (c *Conn) waitForDrain() {
	full := c.queue.drainedWhenFull()
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

// respondError answers a command with an error frame.
func (c *Conn) respondError(ctx context.Context, id json.Number, cid string, err error) {
	fault, ok := errors.AsType[*chat.Error](err)
	if !ok {
		if c.panics().Report(ctx, err) {
			// What the command broke off may be half done: the client starts again.
			defer c.close(websocket.StatusInternalError, "something went wrong")
		} else {
			c.hub.log.ErrorContext(ctx, "command failed", "err", err)
		}
		fault = chat.Errorf(chat.Internal, "Something went wrong.")
	}
	if fault.Code == chat.Unavailable {
		c.hub.log.WarnContext(ctx, "command not possible now", "err", err)
	}
	auth.LogRefusal(ctx, c.hub.log, fault)
	c.hub.metrics.Refused.WithLabelValues(string(fault.Code)).Inc()
	c.respond(id, wire.ResponseError, wire.FrameError{
		Code: fault.Code, Message: fault.Text, RetryAfterMs: fault.RetryAfter.Milliseconds(), CID: cid,
	})
}

// heads returns how far this node knows the rooms of this connection.
func (c *Conn) heads() map[chat.RoomID]chat.Seq {
	heads := map[chat.RoomID]chat.Seq{}
	for id, r := range c.subscriptions() {
		heads[id] = r.head()
	}
	return heads
}

// subscriptions returns a copy: no room may be locked while c is.
func (c *Conn) subscriptions() map[chat.RoomID]*room {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.rooms)
}

// sendRoomRemoved tells the client that a room is no longer its own. The room is locked.
func (c *Conn) sendRoomRemoved(id chat.RoomID, reason chat.RemovalReason) {
	c.dropRoom(id)
	c.sendEvent(wire.Encode(wire.EventRoomRemoved, wire.RoomRemoved{RoomID: id, Reason: reason}))
}

func removalReason(kind wire.Kind) chat.RemovalReason {
	if kind == wire.MemberLeft {
		return chat.RemovedByLeaving
	}
	return chat.RemovedByKick
}

func (c *Conn) dropRoom(id chat.RoomID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.rooms, id)
}
