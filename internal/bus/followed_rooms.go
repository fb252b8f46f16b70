package bus

import (
	"context"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// followedRooms contains the rooms that this node follows and the state of their
// subscriptions.
type followedRooms struct {
	mu      sync.Mutex
	rooms   map[chat.RoomID]*followedRoom
	pending []chat.RoomID // to be subscribed on the present subscription
	down    chan struct{} // closed while no subscription is verified
}

type followedRoom struct {
	subscribed   chan struct{} // closed while the subscription receives the room
	reportMissed bool          // Follow returned too early: call Missed when subscribed
	unfollowedAt time.Time     // zero while the room is followed
}

func newFollowedRooms() followedRooms {
	down := make(chan struct{})
	close(down)
	return followedRooms{rooms: map[chat.RoomID]*followedRoom{}, down: down}
}

// Follow implements wire.Bus. It returns at once if the room is subscribed already, or if no
// subscription is verified now.
func (r *Redis) Follow(ctx context.Context, room chat.RoomID) {
	r.mu.Lock()
	f := r.rooms[room]
	if f == nil {
		f = &followedRoom{subscribed: make(chan struct{})}
		r.rooms[room] = f
		r.pending = append(r.pending, room)
		r.wake.Send()
	}
	f.unfollowedAt = time.Time{}
	subscribed, down := f.subscribed, r.down
	r.mu.Unlock()

	timeout := time.NewTimer(r.timing.followTimeout)
	defer timeout.Stop()
	select {
	case <-subscribed:
		return
	case <-down:
	case <-timeout.C:
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f.reportMissed = true
	if isClosed(f.subscribed) { // just now, perhaps after the caller's read of the store
		r.sendMissed(f)
	}
}

// Unfollow implements wire.Bus. The room stays subscribed for timing.unsubscribeDelay, so
// that a reconnect is cheap.
func (r *Redis) Unfollow(room chat.RoomID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.rooms[room]; f != nil && f.unfollowedAt.IsZero() {
		f.unfollowedAt = time.Now()
	}
}

// sendMissed schedules a call of Missed if a Follow of the room returned too early. mu is
// held.
func (r *Redis) sendMissed(f *followedRoom) {
	if f.reportMissed {
		f.reportMissed = false
		r.missed.Send()
	}
}

// confirm records that the subscription receives room. It returns false if that was recorded
// before: then the client library has reconnected without telling us.
func (r *Redis) confirm(room chat.RoomID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.rooms[room]
	if f == nil {
		return true
	}
	if isClosed(f.subscribed) {
		return false
	}
	close(f.subscribed)
	r.sendMissed(f)
	return true
}

// allRooms returns the rooms for a new subscription. It drops the rooms that are no longer
// followed.
func (r *Redis) allRooms() []chat.RoomID {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = nil
	rooms := make([]chat.RoomID, 0, len(r.rooms))
	for id, f := range r.rooms {
		if !f.unfollowedAt.IsZero() {
			delete(r.rooms, id)
			continue
		}
		rooms = append(rooms, id)
	}
	return rooms
}

// setUp records that the present subscription is verified. Earlier events may have been
// lost, so it schedules a call of Missed.
func (r *Redis) setUp() {
	r.mu.Lock()
	r.down = make(chan struct{})
	r.mu.Unlock()
	r.setSuspect(false)
	r.missed.Send()
	r.log.Info("bus subscription active")
}

// setDown records that no room is subscribed any more.
func (r *Redis) setDown() {
	r.setSuspect(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !isClosed(r.down) {
		close(r.down)
	}
	for _, f := range r.rooms {
		if isClosed(f.subscribed) {
			f.subscribed = make(chan struct{})
		}
	}
}

// takePending returns the rooms that must be subscribed and unsubscribed now.
func (r *Redis) takePending() (subscribe, unsubscribe []chat.RoomID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	subscribe, r.pending = r.pending, nil
	for id, f := range r.rooms {
		if !f.unfollowedAt.IsZero() && time.Since(f.unfollowedAt) >= r.timing.unsubscribeDelay && isClosed(f.subscribed) {
			delete(r.rooms, id)
			unsubscribe = append(unsubscribe, id)
		}
	}
	return subscribe, unsubscribe
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
