package bus

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wake"
)

// shard is the single Redis or a primary of a cluster, with what this node publishes to it
// and the subscription there.
type shard struct {
	bus    *Redis
	client *redis.Client // nil until the cluster is known
	addr   string
	out    chan publication
	wake   wake.Signal // sent if there is something to subscribe or unsubscribe
	end    context.CancelFunc

	// Guarded by the mutex of the bus.
	owned     []int // the partitions that it serves
	next      int   // see anyPartition
	pending   []chat.RoomID
	added     []int // partitions to be subscribed on the present subscription
	removed   []int // partitions to be unsubscribed
	confirmed []int // partitions that become active with the next canary
	down      chan struct{}
}

func newShard(r *Redis, client *redis.Client) *shard {
	s := &shard{bus: r, client: client, out: make(chan publication, outgoing), wake: wake.NewSignal(), down: make(chan struct{})}
	if client != nil {
		s.addr = client.Options().Addr
	}
	close(s.down)
	return s
}

// run publishes and receives until ctx ends.
func (s *shard) run(ctx context.Context) {
	var parts sync.WaitGroup
	parts.Go(func() { s.publish(ctx) })
	s.subscribe(ctx)
	parts.Wait()
}

// subscribe runs one subscription after the other until ctx ends.
func (s *shard) subscribe(ctx context.Context) {
	r := s.bus
	minRetry := r.timing.maxRetry / 8
	wait, logged := minRetry, false
	for ctx.Err() == nil {
		sub := newSubscription(s)
		err := sub.run(ctx)
		s.setDown(err)
		if ctx.Err() != nil {
			return
		}
		r.metrics.BusRenewed.Inc()
		r.reroute.Send() // the shard may have another primary
		if sub.verified {
			wait, logged = minRetry, false
		}
		if !logged { // one line per outage, not per attempt
			r.log.Warn("bus subscription failed", s.attributes("err", err)...)
			logged = true
		}
		// Jitter keeps the nodes from reconnecting to Redis at the same moment.
		pause(ctx, wait/2+rand.N(wait/2))
		wait = min(2*wait, r.timing.maxRetry)
	}
}

// attributes adds the address of a shard of a cluster to those of a log line.
func (s *shard) attributes(list ...any) []any {
	if s.bus.sharded {
		list = append(list, "shard", s.addr)
	}
	return list
}

// begin returns the channels of all partitions for a new subscription.
func (s *shard) begin() [][]string {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	s.pending, s.added, s.removed, s.confirmed = nil, nil, nil, nil
	return s.bus.begin(s.owned)
}

// setDown records that no room is subscribed at this shard any more.
func (s *shard) setDown(fault error) {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if !isClosed(s.down) {
		close(s.down)
	}
	s.confirmed = nil
	s.bus.deactivate(s.owned, fault)
}

// changes returns the channels that must be subscribed and unsubscribed now, separately for
// each partition.
func (s *shard) changes() (subscribe, unsubscribe [][]string) {
	r := s.bus
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range s.removed {
		if r.parts[p].owner != s {
			unsubscribe = append(unsubscribe, s.channelsOf(p))
		}
	}
	groups := map[int][]string{}
	for id, f := range r.rooms {
		p := r.layout.Of(int64(id))
		if !f.unfollowedAt.IsZero() && time.Since(f.unfollowedAt) >= r.timing.unsubscribeDelay && isClosed(f.subscribed) && r.parts[p].owner == s {
			delete(r.rooms, id)
			groups[p] = append(groups[p], r.roomChannel(id))
		}
	}
	for _, channels := range groups {
		unsubscribe = append(unsubscribe, channels)
	}
	added := slices.DeleteFunc(s.added, func(p int) bool { return r.parts[p].owner != s })
	subscribe = r.begin(added)
	rooms := map[int][]string{}
	for _, id := range s.pending {
		p := r.layout.Of(int64(id))
		if r.parts[p].owner == s && !slices.Contains(added, p) {
			rooms[p] = append(rooms[p], r.roomChannel(id))
		}
	}
	for _, channels := range rooms {
		subscribe = append(subscribe, channels)
	}
	s.pending, s.added, s.removed = nil, nil, nil
	return subscribe, unsubscribe
}

// channelsOf returns all channels of a partition. mu is held.
func (s *shard) channelsOf(partition int) []string {
	r := s.bus
	channels := []string{r.canaryChannel(partition), r.nodesChannel(partition)}
	for id := range r.rooms {
		if r.layout.Of(int64(id)) == partition {
			channels = append(channels, r.roomChannel(id))
		}
	}
	return channels
}

// confirm records that the subscription receives a channel, which is that of a room unless
// room is 0. It returns false if that was recorded before: then the client library has
// reconnected without telling us.
func (s *shard) confirm(partition int, room chat.RoomID) bool {
	r := s.bus
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.parts[partition]
	if p.owner != s {
		return true
	}
	switch f := r.rooms[room]; {
	case room == 0 && p.unconfirmed == 0: // the channels of this node are subscribed once, by begin
		return false
	case f == nil:
	case isClosed(f.subscribed):
		return false
	default:
		close(f.subscribed)
		r.sendMissed(room, f)
	}
	if p.unconfirmed > 0 {
		if p.unconfirmed--; p.unconfirmed == 0 {
			s.confirmed = append(s.confirmed, partition)
			if !slices.ContainsFunc(s.owned, func(n int) bool { return r.parts[n].unconfirmed > 0 }) {
				s.enqueue(publication{}) // a canary, which verifies the subscription
			}
		}
	}
	return true
}

// activate is called when a canary was received. The confirmed partitions are verified by
// it. Earlier events may have been lost, so it schedules a call of Missed. It reports whether
// every partition of the shard is active.
func (s *shard) activate() bool {
	r := s.bus
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(s.confirmed) > 0 {
		for _, p := range s.confirmed {
			if part := &r.parts[p]; part.owner == s && part.unconfirmed == 0 {
				part.active, part.fault, part.lostFrom = true, nil, nil
				r.setSuspect(p, false)
				r.lose(p, loss{rooms: true, users: true})
			}
		}
		s.confirmed = nil
		if isClosed(s.down) {
			s.down = make(chan struct{})
			r.log.Info("bus subscription active", s.attributes()...)
		}
	}
	return len(s.owned) > 0 && !slices.ContainsFunc(s.owned, func(p int) bool { return !r.parts[p].active })
}

// lost records that the server no longer owns a partition, as it has sent.
func (s *shard) lost(partition int) {
	r := s.bus
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.parts[partition]
	if p.owner != s {
		return
	}
	p.fault = errMoved
	r.assign(nil, partition)
	p.lostFrom, p.lostAt = s, time.Now()
	r.reroute.Send()
}

// unsubscribed is called when a channel was unsubscribed, which is that of a room unless room
// is 0. If this node did not ask for it, the slot has moved.
func (s *shard) unsubscribed(partition int, room chat.RoomID) {
	r := s.bus
	r.mu.Lock()
	p := &r.parts[partition]
	f := r.rooms[room]
	moved := p.owner == s && (room == 0 && p.unconfirmed == 0 || f != nil && isClosed(f.subscribed))
	r.mu.Unlock()
	if moved {
		s.lost(partition)
	}
}

// anyPartition returns a partition of s: each in turn, so that the canary of the others is not
// affected if one of them moves.
func (s *shard) anyPartition() (int, bool) {
	if !s.bus.sharded {
		return 0, true
	}
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	if len(s.owned) == 0 {
		return 0, false
	}
	s.next = (s.next + 1) % len(s.owned)
	return s.owned[s.next], true
}
