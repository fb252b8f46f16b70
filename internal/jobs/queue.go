package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/wake"
)

const (
	// lease is the time after which another node may run a job whose node has died. A running attempt
	// renews it.
	lease = 30 * time.Second
	// dueLimit is the maximum number of due jobs of a kind per query.
	dueLimit = 50
	// poll is longer than that of webhooks: a node that queues a job runs it at once.
	poll = 2 * time.Second
	gap  = 100 * time.Millisecond

	// maxError limits the stored text of an error, in bytes.
	maxError = 500

	givenUpKept = 14 * 24 * time.Hour
	purgeEvery  = time.Hour
	purgeLimit  = 1000
)

// Deps are the dependencies of a Queue.
type Deps struct {
	Store chat.Jobs
	Node  string      // the name of this node
	Wake  wake.Signal // sent after jobs were queued
	// Lease, Poll and Gap replace the usual durations unless they are 0.
	Lease, Poll, Gap time.Duration

	Metrics *metrics.Metrics
	Log     *slog.Logger
}

// Queue runs the jobs of the table jobs.
type Queue struct {
	Deps
	kinds    map[chat.JobKind]Kind
	names    []chat.JobKind
	schedule bool // the periodic jobs of this node are still to be stored
	runner   *Runner
	panics   recovery.Reporter
}

var _ Source = (*Queue)(nil)

// NewQueue returns a Queue of kinds. Jobs of other kinds are left to the nodes that know them. Call Run
// to start it.
func NewQueue(d Deps, kinds ...Kind) *Queue {
	q := &Queue{Deps: d, kinds: map[chat.JobKind]Kind{}, schedule: true, panics: recovery.Reporter{Count: d.Metrics.Panicked, Log: d.Log}}
	setDefault(&q.Lease, lease)
	setDefault(&q.Poll, poll)
	setDefault(&q.Gap, gap)
	workers := 0
	for _, k := range append(kinds, q.purge()) {
		q.kinds[k.Name] = k
		q.names = append(q.names, k.Name)
		workers += k.Workers
		d.Metrics.JobKind(string(k.Name))
	}
	q.runner = NewRunner(q, d.Wake, Options{
		Name: "jobs", Task: recovery.Background, Workers: workers, Poll: q.Poll, Gap: q.Gap, Panics: q.panics, Log: d.Log,
	})
	return q
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// purge is the kind of the job that deletes jobs which were given up.
func (q *Queue) purge() Kind {
	return Kind{
		Name: "purge-jobs", Workers: 1, Timeout: time.Minute, Retry: Backoff{First: time.Minute, Last: purgeEvery}, Every: purgeEvery,
		Run: func(ctx context.Context, _ chat.Job) error { return q.Store.PurgeJobs(ctx, givenUpKept, purgeLimit) },
	}
}

// Run runs jobs until ctx ends. Then it starts none, gives the running attempts the time that their
// kinds allow, and returns when all have ended.
func (q *Queue) Run(ctx context.Context) { q.runner.Run(ctx) }

// Due returns the due jobs of all kinds. The first call stores the periodic jobs.
func (q *Queue) Due(ctx context.Context) ([]Candidate, error) {
	if q.schedule {
		if err := q.schedulePeriodic(ctx); err != nil {
			return nil, err
		}
		q.schedule = false
	}
	due, err := q.Store.DueJobs(ctx, q.names, dueLimit)
	candidates := make([]Candidate, len(due))
	for i, j := range due {
		candidates[i] = Candidate{int64(j.ID), []Slot{{string(j.Kind), q.kinds[j.Kind].Workers}}}
	}
	return candidates, err
}

func (q *Queue) schedulePeriodic(ctx context.Context) error {
	var missing, now []chat.NewJob
	for _, name := range q.names {
		switch k := q.kinds[name]; {
		case k.Every == 0:
		case k.AtStart:
			now = append(now, chat.NewJob{Kind: name})
		default:
			missing = append(missing, chat.NewJob{Kind: name})
		}
	}
	if err := q.Store.ScheduleJobs(ctx, missing...); err != nil {
		return err
	}
	return q.Store.EnqueueJobs(ctx, now...)
}

// Claim leases jobs.
func (q *Queue) Claim(ctx context.Context, ids []int64) ([]Claimed, error) {
	chosen := make([]chat.JobID, len(ids))
	for i, id := range ids {
		chosen[i] = chat.JobID(id)
	}
	began := time.Now()
	leased, err := q.Store.ClaimJobs(ctx, chosen, q.Node, q.Lease)
	claimed := make([]Claimed, len(leased))
	for i, j := range leased {
		a := &attempt{Queue: q, kind: q.kinds[j.Kind], job: j, began: began, renewed: began}
		claimed[i] = Claimed{int64(j.ID), a.run}
	}
	return claimed, err
}
