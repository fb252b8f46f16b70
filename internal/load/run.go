package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wake"
	"github.com/chillin-chat/chillin/internal/wire"
)

// timeout is how long the run waits without progress before messages count as missing.
const timeout = 10 * time.Second

// refused replaces the number of a refused message.
const refused = -1

// run is one measurement.
type run struct {
	Options
	plan  plan
	rooms []*room
	conns []*conn
	cid   string // prefix of the cids of this run

	connecting time.Duration
	again      atomic.Int64 // connection attempts beyond the first of each client
	sent       int
	busy       time.Duration // CPU time of this process during the measurement

	origin time.Time
	began  atomic.Int64 // when message 0 was due, in ns after origin
	last   atomic.Int64 // when the last delivery was received, likewise

	answers      []atomic.Int64 // of each message: its number, refused, or 0
	open         atomic.Int64   // messages without a response
	due          atomic.Int64   // expected deliveries of confirmed messages
	done         atomic.Int64   // deliveries
	progressed   wake.Signal    // sent when one of these has changed
	confirmation histogram
	delivery     histogram
	lateness     histogram // of this tool, included in the other latencies

	mu       sync.Mutex
	refusals map[chat.Code]int
	closing  sync.Once
	lost     map[string]int // connections that ended early, by reason
}

func newRun(o Options, rooms []*room) *run {
	p := newPlan(o)
	return &run{
		Options: o, plan: p, rooms: rooms,
		cid:    fmt.Sprintf("%08x-0000-4000-8000-", rand.Uint32()),
		origin: time.Now(), answers: make([]atomic.Int64, len(p.senders)), progressed: wake.NewSignal(),
		refusals: map[chat.Code]int{}, lost: map[string]int{},
	}
}

// sendAll sends the planned messages and waits until all are received, or until there is no more
// progress.
func (r *run) sendAll(ctx context.Context) error {
	r.progress("sending %d messages in %s", len(r.plan.senders), r.For)
	before, err := processCPU()
	if err != nil {
		return err
	}
	began := time.Now()
	r.began.Store(int64(began.Sub(r.origin)))
	r.plan.follow(ctx, began, func(k, client int, due time.Time) {
		r.lateness.add(time.Since(due))
		r.send(k, r.conns[client])
	})
	r.awaitDeliveries(ctx)
	after, err := processCPU()
	r.busy = after - before
	if ctx.Err() != nil {
		return fmt.Errorf("stopped early: %w", context.Cause(ctx))
	}
	r.awaitHeads(ctx)
	return err
}

func (r *run) send(k int, c *conn) {
	r.sent++
	r.open.Add(1)
	// A connection that has ended reports the reason itself; the message stays unanswered.
	_ = c.command(firstSend+k, "message:send", wire.MessageSend{
		RoomID: c.room.id, CID: fmt.Sprintf("%s%012x", r.cid, k),
		Text: fmt.Sprintf("Message %d of a load run, about as long as what people write to each other.", k),
	})
}

// number returns the message of this run that has the cid.
func (r *run) number(cid chat.CID) (int, bool) {
	digits, ours := strings.CutPrefix(string(cid), r.cid)
	k, err := strconv.ParseUint(digits, 16, 48)
	return int(k), ours && err == nil && int(k) < len(r.answers)
}

// waited returns the time between the due time of message k and at.
func (r *run) waited(k int, at time.Time) time.Duration {
	return at.Sub(r.origin) - time.Duration(r.began.Load()) - r.plan.due(k)
}

func (r *run) answered(k int, in *room, h parsedLine, at time.Time) error {
	if k >= len(r.answers) {
		return fmt.Errorf("response to a message that was not sent: %d", k)
	}
	if h.kind != "message:confirmed" {
		e, ok := errors.AsType[*client.Error](refusal(h))
		if !ok {
			return errors.New("unexpected response " + h.kind)
		}
		if r.answers[k].CompareAndSwap(0, refused) {
			r.refuse(e.Code)
		}
		return nil
	}
	var confirmed wire.MessageConfirmed
	if err := h.decode(&confirmed); err != nil {
		return err
	}
	if r.answers[k].CompareAndSwap(0, int64(confirmed.Seq)) {
		r.confirmation.add(r.waited(k, at))
		r.due.Add(int64(in.members))
		r.open.Add(-1)
		r.progressed.Send()
	}
	return nil
}

func (r *run) refuse(code chat.Code) {
	r.mu.Lock()
	r.refusals[code]++
	r.mu.Unlock()
	r.open.Add(-1)
	r.progressed.Send()
}

func (r *run) delivered(k int, at time.Time) {
	r.delivery.add(r.waited(k, at))
	r.last.Store(int64(at.Sub(r.origin)))
	r.done.Add(1)
	r.progressed.Send()
}

// awaitDeliveries waits until every message is answered and every confirmed one is delivered.
func (r *run) awaitDeliveries(ctx context.Context) {
	quiet := time.NewTimer(timeout)
	defer quiet.Stop()
	for r.open.Load() > 0 || r.done.Load() < r.due.Load() {
		select {
		case <-r.progressed:
			quiet.Reset(timeout)
		case <-quiet.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// awaitHeads requests the head of the room for every client. Duplicate or unconfirmed messages in transit
// arrive before the response.
func (r *run) awaitHeads(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for _, c := range r.conns {
		_ = c.command(pingID, "ping", wire.Ping{}) // ended connections do not answer
	}
	for _, c := range r.conns {
		select {
		case <-c.ponged:
		case <-c.ended:
		case <-ctx.Done():
			return
		}
	}
}

// close closes all connections. Those that ended earlier are lost.
func (r *run) close() {
	r.closing.Do(func() {
		for _, c := range r.conns {
			select {
			case <-c.ended:
				r.lost[c.err.Error()]++
			default:
				c.raw.close()
			}
		}
		for _, c := range r.conns {
			<-c.ended
		}
	})
}
