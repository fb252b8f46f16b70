// Package webhook delivers the durable changes of rooms to external programs: each at least once and in
// order. The progress is in the store, so that any node can continue where another one stopped.
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
	workers = 32 // webhooks that this node serves concurrently
	// A slow receiver occupies a worker for up to turnTime. The limits per creator and per host prevent
	// that they delay the webhooks of others.
	perCreator, perHost = 4, 4
	// dueLimit is the maximum number of due webhooks per query.
	dueLimit = 500

	// lease is much longer than a request, so that a running node never loses it.
	lease = 3 * sendTime
	// turnTime and turnLimit limit a turn, so that a long backlog does not occupy a worker.
	turnTime  = 2 * sendTime
	turnLimit = 50

	pollEvery = time.Second
	// gap is the minimum time between two queries for due webhooks, so that many messages cause only a
	// few queries per second.
	gap = 100 * time.Millisecond

	firstRetry   = time.Second
	lastRetry    = time.Hour
	disableAfter = 3 * 24 * time.Hour // failures last this long before a webhook is disabled
)

// Changes reads the changes of a room.
type Changes interface {
	Changes(ctx context.Context, room chat.RoomID, viewer chat.UserID, q chat.ChangesQuery) (chat.Changes, error)
}

// Dispatcher delivers to outgoing webhooks, together with the dispatchers of other nodes. A webhook is
// served by one node at a time.
type Dispatcher struct {
	store   chat.WebhookQueue
	changes Changes
	http    *http.Client
	metrics *metrics.Metrics
	log     *slog.Logger
	now     func() time.Time
	poll    time.Duration
	retry   time.Duration // delay after the first failure

	due wake.Signal // signaled when there may be something to deliver

	mu      sync.Mutex
	running usage
}

// usage counts the webhooks that are being served.
type usage struct {
	all     int
	byMaker map[chat.UserID]int
	byHost  map[string]int
}

func (l *usage) add(maker chat.UserID, host string, n int) {
	l.all += n
	if l.byMaker[maker] += n; l.byMaker[maker] == 0 {
		delete(l.byMaker, maker)
	}
	if l.byHost[host] += n; l.byHost[host] == 0 {
		delete(l.byHost, host)
	}
}

// fits reports whether one more webhook of maker and host is within the limits.
func (l *usage) fits(maker chat.UserID, host string) bool {
	return l.all < workers && l.byMaker[maker] < perCreator && l.byHost[host] < perHost
}

// Deps are the dependencies of a Dispatcher.
type Deps struct {
	Store   chat.WebhookQueue
	Changes Changes
	Guard   Guard
	Metrics *metrics.Metrics
	Log     *slog.Logger
	Now     func() time.Time
}

// NewDispatcher returns a Dispatcher. Call Run to start it.
func NewDispatcher(d Deps) *Dispatcher {
	return &Dispatcher{
		store: d.Store, changes: d.Changes, http: d.Guard.client(), metrics: d.Metrics, log: d.Log, now: d.Now,
		poll: pollEvery, retry: firstRetry, due: wake.NewSignal(),
		running: usage{byMaker: map[chat.UserID]int{}, byHost: map[string]int{}},
	}
}

// Wake signals that there may be something to deliver. It never blocks.
func (d *Dispatcher) Wake() {
	d.due.Send()
}

// Run delivers until ctx ends. Then it sends nothing more, waits for the running requests, at most
// sendTime, and releases their webhooks.
func (d *Dispatcher) Run(ctx context.Context) {
	var turns sync.WaitGroup
	defer d.http.CloseIdleConnections()
	defer turns.Wait()
	poll := time.NewTicker(d.poll)
	defer poll.Stop()
	for ctx.Err() == nil {
		for _, turn := range d.claim(ctx) {
			turns.Go(func() {
				d.panics().Report(ctx, recovery.Do(recovery.Webhook, nil, func() error {
					d.serve(ctx, turn)
					return nil
				}))
				d.count(turn.Maker, turn.URL, -1)
				d.Wake() // while it was leased, changes may have been skipped
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

// claim leases the due webhooks that fit into the limits, and counts them.
func (d *Dispatcher) claim(ctx context.Context) []chat.DeliveryLease {
	due, err := d.store.Due(ctx, perCreator, dueLimit)
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
	for _, w := range chosen { // claimed by another node
		d.count(w.Maker, w.URL, -1)
	}
	return turns
}

// choose returns the webhooks of due that fit into the limits, by ID, and counts them.
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

// serve is one turn: it delivers what is due and releases the webhook.
func (d *Dispatcher) serve(ctx context.Context, t chat.DeliveryLease) {
	// Progress must be stored even if the node is stopping.
	work := context.WithoutCancel(ctx)
	failure, held := d.deliverAll(ctx, work, &t)
	if !held {
		return
	}
	if err := d.store.Release(work, t, failure); err != nil {
		d.log.Warn("release webhook lease failed", "hook", t.ID, "err", err)
	}
}

// deliverAll delivers until nothing is due, the turn has lasted long enough, a delivery fails, or ctx
// ends. It reports false if the lease may have passed to another node.
func (d *Dispatcher) deliverAll(ctx, work context.Context, t *chat.DeliveryLease) (failure *chat.DeliveryFailure, held bool) {
	began := time.Now()
	changes, err := d.changes.Changes(work, t.Room, 0, chat.ChangesQuery{Since: t.Delivered, Limit: turnLimit})
	if err != nil {
		if chat.CodeOf(err) != chat.NotFound { // otherwise the room was deleted, together with its webhooks
			d.log.Warn("read changes for webhook failed", "hook", t.ID, "room", t.Room, "err", err)
		}
		return nil, true
	}
	renewed, delivered := time.Now(), 0
	for e := range changes.BySeq() {
		switch {
		case ctx.Err() != nil, delivered == turnLimit, time.Since(began) > turnTime:
			return nil, true
		case time.Since(renewed) > lease-sendTime: // this process was suspended
			return nil, false
		}
		if err := d.deliverSafely(work, *t, wire.NewMessageEvent(e)); err != nil {
			d.metrics.HookDeliveries.WithLabelValues("failed").Inc()
			return d.failed(*t, err), true
		}
		d.metrics.HookDeliveries.WithLabelValues("delivered").Inc()
		if !d.ack(work, t, e.Seq) {
			return nil, false
		}
		renewed, delivered = time.Now(), delivered+1
	}
	// After history was trimmed, the last numbers may belong to no message.
	return nil, t.Delivered >= changes.To || d.ack(work, t, changes.To)
}

func (d *Dispatcher) panics() recovery.Reporter {
	return recovery.Reporter{Count: d.metrics.Panicked, Log: d.log}
}

var errInternal = errors.New("internal error of this server")

// deliverSafely calls deliver and treats a panic as a failed delivery.
func (d *Dispatcher) deliverSafely(ctx context.Context, t chat.DeliveryLease, e wire.MessageEvent) error {
	err := recovery.Do(recovery.Webhook, []byte(e.Message.Text), func() error { return d.deliver(ctx, t, e) })
	if d.panics().Report(ctx, err) {
		return errInternal
	}
	return err
}

// ack stores that the receiver has everything up to a number. It reports false if the turn is over, or
// if the progress could not be stored: then another turn sends the event again after the lease has
// ended.
func (d *Dispatcher) ack(ctx context.Context, t *chat.DeliveryLease, upTo chat.Seq) bool {
	held, err := d.store.Ack(ctx, *t, upTo, lease)
	if err != nil {
		d.log.Warn("store webhook progress failed", "hook", t.ID, "seq", upTo, "err", err)
	}
	t.Delivered, t.Failures, t.FailingSince = upTo, 0, 0
	return held
}

// failed returns when to retry a failed delivery, if at all.
func (d *Dispatcher) failed(t chat.DeliveryLease, err error) *chat.DeliveryFailure {
	failure := &chat.DeliveryFailure{Text: err.Error(), RetryAfter: d.retryAfter(t.Failures)}
	since := t.FailingSince
	failure.GiveUp = errors.Is(err, errGone) || since != 0 && d.now().Sub(since.Std()) >= disableAfter
	return failure
}

// retryAfter doubles with every failure, up to lastRetry.
func (d *Dispatcher) retryAfter(failures int) time.Duration {
	return min(lastRetry, d.retry<<min(failures, 12)) // 2^12 s is more than an hour
}
