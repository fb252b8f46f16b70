package store

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// jobState is the chat.JobState of a job.
func (s *Store) jobState() string {
	return `CASE WHEN given_up_at IS NOT NULL THEN 'given_up' WHEN leased_until > ` + s.jobNow() + ` THEN 'running'
		WHEN run_at > ` + s.jobNow() + ` THEN 'scheduled' ELSE 'queued' END`
}

// StoredJobs returns at most limit jobs with an id above after, by id.
func (s *Store) StoredJobs(ctx context.Context, after chat.JobID, limit int) ([]chat.StoredJob, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	jobs, err := queryAll(ctx, s.read, func(r row) (j chat.StoredJob, err error) {
		err = r.Scan(&j.ID, &j.Kind, &j.Key, &j.State, &j.Attempts, &j.LastError, &j.RunAt, &j.Holder, &j.GivenUpAt)
		return j, err
	}, `SELECT id, kind, key, `+s.jobState()+`, attempts, last_error, run_at, holder, COALESCE(given_up_at, 0)
		FROM jobs WHERE id > $1 ORDER BY id LIMIT $2`, int64(after), limit)
	return jobs, s.fail("list jobs", err)
}

// RunJobNow makes a job due that was given up or waits. It returns NOT_FOUND if the job does not exist
// or is running.
func (s *Store) RunJobNow(ctx context.Context, id chat.JobID) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err := requireAffected(s.write.ExecContext(ctx, `
		UPDATE jobs SET given_up_at = NULL, attempts = 0, created_at = `+s.jobNow()+`, run_at = `+s.jobNow()+`
		WHERE id = $1 AND leased_until <= `+s.jobNow(), int64(id)))
	return s.fail("run job now", err)
}

// JobCounts counts the jobs of each kind that has any. It reads the whole table.
func (s *Store) JobCounts(ctx context.Context) ([]chat.JobCount, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	counts := []chat.JobCount{}
	err := forEachRow(ctx, s.read, func(r row) error {
		var kind chat.JobKind
		var state chat.JobState
		var n int
		var waiting int64
		if err := r.Scan(&kind, &state, &n, &waiting); err != nil {
			return err
		}
		if len(counts) == 0 || counts[len(counts)-1].Kind != kind {
			counts = append(counts, chat.JobCount{Kind: kind, States: map[chat.JobState]int{}})
		}
		c := &counts[len(counts)-1]
		c.States[state] = n
		if state == chat.JobQueued {
			c.Waiting = time.Duration(max(0, waiting)) * time.Millisecond
		}
		return nil
	}, `SELECT kind, state, count(*), `+s.jobNow()+` - min(run_at) FROM (SELECT kind, run_at, `+s.jobState()+` AS state FROM jobs) AS j
		GROUP BY kind, state ORDER BY kind`)
	return counts, s.fail("count jobs", err)
}
