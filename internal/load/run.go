package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wake"
)

// timeout is how long the run waits without progress before messages count as missing.
const timeout = 10 * time.Second

// refused replaces the number of a refused message.
const refused = -1

// run is one measurement.
type run struct {
	Options
	kind    scenario
	plan    plan
	http    *http.Client
	sources *sources
	alone   processMetrics // of the servers, before the first client connected
	rooms   []*room
	conns   []*conn
	cid     string  // prefix of the cids of this run
	out     *Report // scenarios add their sections

	connecting time.Duration
	again      atomic.Int64 // connection attempts beyond the first of each client
	sent       int
	busy       time.Duration // CPU time of this process during the measurement

	origin time.Time
	began  atomic.Int64 // when message 0 was due, in ns after origin
	last   atomic.Int64 // when the last delivery was received, likewise
	// lastAnswer is when the last message was confirmed, likewise.
	lastAnswer atomic.Int64

	answers      []atomic.Int64 // of each message: its number, refused, or 0
	open         atomic.Int64   // messages without a response
	due          atomic.Int64   // expected deliveries of confirmed messages
	done         atomic.Int64   // deliveries
	progressed   wake.Signal    // sent when one of these has changed
	confirmation histogram
	delivery     histogram
	sameNode     *histogram // deliveries to clients at the sender's address; nil if there is one address
	otherNode    *histogram // deliveries to the other clients
	lateness     histogram  // of this tool, included in the other latencies

	mu       sync.Mutex
	refusals map[chat.Code]int
	failures map[string]int // attempts to reconnect, by reason
	closing  sync.Once
	lost     map[string]int // connections that ended early, by reason
}

func newRun(o Options, rooms []*room) *run {
	p := newPlan(o)
	kind, _ := findScenario(o.Scenario)
	r := &run{
		Options: o, kind: kind, plan: p, rooms: rooms, sources: newSources(o.Sources), out: &Report{},
		cid:    fmt.Sprintf("%08x-0000-4000-8000-", rand.Uint32()),
		origin: time.Now(), answers: make([]atomic.Int64, len(p.senders)), progressed: wake.NewSignal(),
		refusals: map[chat.Code]int{}, failures: map[string]int{}, lost: map[string]int{},
	}
	if p.urls > 1 {
		r.sameNode, r.otherNode = &histogram{}, &histogram{}
	}
	return r
}

// measure runs the scenario and measures the CPU time of this process.
func (r *run) measure(ctx context.Context) error {
	before, err := processCPU()
	if err != nil {
		return err
	}
	if err := r.kind.measure(ctx, r); err != nil {
		return err
	}
	after, err := processCPU()
	r.busy = after - before
	return err
}

// awaitHeads requests the head of the room for every client and returns the number of responses. Duplicate
// or unconfirmed messages in transit arrive before the response.
func (r *run) awaitHeads(ctx context.Context) (alive int) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for _, c := range r.conns {
		c.requestHead()
	}
	for _, c := range r.conns {
		if c.await(ctx, c.pongs) == nil {
			alive++
		}
	}
	return alive
}

// close closes all connections. Those that ended earlier are lost.
func (r *run) close() {
	r.closing.Do(func() {
		for _, c := range r.conns {
			select {
			case <-c.ended:
				r.lost[reason(c.err)]++
			default:
				c.raw.close()
			}
		}
		for _, c := range r.conns {
			<-c.ended
		}
	})
}
