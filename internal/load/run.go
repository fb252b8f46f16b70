package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/gateway"
)

const (
	dialing  = 32               // how many connect at the same moment
	tries    = 5                // to connect
	tryLater = 1013             // the close code
	patience = 10 * time.Second // how long nothing may come before it counts as missing
)

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
	moved        chan struct{}  // has one element when one of these has changed
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
		origin: time.Now(), answers: make([]atomic.Int64, len(p.senders)), moved: make(chan struct{}, 1),
		refusals: map[chat.Code]int{}, lost: map[string]int{},
	}
}

// connect gives every client its seat.
func (r *run) connect(ctx context.Context, users []*client.Client) error {
	r.say("connecting %d clients", r.Clients)
	began := time.Now()
	conns := make([]*conn, r.Clients)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(dialing)
	for i := range conns {
		group.Go(func() (err error) {
			conns[i], err = r.persist(ctx, users[r.plan.user(i)], r.rooms[r.plan.room(i)])
			return err
		})
	}
	err := group.Wait()
	r.connecting = time.Since(began)
	for _, c := range conns {
		if c != nil {
			r.conns = append(r.conns, c)
		}
	}
	if err != nil {
		return fmt.Errorf("connect client %d: %w", len(r.conns)+1, explain(err, "MAX_SOCKETS_PER_IP"))
	}
	return r.allowed(r.conns[0].limits)
}

// persist connects, again after a while where the server cannot do it now, as every
// client does.
func (r *run) persist(ctx context.Context, user *client.Client, room *room) (*conn, error) {
	for try := time.Duration(1); ; try++ {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		c, err := r.dial(ctx, user, room)
		if err == nil || try == tries || !passing(err) {
			return c, err
		}
		r.again.Add(1)
		if err := sleep(ctx, try*time.Second); err != nil {
			return nil, err
		}
	}
}

// passing tells whether the same may succeed later: UNAVAILABLE, or closed 1013.
func passing(err error) bool {
	e, refused := errors.AsType[*client.Error](err)
	end, ended := errors.AsType[closed](err)
	return refused && (e.Code == chat.Unavailable || e.Status == http.StatusServiceUnavailable) || ended && end.code == tryLater
}

// allowed asks whether the server's limits leave room for the plan.
func (r *run) allowed(limits gateway.ClientLimits) error {
	const ofRoom = 100 // a room takes as much as so many users
	users := float64(min(r.plan.users(), ofRoom*r.Rooms))
	if needed := int(math.Ceil(10 * r.Rate / users)); needed > limits.MessagesPer10s {
		return fmt.Errorf("the server takes %d messages in ten seconds from each of %d users: set RATE_LIMIT_MESSAGES to %d or more on it, or ask for a lower -rate",
			limits.MessagesPer10s, r.plan.users(), needed)
	}
	return nil
}

// explain names the variable by which an operator raises the limit that was met.
func explain(err error, variable string) error {
	if e, ok := errors.AsType[*client.Error](err); ok && e.Status == http.StatusTooManyRequests {
		return fmt.Errorf("the server's limit is reached: set %s higher on it, or ask for less: %w", variable, err)
	}
	return err
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
	_ = c.command(firstSend+k, "message:send", gateway.MessageSend{
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
	var confirmed gateway.MessageConfirmed
	if err := h.decode(&confirmed); err != nil {
		return err
	}
	if r.answers[k].CompareAndSwap(0, int64(confirmed.Seq)) {
		r.confirmation.add(r.waited(k, at))
		r.due.Add(int64(in.members))
		r.open.Add(-1)
		r.move()
	}
	return nil
}

func (r *run) refuse(code chat.Code) {
	r.mu.Lock()
	r.refusals[code]++
	r.mu.Unlock()
	r.open.Add(-1)
	r.move()
}

func (r *run) delivered(k int, at time.Time) {
	r.delivery.add(r.waited(k, at))
	r.last.Store(int64(at.Sub(r.origin)))
	r.done.Add(1)
	r.move()
}

func (r *run) move() {
	select {
	case r.moved <- struct{}{}:
	default:
	}
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
		_ = c.command(pingID, "ping", gateway.Ping{}) // who has ended does not answer
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
				c.wire.close()
			}
		}
		for _, c := range r.conns {
			<-c.ended
		}
	})
}

// report sums up. All connections have ended.
func (r *run) report() *Report {
	report := &Report{
		URL: r.URL, Clients: len(r.conns), Rooms: len(r.rooms), Rate: r.Rate, Seconds: r.For.Seconds(), Seed: r.Seed,
		ConnectSeconds: r.connecting.Seconds(), TriedAgain: int(r.again.Load()), Lost: maps.Clone(r.lost),
		Messages:  Messages{Sent: r.sent, Unanswered: int(r.open.Load()), Refused: r.refusals},
		Confirmed: r.confirmation.latency(), Delivered: r.delivery.latency(), Late: r.lateness.latency(),
	}
	heads := r.heads()
	d := &report.Deliveries
	frames, bytes := 0, 0
	for _, c := range r.conns {
		d.Count += c.events
		frames += c.frames
		bytes += c.bytes
		d.Missing += c.sequence.missing(heads[c.room])
		d.Twice += c.sequence.twice
		d.OutOfOrder += c.sequence.behind
	}
	for _, room := range r.rooms {
		d.Twice += room.repeated
		d.OutOfOrder += room.disputed
	}
	for k := range r.answers {
		if r.answers[k].Load() > 0 {
			report.Messages.Confirmed++
		}
	}
	d.OutOfOrder += r.misnumbered()
	d.PerSecond = per(float64(d.Count), time.Duration(r.last.Load()-r.began.Load()).Seconds())
	d.PerFrame = per(float64(d.Count), float64(frames))
	d.Bytes = int(per(float64(bytes), float64(d.Count)))
	report.ToolMicros = per(micros(r.busy), float64(d.Count))
	return report
}

// heads are the last numbers of the rooms that anybody was told.
func (r *run) heads() map[*room]chat.Seq {
	heads := map[*room]chat.Seq{}
	for _, c := range r.conns {
		heads[c.room] = max(heads[c.room], c.head)
	}
	for k, client := range r.plan.senders {
		if room := r.conns[client].room; r.answers[k].Load() > 0 {
			heads[room] = max(heads[room], chat.Seq(r.answers[k].Load()))
		}
	}
	return heads
}

// misnumbered counts the messages that were confirmed with another number than they
// were delivered with.
func (r *run) misnumbered() (n int) {
	for k, client := range r.plan.senders {
		confirmed := chat.Seq(r.answers[k].Load())
		told := r.conns[client].room.numbers[chat.CID(fmt.Sprintf("%s%012x", r.cid, k))]
		if confirmed > 0 && told > 0 && confirmed != told {
			n++
		}
	}
	return n
}
