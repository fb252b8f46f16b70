package bus

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/redisclient"
	"github.com/chillin-chat/chillin/internal/wake"
	"github.com/chillin-chat/chillin/internal/wire"
)

var _ wire.Bus = (*Redis)(nil)

// Sizes of the queues between the goroutines of a Redis bus. What does not fit is dropped
// and counted; the hub finds it by the heads.
const (
	outgoing = 8192 // to be published, per shard
	incoming = 8192 // received, for the sink
)

// timing contains intervals and time limits. Tests use shorter ones.
type timing struct {
	canaryInterval   time.Duration
	canaryTimeout    time.Duration // without a canary for that long the subscription is closed
	followTimeout    time.Duration // the maximum time that Follow waits
	unsubscribeDelay time.Duration // how long a room stays subscribed after Unfollow
	maxRetry         time.Duration // between attempts to subscribe
	routeInterval    time.Duration // between reads of the owners of the partitions
}

var defaultTiming = timing{
	canaryInterval: time.Second, canaryTimeout: 4 * time.Second, followTimeout: time.Second,
	unsubscribeDelay: 30 * time.Second, maxRetry: time.Second, routeInterval: time.Second,
}

// Redis is one node's bus over Redis pub/sub. Its rooms and users are divided into
// partitions: one on a single Redis, 256 in a cluster. A partition is served by a shard,
// which is the single Redis or a primary of the cluster. For each shard one goroutine
// publishes, in pipelines, and one connection receives, with a channel for each followed
// room. It is read by our own loop: the client library's channel drops messages when it is
// full, and its reconnects hide that messages were lost.
//
// A canary shows whether a subscription works: the node publishes it to its own channel at
// the shard and must receive it. If it does not, after an error, or if a reply shows that the
// library has reconnected, the subscription is replaced by a new one. When that is verified,
// Missed is called for the rooms of the shard. The other shards are not affected.
//
// A single Redis may be one server, one with replicas behind a single address, or a primary
// that Sentinels replace. Channel names contain the number of the database, which pub/sub
// ignores, so that two installations can share a server. In a cluster they also contain the
// hash tag of the partition and are sharded (SSUBSCRIBE, SPUBLISH): only the shard of a room
// transports its events.
type Redis struct {
	client  *redisclient.Client
	metrics *metrics.Metrics
	log     *slog.Logger
	timing  timing
	began   time.Time // the start of the clock of probes, which is monotonic

	layout       redisclient.Layout
	sharded      bool   // the channels are those of a cluster
	namespace    string // of all channels
	canarySuffix string // of the channels to which only this node subscribes

	in      chan delivery
	missed  wake.Signal // sent if Missed must be called
	reroute wake.Signal // sent if the owners of partitions must be read
	// suspect contains for each partition whether its events may be getting lost, and
	// suspects how many are.
	suspect  []atomic.Bool
	suspects atomic.Int32
	// routes contains the shard of each partition for publishing.
	routes atomic.Pointer[[]*shard]

	followedRooms
}

// NewRedis returns the bus of a node. No other process may have its name. It receives and
// publishes while Run runs; before that it is suspect.
func NewRedis(client *redisclient.Client, node string, m *metrics.Metrics, log *slog.Logger) *Redis {
	return newRedis(client, client.Layout(), node, m, log)
}

func newRedis(client *redisclient.Client, layout redisclient.Layout, node string, m *metrics.Metrics, log *slog.Logger) *Redis {
	r := &Redis{
		client: client, metrics: m, log: log, timing: defaultTiming, began: time.Now(),
		layout: layout, sharded: client.Cluster != nil,
		namespace: "chillin:" + strconv.Itoa(client.DB) + ":", canarySuffix: "node:" + node,
		in: make(chan delivery, incoming), missed: wake.NewSignal(), reroute: wake.NewSignal(),
		suspect:       make([]atomic.Bool, layout.Partitions()),
		followedRooms: newFollowedRooms(layout.Partitions()),
	}
	for p := range r.suspect {
		r.suspect[p].Store(true)
	}
	r.suspects.Store(int32(layout.Partitions()))
	r.metrics.BusSuspect.Set(1)
	// Until the cluster is known, what is published waits in one queue.
	first := newShard(r, client.Server)
	routes := make([]*shard, layout.Partitions())
	for p := range routes {
		routes[p] = first
	}
	r.routes.Store(&routes)
	return r
}

// Suspect implements wire.Bus: events of some room or user may be getting lost while the
// subscription at its shard is not verified.
func (r *Redis) Suspect() bool { return r.suspects.Load() > 0 }

// SuspectRoom implements wire.Bus.
func (r *Redis) SuspectRoom(room chat.RoomID) bool { return r.suspect[r.layout.Of(int64(room))].Load() }

// SuspectUser implements wire.Bus.
func (r *Redis) SuspectUser(user chat.UserID) bool { return r.suspect[r.layout.Of(int64(user))].Load() }

// Deaf reports whether the events of all rooms and users may be getting lost.
func (r *Redis) Deaf() bool { return int(r.suspects.Load()) == len(r.suspect) }

// Fault returns why Suspect is true, nil if it is false. It returns ErrStarting until the
// first subscription has been verified or has failed.
func (r *Redis) Fault() error {
	if !r.Suspect() {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for p := range r.parts {
		if fault := r.parts[p].fault; fault != nil && r.suspect[p].Load() {
			return fault
		}
	}
	return ErrStarting
}

// ErrStarting is the Fault of a bus that is still subscribing for the first time.
var ErrStarting = errors.New("the first subscription is not active yet")

// setSuspect records the state of a partition. mu is held.
func (r *Redis) setSuspect(partition int, suspect bool) {
	if r.suspect[partition].Swap(suspect) == suspect {
		return
	}
	change := int32(-1)
	if suspect {
		change = 1
	}
	value := 0.0
	if r.suspects.Add(change) > 0 {
		value = 1
	}
	r.metrics.BusSuspect.Set(value)
}

// Run implements wire.Bus. When ctx ends it publishes what is queued, within two seconds.
func (r *Redis) Run(ctx context.Context, sink wire.Sink) error {
	var parts sync.WaitGroup
	parts.Go(func() { r.deliver(ctx, sink) })
	if r.sharded {
		r.runRoutes(ctx)
	} else {
		r.runSingle(ctx)
	}
	parts.Wait()
	return nil
}

// runSingle runs the only shard until ctx ends.
func (r *Redis) runSingle(ctx context.Context) {
	s := (*r.routes.Load())[0]
	r.mu.Lock()
	r.assign(s, 0)
	r.mu.Unlock()
	s.run(ctx)
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// deliver calls the sink; no other goroutine does.
func (r *Redis) deliver(ctx context.Context, sink wire.Sink) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.missed:
			lost := r.takeLost()
			if slices.ContainsFunc(lost, func(l loss) bool { return l.rooms }) {
				sink.Missed(func(room chat.RoomID) bool { return lost[r.layout.Of(int64(room))].rooms })
			}
			if slices.ContainsFunc(lost, func(l loss) bool { return l.users }) {
				sink.MissedUsers(func(user chat.UserID) bool { return lost[r.layout.Of(int64(user))].users })
			}
		case d := <-r.in:
			if d.envelope != nil {
				sink.Receive(*d.envelope)
			} else {
				r.metrics.BusDelivered(time.Since(r.began) - d.probe)
			}
		}
	}
}

// delivery is a received envelope or a received probe of this node.
type delivery struct {
	envelope *wire.Envelope
	probe    time.Duration // see publication
}

// push queues d for deliver. It never blocks: if the queue is full, d is dropped, and Missed or
// MissedUsers is called. A dropped probe is missed by nobody.
func (r *Redis) push(d delivery) {
	select {
	case r.in <- d:
		return
	default:
	}
	if d.envelope == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := d.envelope; e.Kind.ForRoom() {
		r.lose(r.layout.Of(int64(e.Room)), loss{rooms: true})
	} else {
		r.lose(r.layout.Of(int64(e.User)), loss{users: true})
	}
}

// Queued returns how many envelopes wait to be published, and how many this node has
// received and not processed yet.
func (r *Redis) Queued() (toPublish, received int) {
	seen := map[*shard]struct{}{}
	for _, s := range *r.routes.Load() {
		if _, counted := seen[s]; !counted {
			seen[s] = struct{}{}
			toPublish += len(s.out)
		}
	}
	return toPublish, len(r.in)
}

func (r *Redis) roomChannel(room chat.RoomID) string {
	return r.namespace + r.layout.Tag(r.layout.Of(int64(room))) + roomPart + strconv.FormatInt(int64(room), 10)
}

const roomPart = "room:"

// canaryChannel returns a channel to which only this node subscribes.
func (r *Redis) canaryChannel(partition int) string {
	return r.namespace + r.layout.Tag(partition) + r.canarySuffix
}

// nodesChannel returns a channel to which every node subscribes. In a cluster, envelopes
// about a user are in the partition of the user, others in one that works.
func (r *Redis) nodesChannel(partition int) string {
	return r.namespace + r.layout.Tag(partition) + "notices"
}

// partition returns the partition in which e is published.
func (r *Redis) partition(e *wire.Envelope) int {
	switch {
	case e.Kind.ForRoom():
		return r.layout.Of(int64(e.Room))
	case e.User != 0:
		return r.layout.Of(int64(e.User))
	}
	return r.working()
}

// working returns a partition that is not suspect, if there is one.
func (r *Redis) working() int {
	if len(r.suspect) == 1 {
		return 0
	}
	first := rand.N(len(r.suspect))
	for i := range r.suspect {
		if p := (first + i) % len(r.suspect); !r.suspect[p].Load() {
			return p
		}
	}
	return first
}
