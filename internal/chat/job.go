package chat

import (
	"context"
	"time"
)

// JobKind names what a job does, for example "purge-expired".
type JobKind string

// JobID identifies a job.
type JobID int64

// NewJob is a job to be queued. A kind has at most one job for each key: if there is one, it gets the
// new payload and runs no later than After, except that a job that waits for a retry keeps waiting. A
// job that is running runs once more. One that was given up starts again.
type NewJob struct {
	Kind    JobKind
	Key     string
	Payload string        // for the code that runs the job, as a rule JSON
	After   time.Duration // from now until it runs
}

// Job is a job that a node has leased. While the lease is valid no other node has one.
type Job struct {
	ID      JobID
	Kind    JobKind
	Key     string
	Payload string
	// Attempt counts the attempts that were started, including this one.
	Attempt int
	// Age is the time since the job was queued, at the beginning of the lease.
	Age time.Duration
	// Lease is the number of the lease.
	Lease int64
}

// DueJob is a job that can be leased.
type DueJob struct {
	ID   JobID
	Kind JobKind
}

// JobFailure is the outcome of a failed attempt.
type JobFailure struct {
	Text       string
	RetryAfter time.Duration
	GiveUp     bool // no further attempts
}

// JobState is the state of a stored job.
type JobState string

// The states of jobs. A job that is done has no state, because its row is deleted.
const (
	JobQueued    JobState = "queued"    // waits for a node
	JobScheduled JobState = "scheduled" // waits for its time, or for a retry
	JobRunning   JobState = "running"   // a node has a lease
	JobGivenUp   JobState = "given_up"
)

// StoredJob is a job as an operator sees it.
type StoredJob struct {
	ID        JobID
	Kind      JobKind
	Key       string
	State     JobState
	Attempts  int
	LastError string
	RunAt     Time
	Holder    string // the node of the last lease, "" before the first one
	GivenUpAt Time   // 0 if it was not given up
}

// JobCount is the number of jobs of one kind.
type JobCount struct {
	Kind   JobKind
	States map[JobState]int
	// Waiting is how long the first of the queued jobs has waited; 0 for none.
	Waiting time.Duration
}

// Jobs is a queue of jobs in the store. All times are measured by the clock of the database, so that
// nodes with different clocks agree about leases. A job can run more than once: if its node dies, or
// if the result of a committed change is lost.
type Jobs interface {
	// EnqueueJobs queues jobs: all of them or, after an error, none.
	EnqueueJobs(ctx context.Context, jobs ...NewJob) error
	// ScheduleJobs queues those of jobs that do not exist yet.
	ScheduleJobs(ctx context.Context, jobs ...NewJob) error
	// DueJobs returns jobs that can be leased, at most limit of each kind, by their waiting time,
	// longest first. It only reads.
	DueJobs(ctx context.Context, kinds []JobKind, limit int) ([]DueJob, error)
	// ClaimJobs leases those of ids that are still due. holder is the name of the node.
	ClaimJobs(ctx context.Context, ids []JobID, holder string, lease time.Duration) ([]Job, error)
	// RenewJob, FinishJob, FailJob and ReleaseJob report whether the lease of j was valid. If not,
	// they change nothing.
	//
	// RenewJob renews the lease.
	RenewJob(ctx context.Context, j Job, lease time.Duration) (held bool, err error)
	// FinishJob deletes a job that is done. If every is not 0, the job runs again after that time.
	FinishJob(ctx context.Context, j Job, every time.Duration) (held bool, err error)
	// FailJob ends the lease after a failed attempt.
	FailJob(ctx context.Context, j Job, f JobFailure) (held bool, err error)
	// ReleaseJob ends the lease of an attempt that does not count, because the node stops.
	ReleaseJob(ctx context.Context, j Job) (held bool, err error)
	// PurgeJobs deletes at most limit jobs that were given up longer ago than kept.
	PurgeJobs(ctx context.Context, kept time.Duration, limit int) error
}
