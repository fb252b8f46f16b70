package bus

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/wake"
	"github.com/chillin-chat/chillin/internal/wire"
)

var _ wire.Bus = (*Redis)(nil)

// Sizes of the queues between the goroutines of a Redis bus. What does not fit is dropped
// and counted; the hub finds it by the heads.
const (
	outgoing = 8192 // to be published
	incoming = 8192 // received, for the sink
)

// timing contains intervals and time limits. Tests use shorter ones.
type timing struct {
	canaryInterval   time.Duration
	canaryTimeout    time.Duration // without a canary for that long the subscription is closed
	followTimeout    time.Duration // the maximum time that Follow waits
	unsubscribeDelay time.Duration // how long a room stays subscribed after Unfollow
	maxRetry         time.Duration // between attempts to subscribe
}

var defaultTiming = timing{
	canaryInterval: time.Second, canaryTimeout: 4 * time.Second, followTimeout: time.Second,
	unsubscribeDelay: 30 * time.Second, maxRetry: time.Second,
}

// Redis is one node's bus over Redis pub/sub. One goroutine publishes, in pipelines. One
// connection receives, with a channel for each followed room. It is read by our own loop:
// the client library's channel drops messages when it is full, and its reconnects hide that
// messages were lost.
//
// A canary shows whether the subscription works: the node publishes it to its own channel
// and must receive it. If it does not, after an error, or if a reply shows that the library
// has reconnected, the subscription is replaced by a new one. When that is verified, Missed
// is called.
//
// Redis may be a single server, or one with replicas behind a single address. Channel names
// contain the number of the database, which pub/sub ignores, so that two installations can
// share a server.
type Redis struct {
	client  *redis.Client
	metrics *metrics.Metrics
	log     *slog.Logger
	timing  timing
	began   time.Time // the start of the clock of probes, which is monotonic

	prefix        string // of all channels
	canaryChannel string // only this node subscribes to it
	nodesChannel  string // every node subscribes to it

	out     chan publication
	in      chan delivery
	missed  wake.Signal // sent if Missed must be called
	wake    wake.Signal // sent if there are rooms to subscribe
	suspect atomic.Bool
	fault   atomic.Pointer[error] // of the last subscription; nil before the first error

	followedRooms
}

// NewRedis returns the bus of a node. No other process may have its name. It receives and
// publishes while Run runs; before that it is suspect.
func NewRedis(client *redis.Client, node string, m *metrics.Metrics, log *slog.Logger) *Redis {
	prefix := "chillin:" + strconv.Itoa(client.Options().DB) + ":"
	r := &Redis{
		client: client, metrics: m, log: log, timing: defaultTiming, began: time.Now(),
		prefix: prefix, canaryChannel: prefix + "node:" + node, nodesChannel: prefix + "notices",
		out: make(chan publication, outgoing), in: make(chan delivery, incoming),
		missed: wake.NewSignal(), wake: wake.NewSignal(),
		followedRooms: newFollowedRooms(),
	}
	r.setSuspect(true)
	return r
}

// Suspect implements wire.Bus: events may be getting lost while no subscription is verified.
func (r *Redis) Suspect() bool { return r.suspect.Load() }

// Fault returns why Suspect is true, nil if it is false. It returns ErrStarting until the
// first subscription has been verified or has failed.
func (r *Redis) Fault() error {
	if !r.Suspect() {
		return nil
	}
	if fault := r.fault.Load(); fault != nil {
		return *fault
	}
	return ErrStarting
}

// ErrStarting is the Fault of a bus that is still subscribing for the first time.
var ErrStarting = errors.New("the first subscription is not active yet")

func (r *Redis) setSuspect(suspect bool) {
	r.suspect.Store(suspect)
	value := 0.0
	if suspect {
		value = 1
	}
	r.metrics.BusSuspect.Set(value)
}

// Run implements wire.Bus. When ctx ends it publishes what is queued, within two seconds.
func (r *Redis) Run(ctx context.Context, sink wire.Sink) error {
	var parts sync.WaitGroup
	parts.Go(func() { r.publish(ctx) })
	parts.Go(func() { r.deliver(ctx, sink) })
	r.subscribe(ctx)
	parts.Wait()
	return nil
}

// subscribe runs one subscription after the other until ctx ends.
func (r *Redis) subscribe(ctx context.Context) {
	minRetry := r.timing.maxRetry / 8
	wait, logged := minRetry, false
	for ctx.Err() == nil {
		s := newSubscription(r)
		err := s.run(ctx)
		r.setDown()
		if ctx.Err() != nil {
			return
		}
		r.fault.Store(&err)
		r.metrics.BusRenewed.Inc()
		if s.verified {
			wait, logged = minRetry, false
		}
		if !logged { // one line per outage, not per attempt
			r.log.Warn("bus subscription failed", "err", err)
			logged = true
		}
		// Jitter keeps the nodes from reconnecting to Redis at the same moment.
		pause(ctx, wait/2+rand.N(wait/2))
		wait = min(2*wait, r.timing.maxRetry)
	}
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
			sink.Missed()
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

// push queues d for deliver. It never blocks: if the queue is full, d is dropped and Missed
// is called.
func (r *Redis) push(d delivery) {
	select {
	case r.in <- d:
	default:
		r.missed.Send()
	}
}

// Queued returns how many envelopes wait to be published, and how many this node has
// received and not processed yet.
func (r *Redis) Queued() (toPublish, received int) { return len(r.out), len(r.in) }

func (r *Redis) roomChannel(room chat.RoomID) string {
	return r.prefix + "room:" + strconv.FormatInt(int64(room), 10)
}
