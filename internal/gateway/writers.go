package gateway

import (
	"context"
	"runtime"
	"sync"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/socket"
)

// connsPerWriter is how many connections wait before one more writer is worth its start.
const connsPerWriter = 16

// maxScratch is how large a writer's buffer may stay, in bytes.
const maxScratch = 128 << 10

// writers write what waits for the connections of a node: as many goroutines as
// there are processors while there is something to write, and none otherwise. A room
// only hands its events over, under its lock, and they are written outside of it. No
// writer ever waits for a peer: a connection whose peer is slow gets a goroutine of
// its own until it has caught up (see Conn.flush). While all writers are busy,
// more events gather in the queues, and leave in one write.
type writers struct {
	most int

	mu          sync.Mutex
	first, last *Conn // those with something to write, in the order in which they came
	waiting     int   // of them
	running     int
}

func newWriters() *writers { return &writers{most: runtime.GOMAXPROCS(0)} }

// add has c's queue written. It comes once, until the queue has been found empty.
func (w *writers) add(c *Conn) {
	w.mu.Lock()
	if w.last == nil {
		w.first = c
	} else {
		w.last.next = c
	}
	w.last = c
	w.waiting++
	start := w.running < w.most && w.waiting > w.running*connsPerWriter
	if start {
		w.running++
	}
	w.mu.Unlock()
	if start {
		go w.work()
	}
}

// next returns who has waited longest. It returns nil when nobody waits, and the
// writer ends.
func (w *writers) next() *Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.first
	if c == nil {
		w.running--
		return nil
	}
	if w.first, c.next = c.next, nil; w.first == nil {
		w.last = nil
	}
	w.waiting--
	return c
}

// length returns how many connections wait for a writer.
func (w *writers) length() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting
}

// scratch is what a writer needs, used for one connection after the other.
type scratch struct {
	lines [][]byte
	frame []byte
}

var scratches = sync.Pool{New: func() any { return &scratch{} }}

func (w *writers) work() {
	s := scratches.Get().(*scratch)
	for c := w.next(); c != nil; c = w.next() {
		c.write(s)
		if cap(s.frame) > maxScratch {
			s.frame = nil
		}
	}
	scratches.Put(s)
}

// write writes what waits, as long as the kernel takes it at once. What it cannot
// finish goes on in a goroutine of its own.
func (c *Conn) write(s *scratch) {
	for {
		var ended bool
		s.lines, ended = c.queue.take(s.lines[:0])
		if len(s.lines) == 0 {
			if ended {
				go c.finish()
			}
			return
		}
		s.frame = socket.AppendText(s.frame[:0], s.lines)
		clear(s.lines)
		n, err := c.socket.TrySend(s.frame)
		switch {
		case err != nil:
			go c.fail()
			return
		case n == 0:
			go c.flush(append([]byte(nil), s.frame...))
			return
		case n < len(s.frame):
			go c.flush(nil) // the socket keeps the rest
			return
		}
	}
}

// flush writes what waits and waits for the peer, until nothing more is there.
func (c *Conn) flush(frame []byte) {
	for {
		if c.socket.Send(frame, writeTimeout) != nil {
			c.fail()
			return
		}
		lines, ended := c.queue.take(nil)
		if len(lines) == 0 {
			if ended {
				c.finish()
			}
			return
		}
		frame = socket.AppendText(frame[:0], lines)
	}
}

// finish closes the socket after all has been written: with the code of the close, or
// without a handshake if the client is gone.
func (c *Conn) finish() {
	defer c.written.Done()
	c.mu.Lock()
	code, reason := c.code, c.reason
	c.mu.Unlock()
	err := recovery.Do(recovery.Connection, nil, func() error {
		if code == 0 {
			return c.socket.CloseNow()
		}
		return c.socket.Close(code, reason)
	})
	if c.panics().Report(context.Background(), err) {
		c.socket.Cut()
	}
}

// fail ends a connection to which nothing can be written any more.
func (c *Conn) fail() {
	defer c.written.Done()
	_ = c.socket.CloseNow()
	c.close(websocket.StatusAbnormalClosure, "") // the reader has nobody to wait for
	c.queue.drop()
}
