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

// streamBuffer is how many frames are read ahead.
const streamBuffer = 256

// Stream is a connection that returns all frames, including responses, in the order of arrival, for
// clients whose state depends on that order. A response is identified by its ID.
type Stream struct {
	Hello wire.Connected
	// Frames is closed when the connection has ended; Err returns the reason. Unread frames block the
	// connection, as with a slow reader.
	Frames <-chan Frame

	socket *websocket.Conn
	quit   chan struct{} // closed by Cut
	done   chan struct{} // closed when read has returned
	once   sync.Once
	err    error // valid after done is closed
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

// Send sends a command. Its response, if the connection lasts until then, is the frame with this ID.
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

// ID returns the ID of the command that the frame answers, or 0 for an event.
func (f Frame) ID() int64 {
	id, err := strconv.ParseInt(string(f.RawID), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// Refusal returns an error frame as *Error, or nil for other frames.
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

// Err waits until the connection has ended and returns the reason.
func (s *Stream) Err() error {
	<-s.done
	return s.err
}

// CloseCode returns the code of the server's close frame, or -1 without one. It waits until the
// connection has ended.
func (s *Stream) CloseCode() int { return int(websocket.CloseStatus(s.Err())) }

// Cut closes the connection without a close frame and waits until it has ended. Unread frames are lost.
func (s *Stream) Cut() {
	s.once.Do(func() { close(s.quit) })
	_ = s.socket.CloseNow()
	<-s.done
}
