// Package jobs runs work that is stored in the database: each job by one node at a time, under a lease,
// with retries. A Runner finds, leases and runs jobs of any Source. A Queue is the Source of the table
// jobs; outgoing webhooks are another one.
package jobs

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/wake"
)

// Source is a kind of stored work. Leases are valid for all nodes.
type Source interface {
	// Due returns jobs that can be leased, the most urgent ones first. It is called at every poll and
	// should only read.
	Due(ctx context.Context) ([]Candidate, error)
	// Claim leases those of ids that are still due.
	Claim(ctx context.Context, ids []int64) ([]Claimed, error)
}

// Candidate is a job that can be leased.
type Candidate struct {
	ID    int64
	Slots []Slot // that it uses while it runs
}

// Claimed is a job that this node has leased.
type Claimed struct {
	ID int64
	// Run does the work and ends the lease. If ctx ends, it stops soon, and still ends the lease.
	Run func(ctx context.Context)
}

// Options are the options of a Runner. All are required.
type Options struct {
	Name    string // for the log, in the plural
	Task    string // of recovery
	Workers int    // jobs that run at the same time, of all slots
	// Poll is the time after which a Runner looks for jobs without being woken, for those of nodes that
	// have died and for retries. It varies by a quarter, so that nodes do not poll at the same time.
	Poll time.Duration
	// Gap is the minimum time between two looks, so that many jobs cause only a few queries a second.
	Gap    time.Duration
	Panics recovery.Reporter
	Log    *slog.Logger
}

// Runner runs the jobs of a Source, together with the Runners of other nodes.
type Runner struct {
	options Options
	source  Source
	due     wake.Signal

	mu      sync.Mutex
	running usage
}

// NewRunner returns a Runner. Call Run to start it. Sending due makes it look for jobs.
func NewRunner(source Source, due wake.Signal, o Options) *Runner {
	return &Runner{options: o, source: source, due: due, running: usage{bySlot: map[string]int{}}}
}

// Run runs jobs until ctx ends. Then it leases nothing more and waits for the running jobs.
func (r *Runner) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	for ctx.Err() == nil {
		for _, job := range r.claim(ctx) {
			running.Go(func() { r.run(ctx, job) })
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(r.options.Gap):
		}
		select {
		case <-ctx.Done():
		case <-r.due:
		case <-time.After(r.wait()):
		}
	}
}

// wait returns the time until the next poll.
func (r *Runner) wait() time.Duration {
	half := r.options.Poll / 2
	return r.options.Poll - half/2 + rand.N(half+1)
}

// job is a leased job with its slots.
type job struct {
	Claimed
	slots []Slot
}

func (r *Runner) run(ctx context.Context, j job) {
	err := recovery.Do(r.options.Task, nil, func() error {
		j.Run(ctx)
		return nil
	})
	r.options.Panics.Report(ctx, err)
	r.count(j.slots, -1)
	r.due.Send() // its slots are free, and it may be due again
}

// claim leases due jobs for which there are slots, and counts them.
func (r *Runner) claim(ctx context.Context) []job {
	due, err := r.source.Due(ctx)
	if err != nil {
		r.warn(ctx, err)
		return nil
	}
	ids, slots := r.choose(due)
	if len(ids) == 0 {
		return nil
	}
	defer func() {
		for _, unused := range slots { // another node has leased these jobs, or this one has failed to
			r.count(unused, -1)
		}
	}()
	claimed, err := r.source.Claim(ctx, ids)
	r.warn(ctx, err)
	var jobs []job
	for _, c := range claimed {
		jobs = append(jobs, job{c, slots[c.ID]})
		delete(slots, c.ID)
	}
	return jobs
}

func (r *Runner) warn(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		r.options.Log.WarnContext(ctx, "claim due jobs failed", "jobs", r.options.Name, "err", err)
	}
}

// choose returns the ids and the slots of those candidates that can run now, and counts them.
func (r *Runner) choose(due []Candidate) (ids []int64, slots map[int64][]Slot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	slots = map[int64][]Slot{}
	for _, c := range due {
		if r.running.fits(c.Slots, r.options.Workers) {
			r.running.add(c.Slots, 1)
			ids, slots[c.ID] = append(ids, c.ID), c.Slots
		}
	}
	return ids, slots
}

func (r *Runner) count(slots []Slot, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running.add(slots, n)
}
