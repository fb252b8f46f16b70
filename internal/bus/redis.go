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

// Queues between the goroutines of a Redis bus. Each is bounded: what does not fit
// is dropped, counted, and found again through the heads.
const (
	outgoing = 8192 // to be published
	incoming = 8192 // received, for the sink
)

// pace is how often and how long; tests take another one.
type pace struct {
	canary time.Duration // a sign of life to ourselves, each
	deaf   time.Duration // without one: the subscription is not believed any more
	follow time.Duration // how long Follow waits for a subscription at most
	linger time.Duration // how long a room stays subscribed after Unfollow
	retry  time.Duration // between attempts to subscribe, at most
}

var usual = pace{
	canary: time.Second, deaf: 4 * time.Second, follow: time.Second, linger: 30 * time.Second, retry: time.Second,
}

// Redis is one node's bus over Redis pub/sub. Publishing goes in pipelines by one
// goroutine. Receiving has one connection with a channel for each followed room,
// read by a loop of our own: the client library's channel drops when it is full,
// and its reconnecting hides that something was lost.
//
// Whether the subscription lives is known by a canary: the node publishes to its
// own channel and must hear itself. Silence, an error, or a reply that shows that
// the library reconnected ends the subscription; a new one is made, and when it is
// in force, Missed is told.
//
// It serves a single Redis or one with replicas behind a single address. Channel
// names carry the number of the database, which pub/sub itself ignores, so that
// two installations can share a server.
type Redis struct {
	client  *redis.Client
	metrics *metrics.Metrics
	log     *slog.Logger
	pace    pace
	began   time.Time // the clock of probes counts from here; it is monotonic

	prefix  string // of all channels
	self    string // the channel of the canary
	notices string

	out     chan publication
	in      chan delivery
	missed  wake.Signal // has one element when Missed is to be told
	wake    wake.Signal // has one element when there are rooms to subscribe
	suspect atomic.Bool
	fault   atomic.Pointer[error] // of the last subscription; nil before its first fault

	following
}

// NewRedis makes the bus of the node of that name, which no other process has. It
// receives and sends while it runs; until then it is suspect.
func NewRedis(client *redis.Client, node string, m *metrics.Metrics, log *slog.Logger) *Redis {
	prefix := "chillin:" + strconv.Itoa(client.Options().DB) + ":"
	r := &Redis{
		client: client, metrics: m, log: log, pace: usual, began: time.Now(),
		prefix: prefix, self: prefix + "node:" + node, notices: prefix + "notices",
		out: make(chan publication, outgoing), in: make(chan delivery, incoming),
		missed: wake.NewSignal(), wake: wake.NewSignal(),
		following: newFollowing(),
	}
	r.setSuspect(true)
	return r
}

// Suspect tells whether events may be getting lost: there is no subscription of
// which we know that it hears us.
func (r *Redis) Suspect() bool { return r.suspect.Load() }

// Errorf returns why Suspect is true: ErrStarting before the first subscription has come
// about or failed. It is nil while the node hears itself.
func (r *Redis) Fault() error {
	if !r.Suspect() {
		return nil
	}
	if fault := r.fault.Load(); fault != nil {
		return *fault
	}
	return ErrStarting
}

// ErrStarting is the Errorf of a bus that has only begun to subscribe.
var ErrStarting = errors.New("the first subscription is not in force yet")

func (r *Redis) setSuspect(suspect bool) {
	r.suspect.Store(suspect)
	value := 0.0
	if suspect {
		value = 1
	}
	r.metrics.BusSuspect.Set(value)
}

// Run receives and sends until ctx ends, and then sends what is queued, within two
// seconds.
func (r *Redis) Run(ctx context.Context, sink wire.Sink) error {
	var parts sync.WaitGroup
	parts.Go(func() { r.publish(ctx) })
	parts.Go(func() { r.deliver(ctx, sink) })
	r.subscribe(ctx)
	parts.Wait()
	return nil
}

// subscribe keeps a subscription, one after the other, until ctx ends.
func (r *Redis) subscribe(ctx context.Context) {
	shortest := r.pace.retry / 8
	wait, quiet := shortest, false
	for ctx.Err() == nil {
		s := newSubscription(r)
		err := s.run(ctx)
		r.distrust()
		if ctx.Err() != nil {
			return
		}
		r.fault.Store(&err)
		r.metrics.BusRenewed.Inc()
		if s.trusted {
			wait, quiet = shortest, false
		}
		if !quiet { // one line for an outage, not one for each attempt
			r.log.Warn("bus subscription lost", "err", err)
			quiet = true
		}
		// Jitter keeps the nodes from coming back to Redis all at once.
		pause(ctx, wait/2+rand.N(wait/2))
		wait = min(2*wait, r.pace.retry)
	}
}

// pause waits, at most until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// deliver calls the sink, alone.
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

// delivery is what was received: an envelope or a probe of this node.
type delivery struct {
	envelope *wire.Envelope
	probe    time.Duration // see publication
}

// push queues d for deliver without blocking.
func (r *Redis) push(d delivery) {
	select {
	case r.in <- d:
	default:
		r.missed.Send()
	}
}

// Queued returns how many events and notices wait to be published, and how many this node
// has received and not handled yet.
func (r *Redis) Queued() (toPublish, received int) { return len(r.out), len(r.in) }

func (r *Redis) roomChannel(room chat.RoomID) string {
	return r.prefix + "room:" + strconv.FormatInt(int64(room), 10)
}
