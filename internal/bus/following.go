package bus

import (
	"context"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// following are the rooms that this node follows, and how far each has come.
type following struct {
	mu      sync.Mutex
	rooms   map[chat.RoomID]*followed
	pending []chat.RoomID // to be subscribed by the subscription that is up
	lost    chan struct{} // closed while no subscription is trusted
}

// followed is one room.
type followed struct {
	inForce chan struct{} // closed while the subscription hears the room
	late    bool          // somebody went on without waiting: Missed is due
	left    time.Time     // of Unfollow; zero while the room is followed
}

func newFollowing() following {
	lost := make(chan struct{})
	close(lost)
	return following{rooms: map[chat.RoomID]*followed{}, lost: lost}
}

// Follow begins to receive the events of room, and returns when its subscription
// is in force: at once where it already is, and where there is no trusted
// subscription now.
func (r *Redis) Follow(ctx context.Context, room chat.RoomID) {
	r.mu.Lock()
	f := r.rooms[room]
	if f == nil {
		f = &followed{inForce: make(chan struct{})}
		r.rooms[room] = f
		r.pending = append(r.pending, room)
		r.wake.Send()
	}
	f.left = time.Time{}
	inForce, lost := f.inForce, r.lost
	r.mu.Unlock()

	patience := time.NewTimer(r.pace.follow)
	defer patience.Stop()
	select {
	case <-inForce:
		return
	case <-lost:
	case <-patience.C:
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f.late = true
	if isClosed(f.inForce) { // it came at this very moment, perhaps after our caller's read
		r.settle(f)
	}
}

// Unfollow ends what Follow began. The room stays subscribed for a while, because
// who reconnects comes back to it.
func (r *Redis) Unfollow(room chat.RoomID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.rooms[room]; f != nil && f.left.IsZero() {
		f.left = time.Now()
	}
}

// settle tells Missed where somebody went on without waiting. mu is held.
func (r *Redis) settle(f *followed) {
	if f.late {
		f.late = false
		r.missed.Send()
	}
}

// confirm records that the subscription hears room. It returns false where it did
// already: then the library has reconnected behind our back.
func (r *Redis) confirm(room chat.RoomID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.rooms[room]
	if f == nil {
		return true
	}
	if isClosed(f.inForce) {
		return false
	}
	close(f.inForce)
	r.settle(f)
	return true
}

// begin returns all rooms for a new subscription, without those that lingered.
func (r *Redis) begin() []chat.RoomID {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = nil
	rooms := make([]chat.RoomID, 0, len(r.rooms))
	for id, f := range r.rooms {
		if !f.left.IsZero() {
			delete(r.rooms, id)
			continue
		}
		rooms = append(rooms, id)
	}
	return rooms
}

// trust records that there is a subscription that hears everything. What came
// before it may be lost: Missed is due.
func (r *Redis) trust() {
	r.mu.Lock()
	r.lost = make(chan struct{})
	r.mu.Unlock()
	r.setSuspect(false)
	r.missed.Send()
	r.log.Info("bus subscription in force")
}

// distrust records that no room is heard any more.
func (r *Redis) distrust() {
	r.setSuspect(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !isClosed(r.lost) {
		close(r.lost)
	}
	for _, f := range r.rooms {
		if isClosed(f.inForce) {
			f.inForce = make(chan struct{})
		}
	}
}

// due returns the rooms that are to be subscribed and to be unsubscribed now.
func (r *Redis) due() (come, gone []chat.RoomID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	come, r.pending = r.pending, nil
	for id, f := range r.rooms {
		if !f.left.IsZero() && time.Since(f.left) >= r.pace.linger && isClosed(f.inForce) {
			delete(r.rooms, id)
			gone = append(gone, id)
		}
	}
	return come, gone
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
