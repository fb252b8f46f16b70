package gateway

import "sync"

// The bounds of what waits for a connection. They hold for events; answers are
// bounded by being one at a time (see Conn.answer).
const (
	maxQueuedEvents = 256
	maxQueuedBytes  = 64 << 10
)

// keptCapacity is up to how many places for lines an empty queue keeps.
const keptCapacity = 4

// queue holds what waits to be written to a connection: lines of JSON. To push never
// blocks: a connection that cannot keep up is closed and catches up by seq.
//
// One at a time empties it: whoever is woken takes until nothing is left, and only
// then may somebody be woken again. So what was pushed first is written first.
type queue struct {
	wake func() // called, outside of the lock, when there is something and nobody takes it

	mu       sync.Mutex
	lines    [][]byte
	events   int           // of lines, those that count against the bounds
	bytes    int           // of those events
	draining bool          // somebody has been woken and goes on until nothing is left
	ended    bool          // no more lines come in
	drained  chan struct{} // closed when all lines have been taken; nil while nobody waits for it
}

// pushEvent queues a line that everybody gets. It returns false when there is no
// place for it.
func (q *queue) pushEvent(line []byte) bool {
	return q.pushBounded(line, maxQueuedEvents, maxQueuedBytes)
}

// pushEphemeral queues a line that may be lost: it is, and false returned, once half
// of the place is taken.
func (q *queue) pushEphemeral(line []byte) bool {
	return q.pushBounded(line, maxQueuedEvents/2, maxQueuedBytes/2)
}

func (q *queue) pushBounded(line []byte, events, bytes int) bool {
	q.mu.Lock()
	if q.ended {
		q.mu.Unlock()
		return true // nobody waits for it any more
	}
	if q.events > 0 && (q.events >= events || q.bytes+len(line) > bytes) {
		q.mu.Unlock()
		return false
	}
	q.events++
	q.bytes += len(line)
	q.lines = append(q.lines, line)
	q.wakeUnlock()
	return true
}

// pushAnswer queues a line that this connection asked for.
func (q *queue) pushAnswer(line []byte) {
	q.mu.Lock()
	if q.ended {
		q.mu.Unlock()
		return
	}
	q.lines = append(q.lines, line)
	q.wakeUnlock()
}

// wakeUnlock unlocks q and wakes somebody to take, unless one is awake.
func (q *queue) wakeUnlock() {
	sleeping := !q.draining
	q.draining = true
	q.mu.Unlock()
	if sleeping {
		q.wake()
	}
}

// take appends what waits to lines. When it appends nothing, the caller's turn is
// over: for now, or, where q has ended, for ever.
func (q *queue) take(lines [][]byte) (_ [][]byte, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.lines) == 0 {
		q.draining = q.ended
		return lines, q.ended
	}
	lines = append(lines, q.lines...)
	q.clear()
	return lines, q.ended
}

// clear forgets all lines. q.mu is held.
func (q *queue) clear() {
	clear(q.lines)
	if q.lines = q.lines[:0]; cap(q.lines) > keptCapacity {
		q.lines = nil
	}
	q.events, q.bytes = 0, 0
	if q.drained != nil {
		close(q.drained)
		q.drained = nil
	}
}

// drainedWhenFull returns nil, or, while more than one line waits, what is closed when all have
// been taken.
func (q *queue) drainedWhenFull() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.lines) <= 1 {
		return nil
	}
	if q.drained == nil {
		q.drained = make(chan struct{})
	}
	return q.drained
}

// size returns how many bytes wait, answers included.
func (q *queue) size() (bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, line := range q.lines {
		bytes += len(line)
	}
	return bytes
}

// end takes no more lines; what waits is written, and then the connection ends.
func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	q.wakeUnlock()
}

// drop ends q and forgets what waits: nobody can write it.
func (q *queue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended, q.draining = true, true
	q.clear()
}
