package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
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
	maxFrame     = 256 << 10 // bytes that the writer joins into one frame
	maxMistakes  = 100       // unreadable commands of one connection; beyond it 4002

	// commandRate is how many commands a second of one connection are done, and
	// commandBurst how many at once. Whoever sends more waits: its own socket fills,
	// and nobody else is hurt.
	commandRate  = 100
	commandBurst = 200
)

// Conn is one socket. Two goroutines serve it: read handles commands one after
// the other, write is the only one that writes data. It is ended by closing the
// socket, never by a context.
type Conn struct {
	id      string
	caller  chat.Caller
	token   []byte // the hash of caller's
	hub     *Hub
	service *chat.Service
	socket  *websocket.Conn
	queue   *queue
	opened  time.Time
	from    auth.Device
	heard   atomic.Int64 // when something was last read, Unix ms
	asking  atomic.Bool  // a ping is under way
	log     *slog.Logger

	// rooms are this connection's seats. Only its reader adds; the hub removes.
	mu     sync.Mutex
	rooms  map[chat.RoomID]*room
	code   websocket.StatusCode // why it ends; 0 while it lives
	reason string
}

func newConn(h *Hub, service *chat.Service, socket *websocket.Conn, caller chat.Caller, id string) *Conn {
	c := &Conn{
		id: id, caller: caller, hub: h, service: service, socket: socket, queue: newQueue(), opened: time.Now(),
		rooms: map[chat.RoomID]*room{},
		log:   h.log.With("conn", id, "user", caller.User.ID),
	}
	c.hear()
	return c
}

func (c *Conn) hear() { c.heard.Store(time.Now().UnixMilli()) }

// serve runs the connection until it ends.
func (c *Conn) serve(ctx context.Context) {
	var writer sync.WaitGroup
	writer.Go(c.write)
	if err := c.hello(ctx); err != nil {
		c.log.Warn("connection not begun", "err", err)
		c.close(websocket.StatusTryAgainLater, "please try again")
	}
	c.read(ctx)
	c.queue.end()
	writer.Wait()
	c.hub.remove(c)
}

// read handles commands until the socket ends. ctx must outlive the socket:
// cancelling it would cut the connection without a close code.
func (c *Conn) read(ctx context.Context) {
	mistakes, pace := 0, rate.NewLimiter(commandRate, commandBurst)
	for {
		kind, data, err := c.socket.Read(ctx)
		if err != nil {
			return
		}
		c.hear()
		if kind != websocket.MessageText {
			c.close(websocket.StatusUnsupportedData, "text frames only")
			continue
		}
		for line := range bytes.SplitSeq(data, []byte{'\n'}) {
			if c.closing() {
				return // a session that ended is not served while the close is on its way
			}
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			if pace.Wait(ctx) != nil {
				return
			}
			if !c.handle(ctx, line) {
				mistakes++
			}
			if mistakes > maxMistakes {
				c.close(closeAbuse, "too many unreadable commands")
				return
			}
		}
	}
}

// write sends what is queued, several waiting messages in one frame.
func (c *Conn) write() {
	for range c.queue.wake {
		frames, ended := c.queue.take()
		for len(frames) > 0 {
			n := together(frames)
			if err := c.writeFrame(bytes.Join(frames[:n], []byte{'\n'})); err != nil {
				_ = c.socket.CloseNow()
				c.close(websocket.StatusAbnormalClosure, "") // the reader has nobody to wait for
				signal(c.queue.drained)
				return
			}
			frames = frames[n:]
		}
		if ended {
			c.closeSocket()
			return
		}
	}
}

// together tells how many of frames go into one, at least one.
func together(frames [][]byte) int {
	size := len(frames[0])
	for i := 1; i < len(frames); i++ {
		if size += len(frames[i]) + 1; size > maxFrame {
			return i
		}
	}
	return len(frames)
}

func (c *Conn) writeFrame(frame []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	return c.socket.Write(ctx, websocket.MessageText, frame)
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

// closeSocket says goodbye. Where the peer has gone already, or nobody told why
// to close, the socket is just let go.
func (c *Conn) closeSocket() {
	c.mu.Lock()
	code, reason := c.code, c.reason
	c.mu.Unlock()
	if code == 0 {
		_ = c.socket.CloseNow()
		return
	}
	_ = c.socket.Close(code, reason)
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
	patience := time.NewTimer(writeTimeout)
	defer patience.Stop()
	for c.queue.waiting() > 1 && !c.closing() {
		select {
		case <-c.queue.drained:
		case <-patience.C:
			return // the writer's own deadline ends the connection
		}
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
func (c *Conn) refuse(id json.Number, cid string, err error) {
	fault, ok := errors.AsType[*chat.Error](err)
	if !ok {
		c.log.Error("command failed", "err", err)
		fault = chat.Fault(chat.Internal, "Something went wrong.")
	} else if fault.Code == chat.Unavailable {
		c.log.Warn("command not possible now", "err", err)
	}
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
