package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Jobs = (*Store)(nil)

// jobNow is the time by the clock of the database. It is a subquery because Postgres then reads the
// clock once per statement and can compare an index with it.
func (s *Store) jobNow() string { return `(SELECT ` + s.dialect.nowMillis() + `)` }

// jobDue is the condition that a job can be leased.
func (s *Store) jobDue() string {
	return `given_up_at IS NULL AND run_at <= ` + s.jobNow() + ` AND leased_until <= ` + s.jobNow()
}

// EnqueueJobs queues jobs in a transaction of its own.
func (s *Store) EnqueueJobs(ctx context.Context, jobs ...chat.NewJob) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err := s.tx(ctx, func(tx *sql.Tx) error { return s.enqueue(ctx, tx, jobs...) })
	if err != nil {
		return s.fail("enqueue jobs", err)
	}
	s.onEnqueue()
	return nil
}

// enqueue queues jobs in a transaction of the caller: they run if and only if it commits. The caller
// calls onEnqueue after the commit.
func (s *Store) enqueue(ctx context.Context, tx *sql.Tx, jobs ...chat.NewJob) error {
	return s.insertJobs(ctx, tx, jobs, s.insertJob()+`DO UPDATE SET payload = EXCLUDED.payload,
		again_at = CASE WHEN jobs.leased_until <= `+s.jobNow()+` THEN NULL
			WHEN jobs.again_at < EXCLUDED.run_at THEN jobs.again_at ELSE EXCLUDED.run_at END,
		run_at = CASE WHEN jobs.given_up_at IS NOT NULL OR jobs.attempts = 0 AND EXCLUDED.run_at < jobs.run_at THEN EXCLUDED.run_at
			ELSE jobs.run_at END,
		created_at = CASE WHEN jobs.given_up_at IS NULL THEN jobs.created_at ELSE EXCLUDED.created_at END,
		attempts = CASE WHEN jobs.given_up_at IS NULL THEN jobs.attempts ELSE 0 END,
		last_error = CASE WHEN jobs.given_up_at IS NULL THEN jobs.last_error ELSE '' END,
		given_up_at = NULL`)
}

// ScheduleJobs queues those of jobs that do not exist.
func (s *Store) ScheduleJobs(ctx context.Context, jobs ...chat.NewJob) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err := s.tx(ctx, func(tx *sql.Tx) error { return s.insertJobs(ctx, tx, jobs, s.insertJob()+`DO NOTHING`) })
	return s.fail("schedule jobs", err)
}

// insertJob inserts a job with $1 its kind, $2 its key, $3 its payload and $4 the milliseconds until it
// runs. What follows says what happens if there is one with that key.
func (s *Store) insertJob() string {
	return `INSERT INTO jobs (kind, key, payload, created_at, run_at)
		VALUES ($1, $2, $3, ` + s.jobNow() + `, ` + s.jobNow() + ` + $4) ON CONFLICT (kind, key) `
}

// insertJobs inserts jobs in the order of their kinds and keys, so that two transactions do not deadlock.
func (s *Store) insertJobs(ctx context.Context, tx *sql.Tx, jobs []chat.NewJob, query string) error {
	ordered := slices.SortedStableFunc(slices.Values(jobs), func(a, b chat.NewJob) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
	})
	for _, j := range ordered {
		if _, err := tx.ExecContext(ctx, query, string(j.Kind), j.Key, j.Payload, j.After.Milliseconds()); err != nil {
			return err
		}
	}
	return nil
}

// DueJobs returns the due jobs of each kind.
func (s *Store) DueJobs(ctx context.Context, kinds []chat.JobKind, limit int) ([]chat.DueJob, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	query, args := s.dueJobs(kinds, limit)
	due, err := queryAll(ctx, s.read, func(r row) (j chat.DueJob, err error) {
		err = r.Scan(&j.ID, &j.Kind)
		return j, err
	}, query, args...)
	return due, s.fail("find due jobs", err)
}

// dueJobs reads each kind from the index, so that many jobs of one kind do not delay another.
func (s *Store) dueJobs(kinds []chat.JobKind, limit int) (query string, args []any) {
	var parts []string
	args = append(args, limit)
	for _, kind := range kinds {
		args = append(args, string(kind))
		n := strconv.Itoa(len(args))
		parts = append(parts, `SELECT * FROM (SELECT id, kind, run_at FROM jobs WHERE kind = $`+n+` AND `+s.jobDue()+` ORDER BY run_at, id LIMIT $1) AS k`+n)
	}
	return `SELECT id, kind FROM (` + strings.Join(parts, ` UNION ALL `) + `) AS due ORDER BY run_at, id`, args
}

// ClaimJobs leases the jobs of ids that are due.
func (s *Store) ClaimJobs(ctx context.Context, ids []chat.JobID, holder string, lease time.Duration) ([]chat.Job, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	jobs := []chat.Job{}
	err := s.tx(ctx, func(tx *sql.Tx) (err error) {
		jobs, err = queryAll(ctx, tx, func(r row) (j chat.Job, err error) {
			var age int64
			err = r.Scan(&j.ID, &j.Kind, &j.Key, &j.Payload, &j.Attempt, &age, &j.Lease)
			j.Age = time.Duration(age) * time.Millisecond
			return j, err
		}, `UPDATE jobs SET lease = lease + 1, leased_until = `+s.jobNow()+` + $1, holder = $2, attempts = attempts + 1, again_at = NULL
			WHERE id IN (SELECT id FROM jobs WHERE `+s.jobDue()+` AND `+s.dialect.in("id", 3, bigintList)+s.dialect.skipLocked("")+`)
			RETURNING id, kind, key, payload, attempts, `+s.dialect.nowMillis()+` - created_at, lease`,
			lease.Milliseconds(), holder, s.dialect.list(int64s(ids)))
		return err
	})
	return jobs, s.fail("claim jobs", err)
}

// RenewJob renews a lease.
func (s *Store) RenewJob(ctx context.Context, j chat.Job, lease time.Duration) (bool, error) {
	return s.changeJob(ctx, "renew lease of job", j, `UPDATE jobs SET leased_until = `+s.jobNow()+` + $3 WHERE `, lease.Milliseconds())
}

// FinishJob ends the lease of a job that is done. A job that was queued again in the meantime stays.
func (s *Store) FinishJob(ctx context.Context, j chat.Job, every time.Duration) (bool, error) {
	if every == 0 {
		held, err := s.changeJob(ctx, "finish job", j, `DELETE FROM jobs WHERE again_at IS NULL AND `)
		if held || err != nil {
			return held, err
		}
	}
	return s.requeueJob(ctx, j, every)
}

// FailJob ends the lease after a failed attempt. A job that was queued again in the meantime is not
// given up.
func (s *Store) FailJob(ctx context.Context, j chat.Job, f chat.JobFailure) (bool, error) {
	if !f.GiveUp {
		return s.changeJob(ctx, "fail job", j, `UPDATE jobs SET leased_until = 0, again_at = NULL, last_error = $3, run_at = `+s.jobNow()+` + $4 WHERE `,
			f.Text, f.RetryAfter.Milliseconds())
	}
	held, err := s.changeJob(ctx, "give up job", j, `UPDATE jobs SET leased_until = 0, last_error = $3, given_up_at = `+s.jobNow()+` WHERE again_at IS NULL AND `, f.Text)
	if held || err != nil {
		return held, err
	}
	return s.requeueJob(ctx, j, 0)
}

// requeueJob ends the lease of a job that runs again, at the time for which it was queued in the
// meantime, or else after a duration.
func (s *Store) requeueJob(ctx context.Context, j chat.Job, after time.Duration) (bool, error) {
	return s.changeJob(ctx, "queue job again", j, `UPDATE jobs SET leased_until = 0, attempts = 0, last_error = '', created_at = `+s.jobNow()+`,
		run_at = COALESCE(again_at, `+s.jobNow()+` + $3), again_at = NULL WHERE `, after.Milliseconds())
}

// ReleaseJob ends the lease of an attempt that does not count.
func (s *Store) ReleaseJob(ctx context.Context, j chat.Job) (bool, error) {
	return s.changeJob(ctx, "release job", j, `UPDATE jobs SET leased_until = 0, attempts = attempts - 1 WHERE `)
}

// changeJob changes j if its lease is valid. change is the statement up to this condition; its
// arguments are $3 and the following.
func (s *Store) changeJob(ctx context.Context, operation string, j chat.Job, change string, args ...any) (held bool, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	result, err := s.write.ExecContext(ctx, change+`id = $1 AND lease = $2 AND leased_until > `+s.jobNow(), append([]any{int64(j.ID), j.Lease}, args...)...)
	if err != nil {
		s.noteFailure(err)
		return false, s.fail(operation, err)
	}
	n, err := result.RowsAffected()
	return n == 1, s.fail(operation, err)
}

// PurgeJobs deletes jobs that were given up.
func (s *Store) PurgeJobs(ctx context.Context, kept time.Duration, limit int) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE given_up_at <= `+s.jobNow()+` - $1 LIMIT $2)`,
		kept.Milliseconds(), limit)
	return s.fail("purge jobs", err)
}
