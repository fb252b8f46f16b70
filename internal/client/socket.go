package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// retryConnectMs is the time before the next attempt to connect to a server that is unavailable.
const retryConnectMs = 200

// Frame is a frame of the server.
type Frame struct {
	RawID json.RawMessage `json:"id"`
	Type  string          `json:"type"`
	Data  json.RawMessage `json:"data"`
	// At is when the frame was read.
	At time.Time `json:"-"`
}

// Decode decodes the frame's data.
func (f Frame) Decode(into any) error { return json.Unmarshal(f.Data, into) }

// Socket is one connection. Responses are delivered to the waiting calls, events to Events in order of
// arrival.
type Socket struct {
	// Events is closed when the connection has ended; Err returns the reason. The owner of the socket
	// must read it: unread events block the connection.
	Events <-chan Frame
	Hello  wire.Connected

	socket *websocket.Conn
	client *Client
	done   chan struct{} // closed when read has returned

	mu      sync.Mutex
	last    int64
	waiting map[int64]chan Frame
	err     error
}

// Dial opens a connection with the client's token and waits for connected.
func (c *Client) Dial(ctx context.Context) (s *Socket, err error) {
	err = repeat(ctx, c.Patience, func() error {
		s, err = c.connect(ctx)
		return err
	})
	return s, err
}

func (c *Client) connect(ctx context.Context) (*Socket, error) {
	socket, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	events := make(chan Frame, 1024)
	s := &Socket{Events: events, socket: socket, client: c, done: make(chan struct{}), waiting: map[int64]chan Frame{}}
	go s.read(events)
	select {
	case hello, ok := <-events:
		if !ok {
			if websocket.CloseStatus(s.Err()) == websocket.StatusTryAgainLater {
				return nil, &Error{Code: chat.Unavailable, Message: s.Err().Error(), RetryAfterMs: retryConnectMs}
			}
			return nil, s.Err()
		}
		return s, hello.Decode(&s.Hello)
	case <-ctx.Done():
		_ = socket.CloseNow()
		<-s.done
		return nil, ctx.Err()
	}
}

func (c *Client) dial(ctx context.Context) (*websocket.Conn, error) {
	options := &websocket.DialOptions{
		HTTPClient: c.HTTP, Subprotocols: []string{wire.Protocol},
		HTTPHeader: http.Header{"Authorization": {"Bearer " + c.Token}},
	}
	//nolint:bodyclose // the library has closed the body or made it the socket
	socket, answer, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(c.Base, "http")+"/ws", options)
	if err != nil {
		if answer != nil {
			refusal := &Error{Status: answer.StatusCode, Detail: answer.Status}
			if answer.StatusCode == http.StatusServiceUnavailable {
				refusal.Code, refusal.RetryAfterMs = chat.Unavailable, retryConnectMs
			}
			return nil, refusal
		}
		return nil, fmt.Errorf("dial: %w", err)
	}
	socket.SetReadLimit(-1)
	return socket, nil
}

func (s *Socket) read(events chan<- Frame) {
	defer close(s.done)
	defer close(events)
	for {
		_, data, err := s.socket.Read(context.Background()) // ended by Close
		if err != nil {
			s.fail(err)
			return
		}
		for line := range bytes.SplitSeq(data, []byte{'\n'}) {
			var f Frame
			if err := json.Unmarshal(line, &f); err != nil {
				s.fail(fmt.Errorf("frame %q: %w", line, err))
				_ = s.socket.CloseNow()
				return
			}
			if !s.answered(f) {
				events <- f
			}
		}
	}
}

func (s *Socket) answered(f Frame) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := strconv.ParseInt(string(f.RawID), 10, 64)
	answer, ok := s.waiting[id]
	if err != nil || !ok {
		return false
	}
	delete(s.waiting, id)
	answer <- f
	return true
}

func (s *Socket) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	for id, answer := range s.waiting {
		delete(s.waiting, id)
		close(answer)
	}
}

// Err returns why the connection ended.
func (s *Socket) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// CloseCode returns the code of the server's close frame, or -1 without one.
func (s *Socket) CloseCode() int { return int(websocket.CloseStatus(s.Err())) }

// errGone is returned by calls whose connection ended before the response.
var errGone = errors.New("connection ended before the response")

// Do sends a command and decodes its response into out, if it is not nil. An error frame is returned as
// *Error; with any other error the outcome is unknown.
func (s *Socket) Do(ctx context.Context, kind string, data, out any) error {
	return repeat(ctx, s.client.Patience, func() error { return s.do(ctx, kind, data, out) })
}

func (s *Socket) do(ctx context.Context, kind string, data, out any) error {
	answer := make(chan Frame, 1)
	s.mu.Lock()
	if s.err != nil {
		defer s.mu.Unlock()
		return s.err
	}
	s.last++
	id := s.last
	s.waiting[id] = answer
	s.mu.Unlock()
	line, err := json.Marshal(map[string]any{"id": id, "type": kind, "data": data})
	if err != nil {
		return fmt.Errorf("encode command: %w", err)
	}
	if err := s.socket.Write(ctx, websocket.MessageText, line); err != nil {
		return fmt.Errorf("send command: %w", err)
	}
	select {
	case f, ok := <-answer:
		if !ok {
			return errGone
		}
		return readAnswer(f, out)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func readAnswer(f Frame, out any) error {
	if f.Type == "error" {
		refusal := &Error{}
		return errors.Join(f.Decode(refusal), refusal)
	}
	if out == nil {
		return nil
	}
	return f.Decode(out)
}

// Write sends raw bytes as one text frame.
func (s *Socket) Write(ctx context.Context, frame []byte) error {
	return s.socket.Write(ctx, websocket.MessageText, frame)
}

// Next returns the next event of that type and skips others.
func (s *Socket) Next(ctx context.Context, kind string) (Frame, error) {
	for {
		select {
		case f, ok := <-s.Events:
			switch {
			case !ok:
				return Frame{}, fmt.Errorf("no %s: %w", kind, s.Err())
			case f.Type == kind:
				return f, nil
			}
		case <-ctx.Done():
			return Frame{}, fmt.Errorf("no %s: %w", kind, ctx.Err())
		}
	}
}

// Close closes the connection and waits until it has ended.
func (s *Socket) Close() {
	_ = s.socket.Close(websocket.StatusNormalClosure, "")
	s.drop()
}

// Cut closes the connection without a close frame.
func (s *Socket) Cut() {
	_ = s.socket.CloseNow()
	s.drop()
}

func (s *Socket) drop() {
	for range s.Events { // let read finish
		continue
	}
	<-s.done
}
