// Package socket is a server's WebSocket that costs little while it is idle, and
// little more than a bare write(2) when something is sent. coder/websocket does the
// handshake, the reads, the pongs and the close; frames with data are made here and
// go straight to the TCP connection, under one lock with the frames of the library.
package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coder/websocket"
)

// Socket is one client's connection. One goroutine reads; any may write.
type Socket struct {
	ws   *websocket.Conn
	wire wire
}

// Accept upgrades r, or answers why not. The handler should return soon
// afterwards: while it runs, net/http keeps the request and its stack. Compression is
// not for these sockets: their frames are the same for all.
func Accept(w http.ResponseWriter, r *http.Request, opts websocket.AcceptOptions) (*Socket, error) {
	opts.CompressionMode = websocket.CompressionDisabled
	s := &Socket{}
	ws, err := websocket.Accept(hijacker{w, &s.wire}, r, &opts)
	if err != nil {
		return nil, err
	}
	s.ws = ws
	return s, nil
}

// SetReadLimit bounds a client's message, in bytes; what is longer ends the
// connection with 1009.
func (s *Socket) SetReadLimit(n int64) { s.ws.SetReadLimit(n) }

// Reader waits for the next message. It must be read to its end before the next
// one. To cancel ctx cuts the connection. It returns ErrFlood if the client sends too
// many frames; the socket must then be closed.
func (s *Socket) Reader(ctx context.Context) (websocket.MessageType, io.Reader, error) {
	return s.ws.Reader(ctx)
}

// Heard is when something was last read of the client, be it a pong.
func (s *Socket) Heard() time.Time { return time.Unix(0, s.wire.heard.Load()) }

// TrySend sends as much of frames as the kernel takes at once, and returns how many
// bytes that was. It never waits. What is left of frames that were begun is kept, and
// goes before everything else: Send(nil, …) waits for it. When nothing was taken,
// nothing is kept.
func (s *Socket) TrySend(frames []byte) (int, error) { return s.wire.trySend(frames) }

// Send sends frames, which are whole ones, and waits until the kernel has taken
// them. Each part of 256 KiB has patience to go out.
func (s *Socket) Send(frames []byte, patience time.Duration) error {
	return s.wire.send(frames, patience)
}

// Ping asks the client for a sign of life, which Heard will tell. Where there is no
// place for the question, it is not asked.
func (s *Socket) Ping() { _, _ = s.wire.trySend(ping) }

// closeTimeout bounds the close handshake, and maxDiscard how many bytes of the peer
// are read and dropped meanwhile.
const (
	closeTimeout = 5 * time.Second
	maxDiscard   = 256 << 10
)

// Close sends a close frame and waits for that of the client, for 5 s at most. No data
// follows, from any writer. It returns when the TCP connection is closed. All data
// must have been sent before.
func (s *Socket) Close(code websocket.StatusCode, reason string) error {
	// The library discards what the peer sends without a deadline of its own.
	_ = s.wire.SetDeadline(time.Now().Add(closeTimeout))
	s.wire.closing.Store(true)
	return s.ws.Close(code, reason)
}

// Cut closes the TCP connection. It never blocks and may be called at any time: all
// reads and writes fail from now on. The owner of the socket still calls Close or
// CloseNow.
func (s *Socket) Cut() { _ = s.wire.Conn.Close() }

// CloseNow closes the socket without a handshake.
func (s *Socket) CloseNow() error {
	s.Cut() // the library would wait 15 s for a Close that is under way
	return s.ws.CloseNow()
}

// wire is the TCP connection as the library sees it. What the library writes are
// control frames, each in one Write: its buffer holds the largest one.
type wire struct {
	net.Conn
	raw   syscall.RawConn // nil where Conn is no TCP: every write may wait
	early []byte          // what came in together with the request
	heard atomic.Int64    // when something was last read, Unix ns

	closing atomic.Bool // Close was called

	// readMu is held while something is read: by the library and, at the end, by Close.
	readMu    sync.Mutex
	discarded int // bytes read since Close was called
	frames    frameMeter

	// mu is held while a frame is written. Nobody but send and Write, which may
	// wait, waits for it.
	mu   sync.Mutex
	rest []byte // of a frame that was begun
	over error  // why nothing more can be written
}

// Read reads from the client. It counts the frames that begin in what was read: each
// costs the library a header and perhaps a pong, however few bytes it has.
func (w *wire) Read(p []byte) (int, error) {
	w.readMu.Lock()
	defer w.readMu.Unlock()
	if w.closing.Load() {
		return w.discard(p)
	}
	if w.frames.flooded {
		return 0, ErrFlood
	}
	n, err := w.readEarly(p), error(nil)
	if n == 0 {
		n, err = w.Conn.Read(p)
	}
	if n == 0 {
		return 0, err
	}
	now := time.Now()
	w.heard.Store(now.UnixNano())
	if w.frames.add(p[:n], now); w.frames.flooded && err == nil {
		err = ErrFlood
	}
	return n, err
}

// readEarly reads what came in together with the request.
func (w *wire) readEarly(p []byte) int {
	n := copy(p, w.early)
	if w.early = w.early[n:]; len(w.early) == 0 {
		w.early = nil
	}
	return n
}

// Close closes the TCP connection. After Socket.Close it first reads on, unless the
// peer's close has come: a connection that is closed with unread bytes is reset, and the
// peer may not get our close frame.
func (w *wire) Close() error {
	tcp, ok := w.Conn.(*net.TCPConn)
	if ok && w.closing.Load() && !w.peerClosed() && tcp.CloseWrite() == nil {
		var err error
		for buffer := [4096]byte{}; err == nil; {
			_, err = w.Read(buffer[:])
		}
	}
	return w.Conn.Close()
}

// peerClosed reports whether the peer has sent a close frame. It may wait for the
// deadline that Socket.Close has set.
func (w *wire) peerClosed() bool {
	w.readMu.Lock()
	defer w.readMu.Unlock()
	return w.frames.closed
}

// discard reads what is thrown away before the close. Of a peer that sends more than
// could have been on its way it reads nothing more, and waits for the deadline.
func (w *wire) discard(p []byte) (int, error) {
	if w.discarded > maxDiscard {
		if w.raw == nil {
			return 0, net.ErrClosed
		}
		return 0, w.raw.Read(func(uintptr) bool { return false })
	}
	n, err := w.readEarly(p), error(nil)
	if n == 0 {
		n, err = w.Conn.Read(p)
	}
	w.discarded += n
	w.frames.add(p[:n], time.Now())
	return n, err
}

func (w *wire) hear() { w.heard.Store(time.Now().UnixNano()) }

// Write takes a control frame of the library, which bounds how long that may take.
// After a close there is nothing more to say.
func (w *wire) Write(frame []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over != nil {
		return 0, w.over
	}
	closes := frame[0]&opcodeBits == opClose
	err := w.put(frame, 0)
	if closes && err == nil {
		w.over = net.ErrClosed
	}
	if err != nil {
		return 0, err
	}
	return len(frame), nil
}

func (w *wire) send(frames []byte, patience time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over != nil {
		return w.over
	}
	return w.put(frames, patience)
}

// maxPart is how much is written under one deadline, in bytes.
const maxPart = 256 << 10

// put writes what was begun, and then frames. Without patience it waits for ever. A
// frame that it could not finish is the last one. w.mu is held.
func (w *wire) put(frames []byte, patience time.Duration) error {
	for _, all := range [][]byte{w.rest, frames} {
		for len(all) > 0 {
			part := all[:min(len(all), maxPart)]
			all = all[len(part):]
			if patience > 0 {
				_ = w.SetWriteDeadline(time.Now().Add(patience))
			}
			if _, err := w.Conn.Write(part); err != nil {
				w.rest, w.over = nil, err
				return err
			}
		}
	}
	w.rest = nil
	if patience > 0 {
		_ = w.SetWriteDeadline(time.Time{})
	}
	return nil
}

func (w *wire) trySend(frames []byte) (int, error) {
	if w.raw == nil || !w.mu.TryLock() {
		return 0, nil
	}
	defer w.mu.Unlock()
	switch {
	case w.over != nil:
		return 0, w.over
	case len(w.rest) > 0:
		return 0, nil
	}
	n, err := writeOnce(w.raw, frames)
	switch {
	case err != nil:
		w.over = err
	case n > 0 && n < len(frames):
		w.rest = append([]byte(nil), frames[n:]...)
	}
	return n, err
}

// attempt is one write(2). Attempts are kept, because a function that is made for
// every write would be garbage after it.
type attempt struct {
	data []byte
	n    int
	err  error
	do   func(fd uintptr) bool
}

var attempts = sync.Pool{New: func() any {
	a := &attempt{}
	a.do = a.write
	return a
}}

// write does not wait: that it is done is what it tells, whatever the kernel took.
func (a *attempt) write(fd uintptr) bool {
	for {
		a.n, a.err = syscall.Write(int(fd), a.data)
		if !errors.Is(a.err, syscall.EINTR) {
			return true
		}
	}
}

// writeOnce writes what the kernel takes without waiting, perhaps nothing.
func writeOnce(raw syscall.RawConn, data []byte) (int, error) {
	a := attempts.Get().(*attempt)
	defer attempts.Put(a)
	a.data = data
	err := raw.Write(a.do)
	n, fault := a.n, a.err
	a.data, a.n, a.err = nil, 0, nil
	switch {
	case err != nil:
		return 0, err
	case errors.Is(fault, syscall.EAGAIN):
		return 0, nil
	case fault != nil:
		return 0, fault
	}
	return n, nil
}
