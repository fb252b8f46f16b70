package store

import (
	"context"
	"errors"
	"sync"

	"github.com/chillin-chat/chillin/internal/chat"
)

// How many of this node change one room at a time, each with a connection, and how many
// more may wait for their turn, with none. Two keep the room's row busy; the rest would
// only take the connections from other rooms, and stand in Postgres between a send and
// the row that it needs.
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

// enter waits for a turn to change room, until ctx ends, unless more than most wait
// already: then the error comes at once. Whoever has a turn must call leave.
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

// stand takes a place in the queue of a room, nil where there is none.
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

// end gives the place back. A queue that nobody is in is forgotten.
func (q *roomQueues) end(room chat.RoomID, r *roomQueue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.within--; r.within == 0 {
		delete(q.rooms, room)
	}
}
