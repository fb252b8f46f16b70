package store

import (
	"context"
	"errors"
	"sync"

	"github.com/chillin-chat/chillin/internal/chat"
)

// changingAtOnce callers of a node change one room at a time, each with a connection;
// maxWaiting more wait without one. Two keep the room's row busy. More would only take
// connections from other rooms and queue in Postgres before a send that needs the row.
const (
	changingAtOnce = 2
	maxWaiting     = 64
	maxWaitingAll  = 2 * maxWaiting // with those whom the others must not keep out
)

// roomQueues are the callers of this node that change a room beside the appends.
type roomQueues struct {
	mu    sync.Mutex
	rooms map[chat.RoomID]*roomQueue
}

type roomQueue struct {
	turns  chan struct{}
	within int // who has a turn or waits for one
}

var errRoomCrowded = errors.New("too many change this room at once")

// enter waits for a turn to change room until ctx ends. If more than most callers wait, it
// returns UNAVAILABLE at once. The caller must call leave at the end of its turn.
func (q *roomQueues) enter(ctx context.Context, room chat.RoomID, most int) (leave func(), err error) {
	r := q.stand(room, most)
	if r == nil {
		return nil, chat.ErrUnavailable(errRoomCrowded)
	}
	select {
	case r.turns <- struct{}{}:
		return func() {
			<-r.turns
			q.end(room, r)
		}, nil
	case <-ctx.Done():
		q.end(room, r)
		return nil, chat.ErrUnavailable(ctx.Err())
	}
}

// stand takes a place in the queue of a room. It returns nil if the queue is full.
func (q *roomQueues) stand(room chat.RoomID, most int) *roomQueue {
	q.mu.Lock()
	defer q.mu.Unlock()
	r := q.rooms[room]
	if r == nil {
		if q.rooms == nil {
			q.rooms = map[chat.RoomID]*roomQueue{}
		}
		r = &roomQueue{turns: make(chan struct{}, changingAtOnce)}
		q.rooms[room] = r
	}
	if r.within >= changingAtOnce+most {
		return nil
	}
	r.within++
	return r
}

// end gives the place back and removes an empty queue.
func (q *roomQueues) end(room chat.RoomID, r *roomQueue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.within--; r.within == 0 {
		delete(q.rooms, room)
	}
}

// waiting returns how many callers wait for a turn in any room.
func (q *roomQueues) waiting() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range q.rooms {
		n += max(0, r.within-changingAtOnce)
	}
	return n
}
