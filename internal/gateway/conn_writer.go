package gateway

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/socket"
)

// The bounds of the events that a connection queues. Responses are bounded by being one at
// a time (see connWriter.waitForDrain).
const (
	maxQueuedEvents = 256
	maxQueuedBytes  = 64 << 10
	// waitingFactor multiplies both while the connection waits for a writer: then this node is slow, not
	// the client, and a client that reconnects would make it slower. All connections share a line.
	waitingFactor = 16
)

const (
	writeTimeout = 10 * time.Second
	// closeTimeout is how long a connection may take to end: to write what is queued, to
	// send the close frame and to receive the client's. Then the TCP connection is closed.
	closeTimeout = 8 * time.Second
)

// keptCapacity is the largest capacity, in lines, that an empty queue keeps.
const keptCapacity = 4

// connWriter is the writing side of a connection: a bounded queue of lines of JSON and the
// close of the socket. To push or to close never blocks: a connection that cannot keep up
// is closed and catches up by seq.
//
//	idle ──push, end──▶ queued ──writers.next──▶ writing ──socket full──▶ blocked
//	  ▲                                           │   │                   │   │
//	  └──────────────── queue empty ──────────────┴───────────────────────┘   │
//	                                                  │                       │
//	          queue empty and ended, or write failed  └───────────────────────┴──▶ closing ──▶ closed
//
//	idle     nothing is queued, and no goroutine writes
//	queued   lines wait, or the end of the connection; it is in the list of the hub's writers
//	writing  one of the hub's writers runs write
//	blocked  the client does not read: flush waits for it in a goroutine of its own
//	closing  closeSocket runs the close handshake, or the write has failed
//	closed   the socket is closed, done is released
//
// A connection is written by one goroutine at a time, in the order of the pushes: active is
// true in all states but idle, and only the push or end that sets it wakes a writer. end may
// be called in any state; from then on pushes are ignored and the cutoff timer runs, which
// closes the TCP connection if closed is not reached in time.
type connWriter struct {
	hub    *Hub
	socket *socket.Socket
	wake   func(*connWriter) // adds it to the hub's writers; called without mu
	done   sync.WaitGroup    // until the socket is closed and nothing will be written
	next   *connWriter       // in the list of the hub's writers, which guard it

	mu      sync.Mutex
	held    bool // nothing is written before the line of pushFirst
	lines   [][]byte
	events  int // the lines that count against the bounds
	bytes   int // of these events
	active  bool
	blocked bool // the state blocked
	ended   bool
	drained chan struct{}        // closed when all lines have been taken; nil without a waiter
	code    websocket.StatusCode // of the close, 0 if none was requested
	reason  string
	cutoff  *time.Timer // nil until end
}

// sendEvent queues an event that must not be lost. If the queue is full it closes the
// connection: the client reconnects and catches up by seq.
func (w *connWriter) sendEvent(line []byte) {
	if !w.pushEvent(line) {
		w.hub.metrics.SlowConns.Inc()
		w.close(closeTooSlow, "too slow: reconnect and catch up")
	}
}

// pushEvent queues an event and reports whether there was room for it.
func (w *connWriter) pushEvent(line []byte) bool {
	return w.pushBounded(line, maxQueuedEvents, maxQueuedBytes, waitingFactor)
}

// pushEphemeral queues an event that may be lost and reports whether there was room for it:
// it is dropped if half of the queue is taken.
func (w *connWriter) pushEphemeral(line []byte) bool {
	return w.pushBounded(line, maxQueuedEvents/2, maxQueuedBytes/2, 1)
}

func (w *connWriter) pushBounded(line []byte, events, bytes, waiting int) bool {
	w.mu.Lock()
	if w.ended {
		w.mu.Unlock()
		return true // the client will not read it
	}
	if !w.blocked {
		events, bytes = events*waiting, bytes*waiting
	}
	if w.events > 0 && (w.events >= events || w.bytes+len(line) > bytes) {
		w.mu.Unlock()
		return false
	}
	w.events++
	w.bytes += len(line)
	w.lines = append(w.lines, line)
	wake := w.setActive()
	w.mu.Unlock()
	if wake {
		w.wake(w)
	}
	return true
}

// hold holds events back until pushFirst: they must not overtake the first frame, which may
// have been read before they happened.
func (w *connWriter) hold() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = true
}

// pushFirst queues the first line of a connection, before the events that were held back.
func (w *connWriter) pushFirst(line []byte) {
	w.mu.Lock()
	if w.ended {
		w.mu.Unlock()
		return
	}
	w.held = false
	w.lines = slices.Insert(w.lines, 0, line)
	wake := w.setActive()
	w.mu.Unlock()
	if wake {
		w.wake(w)
	}
}

// pushResponse queues a line that does not count against the bounds: the response to a
// command, or an event that is sent once in a connection.
func (w *connWriter) pushResponse(line []byte) {
	w.mu.Lock()
	if w.ended {
		w.mu.Unlock()
		return
	}
	w.lines = append(w.lines, line)
	wake := w.setActive()
	w.mu.Unlock()
	if wake {
		w.wake(w)
	}
}

// setActive leaves the state idle. It reports whether the caller must call wake, after
// unlocking mu. mu is held.
func (w *connWriter) setActive() (wake bool) {
	if w.held {
		return false
	}
	wake = !w.active
	w.active = true
	return wake
}

// take appends the queued lines to lines. If it appends none, the caller must stop writing:
// the connection is idle, or, if ended is true, the caller closes the socket.
func (w *connWriter) take(lines [][]byte) (_ [][]byte, ended bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.lines) == 0 {
		w.active, w.blocked = w.ended, false
		return lines, w.ended
	}
	lines = append(lines, w.lines...)
	w.clear()
	return lines, w.ended
}

// clear removes all lines. mu is held.
func (w *connWriter) clear() {
	clear(w.lines)
	if w.lines = w.lines[:0]; cap(w.lines) > keptCapacity {
		w.lines = nil
	}
	w.events, w.bytes = 0, 0
	if w.drained != nil {
		close(w.drained)
		w.drained = nil
	}
}

// waitForDrain blocks the reader while more than one line is queued. So a client that sends
// commands and does not read the responses costs the memory of one response.
func (w *connWriter) waitForDrain() {
	drained := w.drainedIfFull()
	if drained == nil || w.closing() {
		return
	}
	timeout := time.NewTimer(writeTimeout)
	defer timeout.Stop()
	select {
	case <-drained:
	case <-timeout.C: // the write times out too and ends the connection
	}
}

// drainedIfFull returns a channel that is closed when all lines have been taken, nil if at
// most one is queued.
func (w *connWriter) drainedIfFull() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.lines) <= 1 {
		return nil
	}
	if w.drained == nil {
		w.drained = make(chan struct{})
	}
	return w.drained
}

// queuedBytes returns the size of all queued lines, responses included.
func (w *connWriter) queuedBytes() (bytes int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, line := range w.lines {
		bytes += len(line)
	}
	return bytes
}

// write writes the queue as long as the kernel takes it without blocking. Otherwise flush
// continues in a goroutine of its own.
func (w *connWriter) write(s *scratch) {
	for {
		var ended bool
		s.lines, ended = w.take(s.lines[:0])
		if len(s.lines) == 0 {
			if ended {
				go w.closeSocket()
			}
			return
		}
		s.frame = socket.AppendText(s.frame[:0], s.lines)
		clear(s.lines)
		n, err := w.socket.TrySend(s.frame)
		switch {
		case err != nil:
			go w.fail()
			return
		case n == 0:
			w.setBlocked()
			go w.flush(append([]byte(nil), s.frame...))
			return
		case n < len(s.frame):
			w.setBlocked()
			go w.flush(nil) // the socket has kept the rest
			return
		}
	}
}

func (w *connWriter) setBlocked() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.blocked = true
}

// flush writes frame and then the queue until it is empty, and waits for the client.
func (w *connWriter) flush(frame []byte) {
	for {
		if w.socket.Send(frame, writeTimeout) != nil {
			w.fail()
			return
		}
		lines, ended := w.take(nil)
		if len(lines) == 0 {
			if ended {
				w.closeSocket()
			}
			return
		}
		frame = socket.AppendText(frame[:0], lines)
	}
}

// close ends the connection with a close code after the queue has been written. It may be
// called any number of times; the first code counts.
func (w *connWriter) close(code websocket.StatusCode, reason string) {
	w.mu.Lock()
	if w.code == 0 {
		w.code, w.reason = code, reason
	}
	wake := w.setEnded()
	w.mu.Unlock()
	if wake {
		w.wake(w)
	}
}

// end is close without a code of its own: there is no close handshake unless close is
// called before the queue is empty.
func (w *connWriter) end() {
	w.mu.Lock()
	wake := w.setEnded()
	w.mu.Unlock()
	if wake {
		w.wake(w)
	}
}

// setEnded ends the queue and starts the cutoff timer. It reports whether the caller must
// call wake, after unlocking mu. mu is held.
func (w *connWriter) setEnded() (wake bool) {
	if w.ended {
		return false
	}
	w.ended = true
	if w.held { // the client reads no events of a connection that ends before its first frame
		w.held = false
		w.clear()
	}
	w.cutoff = time.AfterFunc(closeTimeout, w.socket.Cut)
	return w.setActive()
}

// endAndWait ends the connection and returns when its socket is closed.
func (w *connWriter) endAndWait() {
	w.end()
	w.done.Wait()
	w.cutoff.Stop()
}

// closing reports whether a close code is set.
func (w *connWriter) closing() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.code != 0
}

// closedWith returns the close code and reason, 0 if the connection was lost. If the client
// has sent a close frame first, they are the client's.
func (w *connWriter) closedWith() (websocket.StatusCode, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.code, w.reason
}

// closeSocket closes the socket after the queue has been written: with the close code, or
// without a handshake if there is none.
func (w *connWriter) closeSocket() {
	defer w.done.Done()
	code, reason := w.closedWith()
	err := recovery.Do(recovery.Connection, nil, func() error {
		if code == 0 {
			return w.socket.CloseNow()
		}
		return w.socket.Close(code, reason)
	})
	if w.hub.panics().Report(context.Background(), err) {
		w.socket.Cut()
	}
}

// fail ends a connection after a failed write.
func (w *connWriter) fail() {
	defer w.done.Done()
	_ = w.socket.CloseNow()
	w.close(websocket.StatusAbnormalClosure, "") // a reader in waitForDrain stops
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clear()
}
