// Package socket provides a server WebSocket that costs little while idle, and little more than a plain
// write(2) per send. coder/websocket does the handshake, reads, pongs and the close. Data frames are
// encoded here and written directly to the TCP connection, with the same lock as the frames of the
// library.
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

// Socket is the connection of one client. One goroutine reads; any goroutine may write.
type Socket struct {
	ws   *websocket.Conn
	wire wire
}

// Accept upgrades r, or answers with an error. The handler should return soon: until then net/http
// keeps the request and its stack. Compression is disabled, because the frames are the same for all
// clients.
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

// SetReadLimit limits the size of a client's message, in bytes. A longer message closes the connection
// with 1009.
func (s *Socket) SetReadLimit(n int64) { s.ws.SetReadLimit(n) }

// Reader waits for the next message, which must be read to its end before the next call. Canceling ctx
// closes the connection. It returns ErrFlood if the client sends too many frames; the socket must then
// be closed. After any other error of it or of the message, RequestedClose returns how to close.
func (s *Socket) Reader(ctx context.Context) (websocket.MessageType, io.Reader, error) {
	return s.ws.Reader(ctx)
}

// RequestedClose returns the close code and reason that a failed read requires: those of the client's
// close frame (1005 if it has no code), or those of the client's violation of RFC 6455. It returns 0 if
// the connection is lost. The owner passes them to Close after all data was sent. Only the reader may
// call it, after an error.
func (s *Socket) RequestedClose() (websocket.StatusCode, string) {
	if held := s.wire.held.Load(); held != nil {
		return held.code, held.reason
	}
	if s.wire.invalid() {
		return websocket.StatusProtocolError, "invalid frame header"
	}
	return 0, ""
}

// LastRead returns when something was last read from the client, including pongs.
func (s *Socket) LastRead() time.Time { return time.Unix(0, s.wire.lastRead.Load()) }

// TrySend sends as many bytes of frames as the kernel accepts immediately, and returns their number. It
// never waits. The rest of a partially sent frame is kept and sent before everything else: Send(nil, …)
// waits for it. If nothing was sent, nothing is kept.
func (s *Socket) TrySend(frames []byte) (int, error) { return s.wire.trySend(frames) }

// Send sends complete frames and waits until the kernel has accepted them. timeout applies to each part
// of 256 KiB.
func (s *Socket) Send(frames []byte, timeout time.Duration) error {
	return s.wire.send(frames, timeout)
}

// Ping sends a ping. The pong updates LastRead. If the kernel's buffer is full, no ping is sent.
func (s *Socket) Ping() { _, _ = s.wire.trySend(ping) }

// closeTimeout limits the close handshake, and maxDiscard the bytes of the peer that are read and
// dropped during it.
const (
	closeTimeout = 5 * time.Second
	maxDiscard   = 256 << 10
)

// Close sends a close frame and waits at most 5 s for that of the client. No writer can send data after
// it. It returns after the TCP connection is closed. All data must have been sent before.
func (s *Socket) Close(code websocket.StatusCode, reason string) error {
	// The library discards the peer's data without a deadline.
	_ = s.wire.SetDeadline(time.Now().Add(closeTimeout))
	if held := s.wire.beginClose(); !held {
		return s.ws.Close(code, reason)
	}
	err := s.wire.writeClose(code, reason)
	s.wire.held.Store(nil)
	// The library has closed already if the client's close frame was read.
	if closeErr := s.ws.Close(code, reason); !errors.Is(closeErr, net.ErrClosed) {
		err = errors.Join(err, closeErr)
	}
	if closeErr := s.wire.Close(); !errors.Is(closeErr, net.ErrClosed) {
		err = errors.Join(err, closeErr)
	}
	return err
}

// Cut closes the TCP connection. It never blocks and may be called at any time: all later reads and
// writes fail. The owner of the socket still has to call Close or CloseNow.
func (s *Socket) Cut() { _ = s.wire.Conn.Close() }

// CloseNow closes the socket without a handshake.
func (s *Socket) CloseNow() error {
	s.Cut() // otherwise the library would wait 15 s for a running Close
	return s.ws.CloseNow()
}

// wire is the TCP connection as used by the library. The library writes only control frames, each in
// one Write, because its buffer is large enough for the largest.
type wire struct {
	net.Conn
	raw      syscall.RawConn // nil if Conn is not TCP: then every write may wait
	early    []byte          // received together with the request
	lastRead atomic.Int64    // time of the last read, Unix ns

	// closeMu is held to change closing, and to set held while closing is false.
	closeMu sync.Mutex
	closing atomic.Bool                // Close was called
	held    atomic.Pointer[closeFrame] // the library's close frame until Close sends it

	// readMu is held during reads: of the library and, at the end, of Close.
	readMu    sync.Mutex
	discarded int // bytes read since Close was called
	frames    frameMeter

	// mu is held while a frame is written. Only send and Write, which may block, wait for it.
	mu       sync.Mutex
	pending  []byte // the rest of a partially written frame
	writeErr error  // the error of all further writes
}

// Read reads from the client and counts the frames that begin in the data: each costs the library a
// header and possibly a pong, regardless of its size.
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
	w.lastRead.Store(now.UnixNano())
	if w.frames.add(p[:n], now); w.frames.flooded && err == nil {
		err = ErrFlood
	}
	return n, err
}

// readEarly reads the data received together with the request.
func (w *wire) readEarly(p []byte) int {
	n := copy(p, w.early)
	if w.early = w.early[n:]; len(w.early) == 0 {
		w.early = nil
	}
	return n
}

// Close closes the TCP connection. After Socket.Close it first reads until the peer's close frame: a
// connection that is closed with unread bytes is reset, and the peer may not receive our close frame.
//
// It does nothing while the library's close frame is held back: then Socket.Close closes.
func (w *wire) Close() error {
	if w.held.Load() != nil {
		return nil
	}
	if w.closing.Load() && !w.peerClosed() {
		var err error
		for buffer := [4096]byte{}; err == nil; {
			_, err = w.Read(buffer[:])
		}
	}
	return w.Conn.Close()
}

// peerClosed reports whether the peer has sent a close frame. It may wait for the deadline set by
// Socket.Close.
func (w *wire) peerClosed() bool {
	w.readMu.Lock()
	defer w.readMu.Unlock()
	return w.frames.closed
}

// invalid reports whether the client has sent a header that the library rejects without a close frame.
func (w *wire) invalid() bool {
	w.readMu.Lock()
	defer w.readMu.Unlock()
	return w.frames.invalid
}

// discard reads data that is dropped during the close, until the peer's close frame: the library may
// not recognize it after a frame that it rejected. If the peer sends more than could have been in
// transit, discard reads nothing more and waits for the deadline.
func (w *wire) discard(p []byte) (int, error) {
	if w.frames.closed {
		return 0, io.EOF
	}
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

func (w *wire) touch() { w.lastRead.Store(time.Now().UnixNano()) }

// Write writes a control frame of the library, which limits its duration. After a close frame it
// returns net.ErrClosed. A close frame that Socket.Close has not requested is held back, because the
// data that is still queued must be sent before it.
func (w *wire) Write(frame []byte) (int, error) {
	closes := frame[0]&opcodeBits == opClose
	if closes && w.hold(frame) {
		return len(frame), nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.writeErr != nil {
		return 0, w.writeErr
	}
	err := w.put(frame, 0)
	if closes && err == nil {
		w.writeErr = net.ErrClosed
	}
	if err != nil {
		return 0, err
	}
	return len(frame), nil
}

// hold holds back a close frame of the library, unless Socket.Close was called.
func (w *wire) hold(frame []byte) bool {
	w.closeMu.Lock()
	defer w.closeMu.Unlock()
	if w.closing.Load() {
		return false
	}
	w.held.Store(parseClose(frame[2:]))
	return true
}

// beginClose sets closing. It reports whether a close frame of the library is held back.
func (w *wire) beginClose() (held bool) {
	w.closeMu.Lock()
	defer w.closeMu.Unlock()
	w.closing.Store(true)
	return w.held.Load() != nil
}

// writeClose writes a close frame. After it, all writes return net.ErrClosed.
func (w *wire) writeClose(code websocket.StatusCode, reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.writeErr != nil {
		return w.writeErr
	}
	if err := w.put(appendClose(nil, code, reason), 0); err != nil {
		return err
	}
	w.writeErr = net.ErrClosed
	return nil
}

func (w *wire) send(frames []byte, timeout time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.writeErr != nil {
		return w.writeErr
	}
	return w.put(frames, timeout)
}

// maxPart is how many bytes are written with one deadline.
const maxPart = 256 << 10

// put writes the rest of a partial frame and then frames. Without timeout it waits indefinitely. After
// a frame that could not be completed, all writes fail. The caller holds w.mu.
func (w *wire) put(frames []byte, timeout time.Duration) error {
	for _, all := range [][]byte{w.pending, frames} {
		for len(all) > 0 {
			part := all[:min(len(all), maxPart)]
			all = all[len(part):]
			if timeout > 0 {
				_ = w.SetWriteDeadline(time.Now().Add(timeout))
			}
			if _, err := w.Conn.Write(part); err != nil {
				w.pending, w.writeErr = nil, err
				return err
			}
		}
	}
	w.pending = nil
	if timeout > 0 {
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
	case w.writeErr != nil:
		return 0, w.writeErr
	case len(w.pending) > 0:
		return 0, nil
	}
	n, err := writeOnce(w.raw, frames)
	switch {
	case err != nil:
		w.writeErr = err
	case n > 0 && n < len(frames):
		w.pending = append([]byte(nil), frames[n:]...)
	}
	return n, err
}

// attempt is one write(2). Attempts are pooled, because a closure per write would be garbage.
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

// write never waits. It returns true, which means done, however much the kernel has accepted.
func (a *attempt) write(fd uintptr) bool {
	for {
		a.n, a.err = syscall.Write(int(fd), a.data)
		if !errors.Is(a.err, syscall.EINTR) {
			return true
		}
	}
}

// writeOnce writes as much as the kernel accepts without waiting, possibly nothing.
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
