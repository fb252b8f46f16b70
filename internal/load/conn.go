package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// The IDs of commands. Message k has firstSend + k.
const (
	joinID    = 1
	pingID    = 2
	firstSend = 3
)

// conn is one client: a connection that has joined one room, and one goroutine that reads and checks.
type conn struct {
	run  *run
	room *room
	raw  *rawConn

	joined chan struct{} // closed when the room is joined
	ponged chan struct{} // closed when the head is known
	ended  chan struct{} // closed when read has returned; then the fields below are final

	limits   wire.ClientLimits // valid after joined is closed
	sequence sequence
	head     chat.Seq
	events   int // delivered messages
	bytes    int // their bytes
	frames   int // the frames that contained them
	err      error
}

func (r *run) dial(ctx context.Context, user *client.Client, room *room) (*conn, error) {
	w, err := dialRaw(ctx, user.Base, user.Token)
	if err != nil {
		return nil, err
	}
	c := &conn{
		run: r, room: room, raw: w, sequence: startAt(0),
		joined: make(chan struct{}), ponged: make(chan struct{}), ended: make(chan struct{}),
	}
	go c.read()
	if err := c.join(ctx); err != nil {
		w.close()
		<-c.ended
		return nil, err
	}
	return c, nil
}

func (c *conn) join(ctx context.Context) error {
	if err := c.command(joinID, "room:join", wire.RoomJoin{RoomID: c.room.id, Limit: new(1)}); err != nil {
		return err
	}
	select {
	case <-c.joined:
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
		if payload, c.err = c.raw.next(); c.err != nil {
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

func (c *conn) handle(line []byte, at time.Time) error {
	h, err := c.room.parse(line)
	switch {
	case err != nil:
		return err
	case h.id >= firstSend:
		return c.run.answered(int(h.id-firstSend), c.room, h, at)
	case h.id == joinID:
		return c.onJoined(h)
	case h.id == pingID:
		return c.onPong(h)
	case h.kind == "connected":
		var hello struct {
			Limits wire.ClientLimits `json:"limits"`
		}
		err = h.decode(&hello)
		c.limits = hello.Limits
		return err
	case h.kind == "error":
		return refusal(h)
	case h.seq > 0 && h.room == c.room.id && c.sequence.add(h.seq):
		c.count(len(line), h.cid, at)
	}
	return nil
}

// onJoined handles the response to room:join.
func (c *conn) onJoined(h parsedLine) error {
	if h.kind != "room:joined" {
		return refusal(h)
	}
	var joined struct {
		To chat.Seq `json:"to"`
	}
	if err := h.decode(&joined); err != nil {
		return err
	}
	c.sequence = startAt(joined.To)
	return closeOnce(c.joined)
}

// onPong handles the response to ping, which contains the head of the room.
func (c *conn) onPong(h parsedLine) error {
	var pong wire.Pong
	if err := h.decode(&pong); err != nil {
		return err
	}
	c.head = pong.Heads[c.room.id]
	return closeOnce(c.ponged)
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

// count records the delivery of a message of this run.
func (c *conn) count(size int, cid chat.CID, at time.Time) {
	k, ok := c.run.number(cid)
	if !ok {
		return
	}
	c.events++
	c.bytes += size
	c.run.delivered(k, at)
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
