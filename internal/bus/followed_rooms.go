package bus

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// followedRooms contains the rooms that this node follows, the state of their
// subscriptions, and the partitions.
type followedRooms struct {
	mu    sync.Mutex
	rooms map[chat.RoomID]*followedRoom
	parts []partition
	lost  []loss // by partition
}

type followedRoom struct {
	subscribed   chan struct{} // closed while the subscription receives the room
	reportMissed bool          // Follow returned too early: call Missed when subscribed
	unfollowedAt time.Time     // zero while the room is followed
}

// loss says for what of a partition the sink must be told that envelopes may have been lost.
type loss struct{ rooms, users bool }

// partition is a part of the rooms and users, which one shard serves.
type partition struct {
	owner       *shard // nil while no shard is known
	unconfirmed int    // channels of begin that Redis has not confirmed yet
	active      bool   // all channels are confirmed, and a canary was received after that
	fault       error  // why it is not active
	// The shard that has sent that it no longer owns the partition, and when.
	lostFrom *shard
	lostAt   time.Time
}

func newFollowedRooms(partitions int) followedRooms {
	return followedRooms{
		rooms: map[chat.RoomID]*followedRoom{}, parts: make([]partition, partitions), lost: make([]loss, partitions),
	}
}

// nowhere is the down channel of a partition without a shard.
var nowhere = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// part returns the partition of a room. mu is held.
func (r *Redis) part(room chat.RoomID) *partition { return &r.parts[r.layout.Of(int64(room))] }

// Follow implements wire.Bus. It returns at once if the room is subscribed already, or if no
// subscription at its shard is verified now.
func (r *Redis) Follow(ctx context.Context, room chat.RoomID) {
	r.mu.Lock()
	owner, down := r.part(room).owner, nowhere
	if owner != nil {
		down = owner.down
	}
	f := r.rooms[room]
	if f == nil {
		f = &followedRoom{subscribed: make(chan struct{})}
		r.rooms[room] = f
		if owner != nil {
			owner.pending = append(owner.pending, room)
			owner.wake.Send()
		}
	}
	f.unfollowedAt = time.Time{}
	subscribed := f.subscribed
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
		r.sendMissed(room, f)
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
func (r *Redis) sendMissed(room chat.RoomID, f *followedRoom) {
	if f.reportMissed {
		f.reportMissed = false
		r.lose(r.layout.Of(int64(room)), loss{rooms: true})
	}
}

// lose schedules a call of Missed or MissedUsers for a partition. mu is held.
func (r *Redis) lose(partition int, what loss) {
	l := &r.lost[partition]
	l.rooms, l.users = l.rooms || what.rooms, l.users || what.users
	r.missed.Send()
}

// takeLost returns what was lost of each partition.
func (r *Redis) takeLost() []loss {
	r.mu.Lock()
	defer r.mu.Unlock()
	lost := slices.Clone(r.lost)
	clear(r.lost)
	return lost
}

// assign makes s the shard of a partition, nil if none is known. Its rooms are subscribed
// there. mu is held.
func (r *Redis) assign(s *shard, partition int) {
	p := &r.parts[partition]
	if before := p.owner; before != nil {
		before.owned = slices.DeleteFunc(before.owned, func(n int) bool { return n == partition })
		before.removed = append(before.removed, partition)
		before.wake.Send()
	}
	r.deactivate([]int{partition}, p.fault)
	if p.owner = s; s != nil {
		s.owned = append(s.owned, partition)
		s.added = append(s.added, partition)
		s.wake.Send()
	}
}

// deactivate records that no room of some partitions is subscribed any more. mu is held.
func (r *Redis) deactivate(partitions []int, fault error) {
	down := make([]bool, len(r.parts))
	for _, n := range partitions {
		p := &r.parts[n]
		p.active, p.unconfirmed, p.fault = false, 0, fault
		r.setSuspect(n, true)
		down[n] = true
	}
	for room, f := range r.rooms {
		if down[r.layout.Of(int64(room))] && isClosed(f.subscribed) {
			f.subscribed = make(chan struct{})
		}
	}
}

// begin returns the channels of partitions for a new subscription, separately for each
// partition. It drops the rooms that are no longer followed. mu is held.
func (r *Redis) begin(partitions []int) [][]string {
	groups := make(map[int][]string, len(partitions))
	for _, p := range partitions {
		groups[p] = []string{r.canaryChannel(p), r.nodesChannel(p)}
	}
	for id, f := range r.rooms {
		p := r.layout.Of(int64(id))
		if groups[p] == nil {
			continue
		}
		if !f.unfollowedAt.IsZero() {
			delete(r.rooms, id)
			continue
		}
		groups[p] = append(groups[p], r.roomChannel(id))
	}
	channels := make([][]string, 0, len(groups))
	for _, p := range partitions {
		r.parts[p].unconfirmed = len(groups[p])
		channels = append(channels, groups[p])
	}
	return channels
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
