package gateway

import (
	"runtime"
	"sync"
)

// connsPerWriter is how many waiting connections justify one more writer.
const connsPerWriter = 16

// maxScratch is the largest buffer, in bytes, that a writer keeps.
const maxScratch = 128 << 10

// writers writes the queues of a node's connections, in at most as many goroutines as there
// are processors, and none if nothing is queued. A room only queues its events while it is
// locked. No writer waits for a client: a connection whose client is slow gets a goroutine
// of its own until the queue is empty (see connWriter.flush). While all writers are busy,
// the events of a connection gather in its queue and are sent in one write.
type writers struct {
	wake func(*connWriter) // add, shared by all connections
	max  int               // goroutines

	mu          sync.Mutex
	first, last *connWriter // the waiting connections, in the order of add
	waiting     int         // the length of the list
	running     int         // goroutines
}

func newWriters() *writers {
	w := &writers{max: runtime.GOMAXPROCS(0)}
	w.wake = w.add
	return w
}

// add appends c to the list. It must not be called again before c is idle.
func (w *writers) add(c *connWriter) {
	w.mu.Lock()
	if w.last == nil {
		w.first = c
	} else {
		w.last.next = c
	}
	w.last = c
	w.waiting++
	start := w.running < w.max && w.waiting > w.running*connsPerWriter
	if start {
		w.running++
	}
	w.mu.Unlock()
	if start {
		go w.work()
	}
}

// next removes the first connection from the list. It returns nil if there is none: the
// writer must end.
func (w *writers) next() *connWriter {
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

// scratch contains the buffers of a writer, which it uses for one connection after the
// other.
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
