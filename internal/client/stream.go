package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/wire"
)

// streamBuffer is how many frames may be read ahead of whoever takes them.
const streamBuffer = 256

// Stream is a connection that hands on every frame, answers too, in the order of
// the wire: for clients that keep a state which depends on that order. Nobody
// waits for an answer here; it is known by its id.
type Stream struct {
	Hello wire.Connected
	// Frames is closed when the connection has ended; Err tells why. Whoever does
	// not take them holds up the connection, as a slow reader does.
	Frames <-chan Frame

	socket *websocket.Conn
	quit   chan struct{} // closed by Cut
	done   chan struct{} // closed when read has returned
	once   sync.Once
	err    error // stands when done is closed
}

// Stream opens a connection with the client's token and waits for connected.
func (c *Client) Stream(ctx context.Context) (*Stream, error) {
	socket, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	frames := make(chan Frame, streamBuffer)
	s := &Stream{Frames: frames, socket: socket, quit: make(chan struct{}), done: make(chan struct{})}
	go s.read(frames)
	select {
	case hello, ok := <-frames:
		if !ok {
			return nil, s.Err()
		}
		return s, hello.Decode(&s.Hello)
	case <-ctx.Done():
		s.Cut()
		return nil, ctx.Err()
	}
}

func (s *Stream) read(frames chan<- Frame) {
	defer close(s.done)
	defer close(frames)
	for {
		_, data, err := s.socket.Read(context.Background()) // ended by Cut
		if err != nil {
			s.err = err
			return
		}
		at := time.Now()
		for line := range bytes.SplitSeq(data, []byte{'\n'}) {
			f := Frame{At: at}
			if err := json.Unmarshal(line, &f); err != nil {
				s.err = fmt.Errorf("frame %q: %w", line, err)
				_ = s.socket.CloseNow()
				return
			}
			select {
			case frames <- f:
			case <-s.quit:
				s.err = errGone
				return
			}
		}
	}
}

// Send sends a command. Its answer, if the connection lives to see it, is the
// frame with this id.
func (s *Stream) Send(ctx context.Context, id int64, kind string, data any) error {
	line, err := json.Marshal(map[string]any{"id": id, "type": kind, "data": data})
	if err != nil {
		return fmt.Errorf("encode command: %w", err)
	}
	if err := s.socket.Write(ctx, websocket.MessageText, line); err != nil {
		return fmt.Errorf("send command: %w", err)
	}
	return nil
}

// ID returns the id of the command that the frame answers, 0 for an event.
func (f Frame) ID() int64 {
	id, err := strconv.ParseInt(string(f.RawID), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// Refusal returns the frame as an *Error where it is one, else nil.
func (f Frame) Refusal() *Error {
	if f.Type != "error" {
		return nil
	}
	refusal := &Error{}
	if err := f.Decode(refusal); err != nil {
		refusal.Detail = err.Error()
	}
	return refusal
}

// Err tells why the connection ended; it waits until it has.
func (s *Stream) Err() error {
	<-s.done
	return s.err
}

// CloseCode is the code of the server's close, -1 where there was none. It waits
// until the connection has ended.
func (s *Stream) CloseCode() int { return int(websocket.CloseStatus(s.Err())) }

// Cut ends the connection without a word and waits until it has ended. Frames
// that nobody has taken are lost.
func (s *Stream) Cut() {
	s.once.Do(func() { close(s.quit) })
	_ = s.socket.CloseNow()
	<-s.done
}
