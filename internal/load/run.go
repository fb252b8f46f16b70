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

// patience is how long nothing may come before it counts as missing.
const patience = 10 * time.Second

// refused stands in the place of a number where a message was refused.
const refused = -1

// run is one measurement.
type run struct {
	Options
	plan  plan
	rooms []*room
	conns []*conn
	cid   string // how the cids of this run begin

	connecting time.Duration
	again      atomic.Int64 // tries to connect beyond the first of each
	sent       int
	busy       time.Duration // processor time of this process, while it carried

	origin time.Time
	began  atomic.Int64 // when message 0 was due, in ns after origin
	last   atomic.Int64 // when the last delivery came, likewise

	answers      []atomic.Int64 // of each message: its number, refused, or 0
	open         atomic.Int64   // messages without an answer
	due          atomic.Int64   // deliveries that the confirmed ones make
	done         atomic.Int64   // deliveries
	moved        wake.Signal    // sent when one of these has changed
	confirmation histogram
	delivery     histogram
	lateness     histogram // of this tool, which the others include

	mu       sync.Mutex
	refusals map[chat.Code]int
	closing  sync.Once
	lost     map[string]int // connections that ended by themselves, by why
}

func newRun(o Options, rooms []*room) *run {
	p := newPlan(o)
	return &run{
		Options: o, plan: p, rooms: rooms,
		cid:    fmt.Sprintf("%08x-0000-4000-8000-", rand.Uint32()),
		origin: time.Now(), answers: make([]atomic.Int64, len(p.senders)), moved: wake.NewSignal(),
		refusals: map[chat.Code]int{}, lost: map[string]int{},
	}
}

// carry sends what is planned and waits until all of it has come, or nothing comes
// any more.
func (r *run) carry(ctx context.Context) error {
	r.say("sending %d messages in %s", len(r.plan.senders), r.For)
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
	r.settle(ctx)
	after, err := processCPU()
	r.busy = after - before
	if ctx.Err() != nil {
		return fmt.Errorf("stopped before the end: %w", context.Cause(ctx))
	}
	r.fence(ctx)
	return err
}

func (r *run) send(k int, c *conn) {
	r.sent++
	r.open.Add(1)
	// A connection that has ended tells why by itself; the message stays unanswered.
	_ = c.command(firstSend+k, "message:send", wire.MessageSend{
		RoomID: c.room.id, CID: fmt.Sprintf("%s%012x", r.cid, k),
		Text: fmt.Sprintf("Message %d of a load run, about as long as what people write to each other.", k),
	})
}

// number tells which message of this run bears the cid.
func (r *run) number(cid chat.CID) (int, bool) {
	digits, ours := strings.CutPrefix(string(cid), r.cid)
	k, err := strconv.ParseUint(digits, 16, 48)
	return int(k), ours && err == nil && int(k) < len(r.answers)
}

// waited is how long after its time something of message k came.
func (r *run) waited(k int, at time.Time) time.Duration {
	return at.Sub(r.origin) - time.Duration(r.began.Load()) - r.plan.due(k)
}

func (r *run) answered(k int, in *room, h heard, at time.Time) error {
	if k >= len(r.answers) {
		return fmt.Errorf("answer to a message that was not sent: %d", k)
	}
	if h.kind != "message:confirmed" {
		e, ok := errors.AsType[*client.Error](refusal(h))
		if !ok {
			return errors.New("unexpected answer " + h.kind)
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
		r.moved.Send()
	}
	return nil
}

func (r *run) refuse(code chat.Code) {
	r.mu.Lock()
	r.refusals[code]++
	r.mu.Unlock()
	r.open.Add(-1)
	r.moved.Send()
}

func (r *run) delivered(k int, at time.Time) {
	r.delivery.add(r.waited(k, at))
	r.last.Store(int64(at.Sub(r.origin)))
	r.done.Add(1)
	r.moved.Send()
}

// settle waits until every message is answered and every confirmed one delivered.
func (r *run) settle(ctx context.Context) {
	quiet := time.NewTimer(patience)
	defer quiet.Stop()
	for r.open.Load() > 0 || r.done.Load() < r.due.Load() {
		select {
		case <-r.moved:
			quiet.Reset(patience)
		case <-quiet.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// fence asks every client how far its room is. What was on its way twice, or without
// having been confirmed, comes before the answer.
func (r *run) fence(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, c := range r.conns {
		_ = c.command(pingID, "ping", wire.Ping{}) // who has ended does not answer
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

// close ends all connections. Those that have ended before are lost.
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
