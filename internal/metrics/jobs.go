package metrics

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// JobOutcome is the outcome of an attempt at a job.
type JobOutcome string

// The outcomes of attempts.
const (
	JobDone        JobOutcome = "done"
	JobFailed      JobOutcome = "failed" // there will be a retry
	JobGivenUp     JobOutcome = "given_up"
	JobInterrupted JobOutcome = "interrupted" // by the stop of the node
	JobLost        JobOutcome = "lost"        // the result could not be stored, or the lease had ended
)

// JobKind initializes the counters of a kind of jobs to 0.
func (m *Metrics) JobKind(kind string) {
	for _, outcome := range []JobOutcome{JobDone, JobFailed, JobGivenUp, JobInterrupted, JobLost} {
		m.jobs.WithLabelValues(kind, string(outcome))
	}
	m.StoredJobs.addKind(kind)
}

// Job counts an attempt at a job.
func (m *Metrics) Job(kind string, outcome JobOutcome) {
	m.jobs.WithLabelValues(kind, string(outcome)).Inc()
}

// JobReading has the numbers of stored jobs. Like a Reading it is exported only if the last read succeeded.
type JobReading struct {
	jobs, waiting *prometheus.Desc
	states        []string

	mu    sync.Mutex
	kinds []string // of this node: exported even if there are no jobs
	known bool
	count map[string]JobCount
}

// JobCount are the stored jobs of one kind.
type JobCount struct {
	States  map[string]int
	Waiting time.Duration // of the first one that is due
}

func newJobReading() *JobReading {
	return &JobReading{
		jobs:    prometheus.NewDesc("chillin_jobs", "Stored jobs, by kind and state (queued, scheduled, running, given_up); the same on every node.", []string{"kind", "state"}, nil),
		waiting: prometheus.NewDesc("chillin_job_age_seconds", "Time that the oldest queued job has been waiting for a node, 0 if there is none; the same on every node.", []string{"kind"}, nil),
		states:  []string{"queued", "scheduled", "running", "given_up"},
	}
}

func (r *JobReading) addKind(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kinds = append(r.kinds, kind)
}

// Set records new numbers by kind.
func (r *JobReading) Set(count map[string]JobCount) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known, r.count = true, count
}

// Clear records that the numbers could not be read.
func (r *JobReading) Clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = false
}

// Describe implements prometheus.Collector.
func (r *JobReading) Describe(to chan<- *prometheus.Desc) {
	to <- r.jobs
	to <- r.waiting
}

// Collect implements prometheus.Collector.
func (r *JobReading) Collect(to chan<- prometheus.Metric) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known {
		return
	}
	kinds := slices.Clone(r.kinds)
	for kind := range r.count { // also those of newer nodes
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	for _, kind := range kinds {
		c := r.count[kind]
		for _, state := range r.states {
			to <- prometheus.MustNewConstMetric(r.jobs, prometheus.GaugeValue, float64(c.States[state]), kind, state)
		}
		to <- prometheus.MustNewConstMetric(r.waiting, prometheus.GaugeValue, c.Waiting.Seconds(), kind)
	}
}
