package chaos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Scenario is one fault to test.
type Scenario struct {
	Name string
	// Short scenarios run with every change; the others run with make chaos.
	Short bool
	// Disk gives Postgres a separate disk of this many bytes, and so the scenario has its own rig.
	Disk int64
	// Pooled and Replica give the scenario a rig with PgBouncer or a standby.
	Pooled, Replica bool
	// Presence makes the run wait until a lease would have ended, and then check who is shown as
	// online.
	Presence bool
	// On are the kinds of Redis that can have the fault; all if it is empty.
	On []RedisKind
	// Takes is the duration of the fault, if it is longer than usual.
	Takes time.Duration
	// Fault injects the fault, for its duration, and repairs it.
	Fault func(ctx context.Context, r *Run) error
	// Pass returns violated limits besides the guarantees, or nil.
	Pass func(r *Run, f Figures) []string
}

// ownRig reports whether the scenario needs a rig of its own.
func (s Scenario) ownRig() bool { return s.Disk > 0 || s.Pooled || s.Replica }

// Run is a running scenario.
type Run struct {
	*Rig
	Scenario Scenario
	Clients  *Clients
	History  *History
	// Long runs use the full durations; other runs use shorter ones.
	Long bool
	// Broken is the time from the beginning of the fault until everything was repaired.
	Broken Span
	// Notes are further figures for the table.
	Notes []string
	// complaints are figures out of bounds that the fault function found.
	complaints []string
	// spared are the rooms on shards that work, if one is gone.
	spared map[chat.RoomID]bool

	chance *rand.Rand // the random choices of the faults
	// unavailable is how many responses had requested a retry when the fault began: on a busy machine
	// some do while all members join at once.
	unavailable int64

	recovery  time.Duration
	confirmed map[place]time.Duration // when each number was confirmed
	options   RunOptions
}

// RunOptions configure a run.
type RunOptions struct {
	Seed    uint64
	Long    bool
	Members int     // 0: 48
	Rate    float64 // messages of all members per second; 0: 120
	Herd    int     // how many reconnect at once; 0: 1,000, and 5,000 in long runs
	Log     func(format string, args ...any)
}

// Result is the result of a run.
type Result struct {
	Name       string
	Figures    Figures
	Violations []Violation
	Complaints []string // violated limits
	Notes      []string
	Err        error // the run did not finish
}

// Passed reports whether all guarantees and limits were met.
func (r Result) Passed() bool { return r.Err == nil && len(r.Violations)+len(r.Complaints) == 0 }

// Figures are the measurements of a run.
type Figures struct {
	Sent, Confirmed, Refused int
	Changed                  int // confirmed edits, deletions and reactions
	Deliveries               int
	Lost, Twice, Reordered   int
	Unavailable              int           // responses that requested a retry, since the fault began
	SlowestConfirm           time.Duration // from the first attempt
	P99Confirm               time.Duration
	// P99Delivery and SlowestDelivery are measured from the confirmation to the event at other clients,
	// during the fault.
	P99Delivery, SlowestDelivery time.Duration
	// Recovery is the time from the repair until all members are live and have received a canary.
	Recovery time.Duration
}

// dur returns the long duration, or the short one in the short set.
func (r *Run) dur(long, short time.Duration) time.Duration {
	if r.Long {
		return long
	}
	return short
}

// wait waits for the duration of the fault.
func (r *Run) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Run) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

func (r *Run) complain(format string, args ...any) {
	r.complaints = append(r.complaints, fmt.Sprintf(format, args...))
}

// Timeouts: a run that exceeds them has failed.
const (
	settleWithin = 60 * time.Second
	faultWithin  = 5 * time.Minute
	// tailWithin is longer than the interval at which nodes and clients compare heads.
	tailWithin = 12 * time.Second
)

// Play runs one scenario on an intact rig.
func Play(ctx context.Context, rig *Rig, s Scenario, o RunOptions) (result Result) {
	o.Members, o.Rate = cmp.Or(o.Members, 48), cmp.Or(o.Rate, 120)
	if o.Herd == 0 {
		o.Herd = 1000
		if o.Long {
			o.Herd = 5000
		}
	}
	r := &Run{Rig: rig, Scenario: s, History: NewHistory(), Long: o.Long, options: o, chance: rand.New(rand.NewPCG(o.Seed, 1<<40))}
	result.Name = s.Name
	err := r.play(ctx)
	if r.Clients != nil {
		r.Clients.Stop()
	}
	if err == nil {
		r.checkCloses()
	}
	result.Complaints = r.complaints
	defer func() { result.Notes = r.Notes }()
	if err != nil {
		result.Err = fmt.Errorf("%w; errors that clients met: %s", err, r.faults())
	}
	if r.Clients == nil {
		return result
	}
	db, err := ReadDatabase(ctx, rig.Database, r.Clients.rooms)
	if err != nil {
		result.Err = errors.Join(result.Err, err)
		return result
	}
	result.Violations = Check(r.History, db)
	result.Figures = r.figures(result.Violations)
	result.Figures.Recovery = r.recovery
	if s.Pass != nil && result.Err == nil {
		result.Complaints = append(result.Complaints, s.Pass(r, result.Figures)...)
	}
	if text := r.faults(); text != "" {
		r.note("clients met: %s", text)
	}
	return result
}

func (r *Run) play(ctx context.Context) error {
	c, err := NewClients(ctx, ClientsOptions{
		Seed: r.options.Seed, Members: r.options.Members, Rooms: 6, Rate: r.options.Rate, Hot: 0.4, Changes: 0.25, Targets: r.Targets(), Proxy: r.Nginx.URL(),
	}, r.History)
	if err != nil {
		return err
	}
	r.Clients = c
	c.Start()
	if err := r.within(ctx, settleWithin, c.AwaitLive); err != nil {
		return fmt.Errorf("before the fault: %w", err)
	}
	if err := r.wait(ctx, r.dur(10*time.Second, 3*time.Second)); err != nil {
		return err
	}
	r.Broken.From, r.unavailable = r.History.Now(), r.Clients.unavailable.Load()
	if err := r.within(ctx, faultWithin+r.Scenario.Takes, func(ctx context.Context) error { return r.Scenario.Fault(ctx, r) }); err != nil {
		return fmt.Errorf("fault: %w", err)
	}
	r.Broken.To = r.History.Now()
	if err := r.recover(ctx); err != nil {
		return fmt.Errorf("after the fault: %w", err)
	}
	if err := r.wait(ctx, r.dur(10*time.Second, 2*time.Second)); err != nil {
		return err
	}
	return r.settle(ctx)
}

// recover waits until all members have returned and receive messages.
func (r *Run) recover(ctx context.Context) error {
	r.Clients.KeepConnections()
	began := r.History.Now()
	if err := r.within(ctx, settleWithin, r.Clients.AwaitLive); err != nil {
		return err
	}
	if err := r.within(ctx, settleWithin, r.Clients.Canary); err != nil {
		return err
	}
	r.recovery = r.History.Now() - began
	return nil
}

// settle waits until all written messages are sent and received and, if presence is checked, every
// lease has ended.
func (r *Run) settle(ctx context.Context) error {
	r.Clients.StopWriting()
	if err := r.within(ctx, settleWithin, r.Clients.AwaitSent); err != nil {
		return err
	}
	if r.Scenario.Presence {
		if err := r.wait(ctx, ghostWithin+2*time.Second); err != nil {
			return err
		}
	}
	if err := r.within(ctx, settleWithin, r.Clients.AwaitLive); err != nil {
		return err
	}
	if err := r.within(ctx, settleWithin, r.Clients.Canary); err != nil {
		return err
	}
	if err := r.tails(ctx); err != nil {
		return err
	}
	if r.Scenario.Presence {
		return r.within(ctx, settleWithin, r.Clients.Views)
	}
	return nil
}

// tails records the positions of all members, once they can all be at the head.
func (r *Run) tails(ctx context.Context) error {
	db, err := ReadDatabase(ctx, r.Database, r.Clients.rooms)
	if err != nil {
		return err
	}
	return r.within(ctx, tailWithin, func(ctx context.Context) error {
		r.Clients.Tails(ctx, db.Heads)
		return nil
	})
}

func (r *Run) within(ctx context.Context, d time.Duration, do func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return do(ctx)
}

// faults lists the errors that clients met and that do not occur normally.
func (r *Run) faults() string {
	if r.Clients == nil {
		return ""
	}
	counts, first, closes := r.Clients.Faults()
	var all []string
	for what, n := range counts {
		all = append(all, fmt.Sprintf("%d× %s (%s)", n, what, first[what]))
	}
	for code, n := range closes {
		all = append(all, fmt.Sprintf("%d× close %d", n, code))
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

func (r *Run) figures(violations []Violation) Figures {
	f := Figures{Unavailable: int(r.Clients.unavailable.Load() - r.unavailable)}
	for _, v := range violations {
		switch v.Rule {
		case Lost, Gap, NotDense:
			f.Lost++
		case Twice, Reapplied, Forged:
			f.Twice++
		case Reordered, Disagree:
			f.Reordered++
		}
	}
	r.confirmed = r.confirmations(&f)
	for _, j := range r.History.Journals {
		for _, rec := range j.Records() {
			if rec.Kind == Delivered {
				f.Deliveries++
			}
		}
	}
	f.P99Delivery, f.SlowestDelivery = r.deliveries(r.Broken)
	return f
}

// confirmations counts the sends and returns when each number was confirmed.
func (r *Run) confirmations(f *Figures) map[place]time.Duration {
	at := map[place]time.Duration{}
	var took []time.Duration
	for _, j := range r.History.Journals {
		first := map[uuid.UUID]time.Duration{}
		for _, rec := range j.Records() {
			switch rec.Kind {
			case Invoked:
				if _, again := first[rec.CID]; !again {
					first[rec.CID] = rec.At
					f.Sent++
				}
			case Confirmed:
				at[place{rec.Room, rec.Seq}] = rec.At
				took = append(took, rec.At-first[rec.CID])
				f.Confirmed++
			case Refused:
				f.Refused++
			case ChangeConfirmed:
				f.Changed++
			}
		}
	}
	f.P99Confirm, f.SlowestConfirm = tail(took)
	return at
}

// deliveries measures the time from the confirmation of a message to its delivery to users that were in
// the room all the time, for messages confirmed during span.
func (r *Run) deliveries(span Span) (p99, slowest time.Duration) {
	return r.deliveriesIn(span, func(chat.RoomID) bool { return true })
}

// deliveriesIn measures the deliveries in rooms that in returns true for.
func (r *Run) deliveriesIn(span Span, in func(chat.RoomID) bool) (p99, slowest time.Duration) {
	var took []time.Duration
	for _, j := range r.History.Journals {
		subscribed := map[chat.RoomID]time.Duration{}
		for _, rec := range j.Records() {
			switch rec.Kind {
			case Connected:
				clear(subscribed)
			case Joined:
				subscribed[rec.Room] = rec.At
			case Delivered:
				at, confirmed := r.confirmed[place{rec.Room, rec.Seq}]
				since, present := subscribed[rec.Room]
				if confirmed && present && in(rec.Room) && since < at && at > span.From && at < span.To {
					took = append(took, max(0, rec.At-at))
				}
			}
		}
	}
	return tail(took)
}

func tail(took []time.Duration) (p99, slowest time.Duration) {
	if len(took) == 0 {
		return 0, 0
	}
	slices.Sort(took)
	return took[len(took)*99/100], took[len(took)-1]
}
