package store

import (
	"context"
	"errors"
	"sync"

	"github.com/chillin-chat/chillin/internal/chat"
)

// At most roomWriters callers of a node change one room at the same time, each with a
// connection. maxWaiting more wait without a connection. Two writers keep the room's row
// busy. More would take connections away from other rooms and would queue in Postgres in
// front of sends that need the row.
const (
	roomWriters   = 2
	maxWaiting    = 64
	maxWaitingAll = 2 * maxWaiting // including leaves and changes by moderators, which must not be crowded out
)

// roomQueues limits how many callers of this node change a room, except for appends.
type roomQueues struct {
	mu    sync.Mutex
	rooms map[chat.RoomID]*roomQueue
}

type roomQueue struct {
	sem     chan struct{}
	callers int // that hold or wait for a slot
}

var errRoomBusy = errors.New("too many concurrent changes of this room")

// acquire waits until ctx ends for a slot to change room. If maxQueued callers already
// wait, it returns UNAVAILABLE at once. The caller must call release.
func (q *roomQueues) acquire(ctx context.Context, room chat.RoomID, maxQueued int) (release func(), err error) {
	r := q.enqueue(room, maxQueued)
	if r == nil {
		return nil, chat.ErrUnavailable(errRoomBusy)
	}
	select {
	case r.sem <- struct{}{}:
		return func() {
			<-r.sem
			q.dequeue(room, r)
		}, nil
	case <-ctx.Done():
		q.dequeue(room, r)
		return nil, chat.ErrUnavailable(ctx.Err())
	}
}

// enqueue adds a caller to the queue of a room. It returns nil if the queue is full.
func (q *roomQueues) enqueue(room chat.RoomID, maxQueued int) *roomQueue {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.rooms[room]
	if r == nil {
		if q.rooms == nil {
			q.rooms = map[chat.RoomID]*roomQueue{}
		}
		r = &roomQueue{sem: make(chan struct{}, roomWriters)}
		q.rooms[room] = r
	}
	if r.callers >= roomWriters+maxQueued {
		return nil
	}
	r.callers++
	return r
}

// dequeue removes a caller, and the queue if it is empty.
func (q *roomQueues) dequeue(room chat.RoomID, r *roomQueue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.callers--; r.callers == 0 {
		delete(q.rooms, room)
	}
}

// waiting returns the number of callers that wait for a slot in any room.
func (q *roomQueues) waiting() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.rooms {
		n += max(0, r.callers-roomWriters)
	}
	return n
}
