// Package webhook tells programs outside what happens in rooms: every durable
// change once or more, in order. What was delivered stands in the store, so that
// any node can go on where another one ended.
package webhook

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/wake"
	"github.com/chillin-chat/chillin/internal/wire"
)

const (
	workers = 32 // webhooks that this node serves at once
	// A slow receiver holds a worker for up to turnTime. No maker and no host holds
	// more than this many, so that they cannot delay the webhooks of others.
	perMaker, perHost = 4, 4
	// dueLimit bounds one look for due webhooks.
	dueLimit = 500

	// lease outlasts a request by far: a node that lives never loses it.
	lease = 3 * sendTime
	// turnTime and turnLimit bound a turn, so that a long backlog does not keep a
	// worker from the others.
	turnTime  = 2 * sendTime
	turnLimit = 50

	pollEvery = time.Second
	// gap lies between two looks for due hooks: a storm of messages costs a few
	// queries a second.
	gap = 100 * time.Millisecond

	firstRetry = time.Second
	lastRetry  = time.Hour
	patience   = 3 * 24 * time.Hour // of failures before a hook is given up
)

// Changes reads what happened in a room.
type Changes interface {
	Changes(ctx context.Context, room chat.RoomID, viewer chat.UserID, since chat.Seq, limit int) (chat.Changes, error)
}

// Dispatcher delivers what is due to outgoing webhooks, together with those of the
// other nodes: a hook is taken by one at a time.
type Dispatcher struct {
	store   chat.WebhookQueue
	changes Changes
	http    *http.Client
	metrics *metrics.Metrics
	log     *slog.Logger
	now     func() time.Time
	poll    time.Duration
	retry   time.Duration // after the first failure

	due wake.Signal // has one element when there may be something to deliver

	mu      sync.Mutex
	running load
}

// load counts the webhooks that are being served.
type load struct {
	all     int
	byMaker map[chat.UserID]int
	byHost  map[string]int
}

func (l *load) add(maker chat.UserID, host string, n int) {
	l.all += n
	if l.byMaker[maker] += n; l.byMaker[maker] == 0 {
		delete(l.byMaker, maker)
	}
	if l.byHost[host] += n; l.byHost[host] == 0 {
		delete(l.byHost, host)
	}
}

// fits reports whether one more of maker and host keeps the bounds.
func (l *load) fits(maker chat.UserID, host string) bool {
	return l.all < workers && l.byMaker[maker] < perMaker && l.byHost[host] < perHost
}

// Deps are what a Dispatcher stands on.
type Deps struct {
	Store   chat.WebhookQueue
	Changes Changes
	Guard   Guard
	Metrics *metrics.Metrics
	Log     *slog.Logger
	Now     func() time.Time
}

// NewDispatcher makes a dispatcher; Run makes it deliver.
func NewDispatcher(d Deps) *Dispatcher {
	return &Dispatcher{
		store: d.Store, changes: d.Changes, http: d.Guard.client(), metrics: d.Metrics, log: d.Log, now: d.Now,
		poll: pollEvery, retry: firstRetry, due: wake.NewSignal(),
		running: load{byMaker: map[chat.UserID]int{}, byHost: map[string]int{}},
	}
}

// Wake tells that something happened in a room. It never blocks.
func (d *Dispatcher) Wake() {
	d.due.Send()
}

// Run delivers until ctx ends. Then nothing more is sent: it waits for the requests
// that are under way, at most sendTime, and lets their hooks go.
func (d *Dispatcher) Run(ctx context.Context) {
	var turns sync.WaitGroup
	defer d.http.CloseIdleConnections()
	defer turns.Wait()
	poll := time.NewTicker(d.poll)
	defer poll.Stop()
	for ctx.Err() == nil {
		for _, turn := range d.take(ctx) {
			turns.Go(func() {
				d.panics().Report(ctx, recovery.Do(recovery.Webhook, nil, func() error {
					d.serve(ctx, turn)
					return nil
				}))
				d.count(turn.Maker, turn.URL, -1)
				d.Wake() // what happened since its last look found the webhook leased
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(gap):
		}
		select {
		case <-ctx.Done():
		case <-d.due:
		case <-poll.C:
		}
	}
}

// take leases the due webhooks that fit into the bounds, and counts them.
func (d *Dispatcher) take(ctx context.Context) []chat.DeliveryLease {
	due, err := d.store.Due(ctx, perMaker, dueLimit)
	if err == nil && len(due) == 0 {
		return nil
	}
	chosen := d.choose(due)
	var turns []chat.DeliveryLease
	if len(chosen) > 0 {
		turns, err = d.store.ClaimDue(ctx, slices.Collect(maps.Keys(chosen)), lease)
	}
	if err != nil && ctx.Err() == nil {
		d.log.Warn("claim due webhooks failed", "err", err)
	}
	for i := range turns {
		turns[i].Maker = chosen[turns[i].ID].Maker
		delete(chosen, turns[i].ID)
	}
	for _, w := range chosen { // another node was faster
		d.count(w.Maker, w.URL, -1)
	}
	return turns
}

// choose returns those of due that fit into the bounds, by id, and counts them.
func (d *Dispatcher) choose(due []chat.DueWebhook) map[chat.WebhookID]chat.DueWebhook {
	d.mu.Lock()
	defer d.mu.Unlock()
	chosen := map[chat.WebhookID]chat.DueWebhook{}
	for _, w := range due {
		if host := hostOf(w.URL); d.running.fits(w.Maker, host) {
			d.running.add(w.Maker, host, 1)
			chosen[w.ID] = w
		}
	}
	return chosen
}

func (d *Dispatcher) count(maker chat.UserID, url string, n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.running.add(maker, hostOf(url), n)
}

// hostOf returns the host of a URL that Guard.Check has accepted.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return text
	}
	return strings.ToLower(u.Hostname())
}

// serve is one turn: it delivers what is due and lets the hook go.
func (d *Dispatcher) serve(ctx context.Context, t chat.DeliveryLease) {
	// What was sent must be kept even if the node is stopping.
	work := context.WithoutCancel(ctx)
	failure, held := d.deliverAll(ctx, work, &t)
	if !held {
		return
	}
	if err := d.store.Release(work, t, failure); err != nil {
		d.log.Warn("webhook not let go: its lease will end", "hook", t.ID, "err", err)
	}
}

// deliverAll delivers until nothing is due, the turn has lasted long enough, a try
// fails, or ctx ends. held is false where the turn may be another node's.
func (d *Dispatcher) deliverAll(ctx, work context.Context, t *chat.DeliveryLease) (failure *chat.DeliveryFailure, held bool) {
	began := time.Now()
	changes, err := d.changes.Changes(work, t.Room, 0, t.Delivered, turnLimit)
	if err != nil {
		if chat.CodeOf(err) != chat.NotFound { // else the room is gone, and the hook with it
			d.log.Warn("changes not read for a webhook", "hook", t.ID, "room", t.Room, "err", err)
		}
		return nil, true
	}
	renewed, delivered := time.Now(), 0
	for e := range changes.BySeq() {
		switch {
		case ctx.Err() != nil, delivered == turnLimit, time.Since(began) > turnTime:
			return nil, true
		case time.Since(renewed) > lease-sendTime: // this node was frozen
			return nil, false
		}
		if err := d.deliverSafely(work, *t, wire.NewMessageEvent(e)); err != nil {
			d.metrics.HookDeliveries.WithLabelValues("failed").Inc()
			return d.failed(*t, err), true
		}
		d.metrics.HookDeliveries.WithLabelValues("delivered").Inc()
		if !d.note(work, t, e.Seq) {
			return nil, false
		}
		renewed, delivered = time.Now(), delivered+1
	}
	// Where history was trimmed, numbers at the end may have nobody who bears them.
	return nil, t.Delivered >= changes.To || d.note(work, t, changes.To)
}

func (d *Dispatcher) panics() recovery.Reporter {
	return recovery.Reporter{Count: d.metrics.Panicked, Log: d.log}
}

var errInternal = errors.New("something went wrong on our side")

// deliverSafely is deliver for an event that may make it panic: that is a failed
// delivery like others.
func (d *Dispatcher) deliverSafely(ctx context.Context, t chat.DeliveryLease, e wire.MessageEvent) error {
	err := recovery.Do(recovery.Webhook, []byte(e.Message.Text), func() error { return d.deliver(ctx, t, e) })
	if d.panics().Report(ctx, err) {
		return errInternal
	}
	return err
}

// note keeps that the receiver has everything up to a number. It returns false where
// the turn is over, or where that cannot be kept: then it is sent again, by whoever
// takes the hook when the lease has ended.
func (d *Dispatcher) note(ctx context.Context, t *chat.DeliveryLease, upTo chat.Seq) bool {
	held, err := d.store.Ack(ctx, *t, upTo, lease)
	if err != nil {
		d.log.Warn("webhook delivered, but not noted", "hook", t.ID, "seq", upTo, "err", err)
	}
	t.Delivered, t.Failures, t.FailingSince = upTo, 0, 0
	return held
}

// failed says when to try again, if at all.
func (d *Dispatcher) failed(t chat.DeliveryLease, err error) *chat.DeliveryFailure {
	failure := &chat.DeliveryFailure{Text: err.Error(), RetryAfter: d.retryAfter(t.Failures)}
	since := t.FailingSince
	failure.GiveUp = errors.Is(err, errGone) || since != 0 && d.now().Sub(since.Std()) >= patience
	return failure
}

// retryAfter doubles up to lastRetry.
func (d *Dispatcher) retryAfter(failures int) time.Duration {
	return min(lastRetry, d.retry<<min(failures, 12)) // 2^12 s are more than an hour
}
