package gateway

import "sync"

// The bounds of what waits for a connection's writer. They hold for events;
// answers are bounded by being one at a time (see Conn.answer).
const (
	maxQueuedEvents = 256
	maxQueuedBytes  = 64 << 10
)

// queue holds the frames that wait for a connection's only writer. To push never
// blocks: a connection that cannot keep up is closed and catches up by seq.
type queue struct {
	wake    chan struct{} // has one element when frames or the end are there
	drained chan struct{} // likewise when the writer has taken everything

	mu     sync.Mutex
	frames [][]byte
	events int // of frames, those that count against the bounds
	bytes  int // of those events
	ended  bool
}

func newQueue() *queue {
	return &queue{wake: make(chan struct{}, 1), drained: make(chan struct{}, 1)}
}

// pushEvent queues a frame that everybody gets. It returns false when there is
// no place for it.
func (q *queue) pushEvent(frame []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return true // nobody waits for it any more
	}
	if q.events > 0 && (q.events >= maxQueuedEvents || q.bytes+len(frame) > maxQueuedBytes) {
		return false
	}
	q.events++
	q.bytes += len(frame)
	q.push(frame)
	return true
}

// pushEphemeral queues a frame that may be lost: it is, and false returned, once
// half of the place is taken.
func (q *queue) pushEphemeral(frame []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return true // nobody waits for it any more
	}
	if q.events > 0 && (q.events >= maxQueuedEvents/2 || q.bytes+len(frame) > maxQueuedBytes/2) {
		return false
	}
	q.events++
	q.bytes += len(frame)
	q.push(frame)
	return true
}

// pushAnswer queues a frame that this connection asked for.
func (q *queue) pushAnswer(frame []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.ended {
		q.push(frame)
	}
}

func (q *queue) push(frame []byte) {
	q.frames = append(q.frames, frame)
	signal(q.wake)
}

// take returns what waits and whether more may come.
func (q *queue) take() (frames [][]byte, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	frames = q.frames
	q.frames, q.events, q.bytes = nil, 0, 0
	signal(q.drained)
	return frames, q.ended
}

// waiting tells how many frames wait.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.frames)
}

// end takes no more frames; the writer writes what waits and stops.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	signal(q.wake)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
