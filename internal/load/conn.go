package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// The IDs of commands. Message k has firstSend + k.
const (
	joinID    = 1
	pingID    = 2
	changesID = 3
	firstSend = 4
)

// conn is one client: a connection that has joined one room, and one goroutine that reads and checks.
// A client that reconnects uses the same conn.
type conn struct {
	run   *run
	index int // in the plan
	user  *client.Client
	room  *room
	raw   *rawConn

	joined chan struct{} // closed when the room is joined and all changes are received
	pongs  chan struct{} // receives when the head is known
	ended  chan struct{} // closed when read has returned; then the fields below are final

	reading sync.Mutex // locked while the client does not read

	limits   wire.ClientLimits // valid after joined is closed
	epoch    chat.Epoch        // "" until the room was joined for the first time
	sequence sequence
	head     chat.Seq
	events   int // delivered messages
	bytes    int // their bytes
	frames   int // the frames that contained them
	caughtUp int // messages in pages that a client requested after it had reconnected
	err      error
}

func newConn(r *run, index int, user *client.Client, room *room) *conn {
	return &conn{run: r, index: index, user: user, room: room, sequence: startAt(0)}
}

// open connects and joins the room. The previous connection, if any, has ended.
func (c *conn) open(ctx context.Context) error {
	w, err := dialRaw(ctx, c.dialer(), c.url(), c.user.Token)
	if err != nil {
		return err
	}
	c.raw, c.err = w, nil
	c.joined, c.pongs, c.ended = make(chan struct{}), make(chan struct{}, 1), make(chan struct{})
	go c.read()
	if err := c.join(ctx); err != nil {
		c.end()
		return err
	}
	return nil
}

// dialer returns the dialer of the next connection.
func (c *conn) dialer() *net.Dialer {
	dialer := c.run.sources.dialer()
	if c.run.kind.smallBuffers && c.index >= c.run.plan.active && c.epoch == "" {
		dialer.Control = smallReceiveBuffer
	}
	return dialer
}

// url returns the server to which the client connects. If the disconnected clients of a storm return to
// another server, the others use that one from the beginning.
func (c *conn) url() string {
	if returns := c.epoch != ""; c.run.ReturnTo != "" && (returns || c.index < c.run.plan.active) {
		return c.run.ReturnTo
	}
	return c.run.URLs[c.run.plan.url(c.index)]
}

// end closes the connection and waits until read has returned.
func (c *conn) end() {
	c.raw.close()
	<-c.ended
}

// join joins the room and, when the client has reconnected, requests what it missed.
func (c *conn) join(ctx context.Context) error {
	in := wire.RoomJoin{RoomID: c.room.id, Limit: new(1)}
	if c.epoch != "" {
		in.Since, in.Epoch, in.Limit = new(c.sequence.cursor()), wire.Epoch(c.epoch), new(chat.MaxPage)
	}
	if err := c.command(joinID, wire.CommandRoomJoin, in); err != nil {
		return err
	}
	return c.await(ctx, c.joined)
}

// requestHead requests the head of the room. pongs receives when the response has arrived, which is
// after everything that was sent before.
func (c *conn) requestHead() {
	_ = c.command(pingID, wire.CommandPing, wire.Ping{}) // an ended connection reports the reason itself
}

// await waits for a response.
func (c *conn) await(ctx context.Context, response <-chan struct{}) error {
	select {
	case <-response:
		return nil
	case <-c.ended:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// command sends a command. read receives its response.
func (c *conn) command(id int, kind string, data any) error {
	encoded, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("encode command: %w", err)
	}
	line, err := json.Marshal(wire.Command{ID: json.Number(strconv.Itoa(id)), Type: kind, Data: encoded})
	if err != nil {
		return fmt.Errorf("encode command: %w", err)
	}
	return c.raw.send(line)
}

func (c *conn) read() {
	defer close(c.ended)
	defer c.raw.close()
	for c.err == nil {
		var payload []byte
		if payload, c.err = c.next(); c.err != nil {
			return
		}
		at, before := time.Now(), c.events
		for line := range bytes.SplitSeq(payload, []byte{'\n'}) {
			if c.err = c.handle(line, at); c.err != nil {
				return
			}
		}
		if c.events > before {
			c.frames++
		}
	}
}

// next returns the next message, once the client reads.
func (c *conn) next() ([]byte, error) {
	c.reading.Lock()
	c.reading.Unlock() //nolint:staticcheck // an empty section: it waits until the client reads
	return c.raw.next()
}

func (c *conn) handle(line []byte, at time.Time) error {
	h, err := c.room.parse(line)
	switch {
	case err != nil:
		return err
	case h.id >= firstSend:
		return c.run.answered(int(h.id-firstSend), c.room, h, at)
	case h.id == joinID:
		return c.onJoined(h, at)
	case h.id == changesID:
		return c.onChanges(h, at)
	case h.id == pingID:
		return c.onPong(h)
	case h.kind == wire.EventConnected:
		var hello struct {
			Limits wire.ClientLimits `json:"limits"`
		}
		err = h.decode(&hello)
		c.limits = hello.Limits
		return err
	case h.kind == wire.ResponseError:
		return refusal(h)
	case h.seq > 0 && h.room == c.room.id && c.sequence.add(h.seq):
		if c.run.delivered(c, h.cid, at) {
			c.events++
			c.bytes += len(line)
		}
	}
	return nil
}

// onPong handles the response to ping, which contains the head of the room.
func (c *conn) onPong(h parsedLine) error {
	var pong wire.Pong
	if err := h.decode(&pong); err != nil {
		return err
	}
	c.head = pong.Heads[c.room.id]
	select {
	case c.pongs <- struct{}{}:
		return nil
	default:
		return errors.New("a second response to one command")
	}
}

// closeOnce closes a channel. It returns an error if the channel is already closed.
func closeOnce(answered chan struct{}) error {
	select {
	case <-answered:
		return errors.New("a second response to one command")
	default:
		close(answered)
		return nil
	}
}

// refusal returns the error of an unexpected response.
func refusal(h parsedLine) error {
	e := &client.Error{}
	if err := h.decode(e); err != nil {
		return err
	}
	if e.Code == "" {
		return errors.New("unexpected response " + h.kind)
	}
	return e
}
