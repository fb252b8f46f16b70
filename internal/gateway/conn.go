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
	"unicode/utf8"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/socket"
	"github.com/chillin-chat/chillin/internal/wire"
)

// Close codes of the contract, in addition to those of RFC 6455.
const (
	closeSessionEnded websocket.StatusCode = 4001
	closeAbuse        websocket.StatusCode = 4002
	closeTooSlow      websocket.StatusCode = 4008
	closeTooMany      websocket.StatusCode = 4029
)

const (
	readLimit      = 32 << 10 // bytes of a client's frame; a longer one closes with 1009
	maxBadCommands = 100      // invalid commands of one connection; one more closes with 4002

	// commandRate is how many commands per second a connection may send, commandBurst how
	// many at once. More commands wait unread: only the socket of their client fills up.
	commandRate  = 100
	commandBurst = 200
)

// Conn is one WebSocket connection. One goroutine reads: it handles one command after the
// other. The hub's writers write (see connWriter). A connection is ended by closing its
// socket, never by cancelling a context.
type Conn struct {
	connWriter

	id      string
	caller  chat.Caller
	token   []byte // the hash of the caller's token
	service *service.Service
	opened  time.Time
	device  service.Device

	// Used only by the reader.
	limiter     *rate.Limiter
	badCommands int

	// rooms are the rooms with a subscription of this connection. The reader adds, the
	// reader and the hub remove.
	roomsMu sync.Mutex
	rooms   map[chat.RoomID]*room
}

func newConn(h *Hub, service *service.Service, socket *socket.Socket, caller chat.Caller, id string) *Conn {
	c := &Conn{
		connWriter: connWriter{hub: h, socket: socket, wake: h.writers.wake},
		id:         id, caller: caller, service: service, opened: time.Now(),
		limiter: rate.NewLimiter(commandRate, commandBurst), rooms: map[chat.RoomID]*room{},
	}
	c.done.Add(1)
	return c
}

// serve runs the connection until its TCP connection is closed. ctx contains the attributes
// of its log lines.
func (c *Conn) serve(ctx context.Context) {
	c.hub.log.DebugContext(ctx, "connection opened")
	err := recovery.Do(recovery.Connection, nil, func() error {
		c.sendConnected(ctx)
		c.read(ctx)
		return nil
	})
	if c.hub.panics().Report(ctx, err) {
		c.close(websocket.StatusInternalError, "something went wrong")
	}
	c.endAndWait()
	code, reason := c.closedWith()
	c.hub.log.DebugContext(ctx, "connection closed", "code", int(code), "reason", reason,
		"lasted", time.Since(c.opened).Round(time.Millisecond).String())
	c.hub.remove(c) // last: a drain waits for it, and the node ends after the drain
}

// sendConnected sends the first frame, unless the connection is being closed already.
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
		c.hub.log.WarnContext(ctx, "send connected failed", "err", err)
		c.close(websocket.StatusTryAgainLater, "please try again")
	}
}

// read handles commands until the socket ends. ctx must outlive the socket: to cancel it
// would close the TCP connection without a close code.
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
			if code, reason := c.socket.RequestedClose(); code != 0 {
				c.close(code, reason)
			}
			return
		}
	}
}

// messages contains read buffers. A connection has one only while it reads and handles a
// message.
var messages = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// errClosing ends the reader of a connection that is being closed.
var errClosing = errors.New("connection is closing")

// receive handles the commands of one message. It returns an error if the socket must not
// be read any more.
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
	if !utf8.Valid(data.Bytes()) { // the library does not check
		c.close(websocket.StatusInvalidFramePayloadData, "invalid UTF-8")
		return errClosing
	}
	if err := c.limiter.Wait(ctx); err != nil { // an empty message counts as one command
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
			return errClosing // the session may have ended
		}
		if !c.handle(ctx, line) {
			c.badCommands++
		}
		if c.badCommands > maxBadCommands {
			c.close(closeAbuse, "too many invalid commands")
			return errClosing
		}
	}
	return nil
}

// respond queues the response to a command, after the previous responses have been written
// (see waitForDrain).
func (c *Conn) respond(id json.Number, kind string, data any) {
	c.waitForDrain()
	c.pushResponse(wire.EncodeResponse(id, kind, data))
}

// respondError responds to a command with an error frame.
func (c *Conn) respondError(ctx context.Context, id json.Number, cid string, err error) {
	fault, ok := errors.AsType[*chat.Error](err)
	if !ok {
		if c.hub.panics().Report(ctx, err) {
			// The command may be half done: the client must start again.
			defer c.close(websocket.StatusInternalError, "something went wrong")
		} else {
			c.hub.log.ErrorContext(ctx, "command failed", "err", err)
		}
		fault = chat.Errorf(chat.Internal, "Something went wrong.")
	}
	if fault.Code == chat.Unavailable {
		c.hub.log.WarnContext(ctx, "command unavailable", "err", err)
	}
	auth.LogRefusal(ctx, c.hub.log, fault)
	c.hub.metrics.Refused.WithLabelValues(string(fault.Code)).Inc()
	c.respond(id, wire.ResponseError, wire.FrameError{
		Code: fault.Code, Message: fault.Text, RetryAfterMs: fault.RetryAfter.Milliseconds(), CID: cid,
	})
}

// heads returns the highest known number of each room with a subscription.
func (c *Conn) heads() map[chat.RoomID]chat.Seq {
	heads := map[chat.RoomID]chat.Seq{}
	for id, r := range c.subscriptions() {
		heads[id] = r.head()
	}
	return heads
}

// subscriptions returns a copy of rooms, so that the caller may lock a room.
func (c *Conn) subscriptions() map[chat.RoomID]*room {
	c.roomsMu.Lock()
	defer c.roomsMu.Unlock()
	return maps.Clone(c.rooms)
}

// sendRoomRemoved sends room:removed and drops the room. The room is locked.
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
	c.roomsMu.Lock()
	defer c.roomsMu.Unlock()
	delete(c.rooms, id)
}
