package app

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/jobs"
	"github.com/chillin-chat/chillin/internal/metrics"
)

const (
	purgeEvery      = 2 * time.Minute
	purgeFirstRetry = 10 * time.Second
)

// newJobs returns the queue of jobs with the kinds that this version knows.
func (a *App) newJobs(m *metrics.Metrics) *jobs.Queue {
	return jobs.NewQueue(jobs.Deps{Store: a.engines.store, Node: a.engines.node, Wake: a.engines.enqueued, Metrics: m, Log: a.log},
		jobs.Kind{
			Name: "purge-expired", Every: purgeEvery, AtStart: true, Workers: 1, Timeout: purgeEvery,
			Retry: jobs.Backoff{First: purgeFirstRetry, Last: purgeEvery},
			Run:   func(ctx context.Context, _ chat.Job) error { return a.service.PurgeExpired(ctx) },
		},
	)
}

// readJobs reads the numbers of stored jobs for the metrics.
func (a *App) readJobs(ctx context.Context) error {
	counts, err := a.engines.store.JobCounts(ctx)
	if err != nil {
		return err
	}
	byKind := map[string]metrics.JobCount{}
	for _, c := range counts {
		states := map[string]int{}
		for state, n := range c.States {
			states[string(state)] = n
		}
		byKind[string(c.Kind)] = metrics.JobCount{States: states, Waiting: c.Waiting}
	}
	a.metrics.StoredJobs.Set(byKind)
	return nil
}
