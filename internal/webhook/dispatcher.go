// Package webhook delivers the durable changes of rooms to external programs: each at least once and in
// order. The progress is in the store, so that any node can continue where another one stopped.
package webhook

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/jobs"
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

// Dispatcher delivers to outgoing webhooks, together with the dispatchers of other nodes. The job of a
// webhook is its own row: it is due while its cursor is behind the head of its room, and its lease is
// the one that nodes of older versions take, too.
type Dispatcher struct {
	store   chat.WebhookQueue
	changes Changes
	http    *http.Client
	metrics *metrics.Metrics
	log     *slog.Logger
	now     func() time.Time
	poll    time.Duration
	retry   jobs.Backoff

	due wake.Signal // signaled when there may be something to deliver
}

var _ jobs.Source = (*Dispatcher)(nil)

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
		poll: pollEvery, retry: jobs.Backoff{First: firstRetry, Last: lastRetry}, due: wake.NewSignal(),
	}
}

// Wake signals that there may be something to deliver. It never blocks.
func (d *Dispatcher) Wake() {
	d.due.Send()
}

// Run delivers until ctx ends. Then it sends nothing more, waits for the running requests, at most
// sendTime, and releases their webhooks.
func (d *Dispatcher) Run(ctx context.Context) {
	defer d.http.CloseIdleConnections()
	jobs.NewRunner(d, d.due, jobs.Options{
		Name: "webhooks", Task: recovery.Webhook, Workers: workers, Poll: d.poll, Gap: gap, Panics: d.panics(), Log: d.log,
	}).Run(ctx)
}

// Due returns the webhooks that have something to deliver.
func (d *Dispatcher) Due(ctx context.Context) ([]jobs.Candidate, error) {
	due, err := d.store.Due(ctx, perCreator, dueLimit)
	candidates := make([]jobs.Candidate, len(due))
	for i, w := range due {
		candidates[i] = jobs.Candidate{ID: int64(w.ID), Slots: []jobs.Slot{
			{Name: "creator " + strconv.FormatInt(int64(w.Maker), 10), Max: perCreator},
			{Name: "host " + hostOf(w.URL), Max: perHost},
		}}
	}
	return candidates, err
}

// Claim leases webhooks.
func (d *Dispatcher) Claim(ctx context.Context, ids []int64) ([]jobs.Claimed, error) {
	chosen := make([]chat.WebhookID, len(ids))
	for i, id := range ids {
		chosen[i] = chat.WebhookID(id)
	}
	turns, err := d.store.ClaimDue(ctx, chosen, lease)
	claimed := make([]jobs.Claimed, len(turns))
	for i, turn := range turns {
		claimed[i] = jobs.Claimed{ID: int64(turn.ID), Run: func(ctx context.Context) { d.serve(ctx, turn) }}
	}
	return claimed, err
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
	failure := &chat.DeliveryFailure{Text: err.Error(), RetryAfter: d.retry.After(t.Failures)}
	since := t.FailingSince
	failure.GiveUp = errors.Is(err, errGone) || since != 0 && d.now().Sub(since.Std()) >= disableAfter
	return failure
}
