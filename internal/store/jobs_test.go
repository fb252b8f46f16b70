package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

const (
	testKind     chat.JobKind = "test"
	testJobLease              = time.Minute
)

func enqueue(t *testing.T, s *Store, jobs ...chat.NewJob) {
	t.Helper()
	if err := s.EnqueueJobs(t.Context(), jobs...); err != nil {
		t.Fatalf("enqueue: %v", err)
	}
}

// elapse lets time pass for all jobs. Their times are by the clock of the database, which a test cannot
// set.
func elapse(t *testing.T, s *Store, d time.Duration) {
	t.Helper()
	_, err := s.write.ExecContext(t.Context(), `UPDATE jobs SET created_at = created_at - $1, run_at = run_at - $1, again_at = again_at - $1,
		leased_until = leased_until - $1, given_up_at = given_up_at - $1`, d.Milliseconds())
	if err != nil {
		t.Fatal(err)
	}
}

func claimJobs(ctx context.Context, s *Store, limit int, kinds ...chat.JobKind) ([]chat.Job, error) {
	due, err := s.DueJobs(ctx, kinds, limit)
	if err != nil {
		return nil, err
	}
	var ids []chat.JobID
	for _, j := range due {
		ids = append(ids, j.ID)
	}
	return s.ClaimJobs(ctx, ids, "a node", testJobLease)
}

// claimJob leases the only job that is due.
func claimJob(t *testing.T, s *Store) chat.Job {
	t.Helper()
	jobs, err := claimJobs(t.Context(), s, 10, testKind)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("claimed %+v, %v, want one job", jobs, err)
	}
	return jobs[0]
}

func wantNoJob(t *testing.T, s *Store, why string) {
	t.Helper()
	if jobs, err := claimJobs(t.Context(), s, 10, testKind); err != nil || len(jobs) != 0 {
		t.Fatalf("claimed %+v, %v, want none: %s", jobs, err, why)
	}
}

func storedJobs(t *testing.T, s *Store) []chat.StoredJob {
	t.Helper()
	jobs, err := s.StoredJobs(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func storedJob(t *testing.T, s *Store) chat.StoredJob {
	t.Helper()
	jobs := storedJobs(t, s)
	if len(jobs) != 1 {
		t.Fatalf("jobs = %+v, want one", jobs)
	}
	return jobs[0]
}

// held returns a function that expects a result of a change under a lease.
func held(t *testing.T, want bool) func(held bool, err error) {
	return func(held bool, err error) {
		t.Helper()
		if err != nil || held != want {
			t.Fatalf("held = %v, %v, want %v", held, err, want)
		}
	}
}

func TestJobLeases(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		enqueue(t, s, chat.NewJob{Kind: testKind, Key: "a", Payload: `{"n":1}`})
		if got := storedJob(t, s); got.State != chat.JobQueued {
			t.Fatalf("job = %+v, want queued", got)
		}
		first := claimJob(t, s)
		if first.Kind != testKind || first.Key != "a" || first.Payload != `{"n":1}` || first.Attempt != 1 || first.Age < 0 || first.Age > time.Minute {
			t.Fatalf("job = %+v", first)
		}
		wantNoJob(t, s, "it is leased")
		if got := storedJob(t, s); got.State != chat.JobRunning || got.Holder != "a node" {
			t.Fatalf("job = %+v, want running on a node", got)
		}

		elapse(t, s, testJobLease/2)
		held(t, true)(s.RenewJob(ctx, first, testJobLease))
		elapse(t, s, testJobLease*3/4)
		wantNoJob(t, s, "the lease was renewed")

		elapse(t, s, testJobLease)
		late := func(why string) {
			t.Helper()
			before := storedJobs(t, s)
			held(t, false)(s.RenewJob(ctx, first, testJobLease))
			held(t, false)(s.FinishJob(ctx, first, 0))
			held(t, false)(s.FinishJob(ctx, first, time.Hour))
			held(t, false)(s.FailJob(ctx, first, chat.JobFailure{Text: "late", RetryAfter: time.Hour}))
			held(t, false)(s.FailJob(ctx, first, chat.JobFailure{Text: "late", GiveUp: true}))
			held(t, false)(s.ReleaseJob(ctx, first))
			if after := storedJobs(t, s); !slices.Equal(after, before) {
				t.Fatalf("%s: jobs = %+v, want no change: %+v", why, after, before)
			}
		}
		late("the lease has ended")
		second := claimJob(t, s)
		if second.ID != first.ID || second.Attempt != 2 || second.Lease == first.Lease {
			t.Fatalf("job = %+v, want the second attempt at %+v", second, first)
		}
		late("another node has the lease")
		held(t, true)(s.FinishJob(ctx, second, 0))
		late("the job is done")
		if jobs := storedJobs(t, s); len(jobs) != 0 {
			t.Fatalf("jobs = %+v, want none", jobs)
		}
	})
}

func TestJobsAreLeasedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		const jobs = 60
		for i := range jobs {
			enqueue(t, s, chat.NewJob{Kind: testKind, Key: fmt.Sprint(i)})
		}
		var mu sync.Mutex
		leased := map[chat.JobID]int{}
		var nodes sync.WaitGroup
		for range 8 {
			nodes.Go(func() {
				for {
					claimed, err := claimJobs(context.WithoutCancel(t.Context()), s, 5, testKind)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, j := range claimed {
						leased[j.ID]++
					}
					all := len(leased)
					mu.Unlock()
					if all == jobs {
						return
					}
				}
			})
		}
		nodes.Wait()
		for id, n := range leased {
			if n != 1 {
				t.Errorf("job %d was leased %d times, want once", id, n)
			}
		}
		wantNoJob(t, s, "all are leased")
	})
}

func TestJobRetryAndGiveUp(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		enqueue(t, s, chat.NewJob{Kind: testKind})
		held(t, true)(s.FailJob(ctx, claimJob(t, s), chat.JobFailure{Text: "no route", RetryAfter: time.Hour}))
		if got := storedJob(t, s); got.State != chat.JobScheduled || got.LastError != "no route" || got.Attempts != 1 {
			t.Fatalf("job = %+v, want scheduled after one attempt", got)
		}
		elapse(t, s, 59*time.Minute)
		wantNoJob(t, s, "it is too early")
		elapse(t, s, time.Minute)
		j := claimJob(t, s)
		if j.Attempt != 2 || j.Age < time.Hour {
			t.Fatalf("job = %+v, want the second attempt after an hour", j)
		}
		held(t, true)(s.ReleaseJob(ctx, j))
		if j = claimJob(t, s); j.Attempt != 2 {
			t.Fatalf("job = %+v, want that a released attempt does not count", j)
		}

		held(t, true)(s.FailJob(ctx, j, chat.JobFailure{Text: "no such user", GiveUp: true}))
		elapse(t, s, 24*time.Hour)
		wantNoJob(t, s, "it was given up")
		given := storedJob(t, s)
		if given.State != chat.JobGivenUp || given.LastError != "no such user" || given.GivenUpAt == 0 {
			t.Fatalf("job = %+v, want given up", given)
		}
		if err := s.PurgeJobs(ctx, 25*time.Hour, 10); err != nil {
			t.Fatal(err)
		}
		if err := s.RunJobNow(ctx, given.ID); err != nil {
			t.Fatal(err)
		}
		if j = claimJob(t, s); j.Attempt != 1 || j.Age > time.Hour {
			t.Fatalf("job = %+v, want a new first attempt", j)
		}
		wantCode(t, s.RunJobNow(ctx, given.ID), chat.NotFound) // it is running
		held(t, true)(s.FailJob(ctx, j, chat.JobFailure{Text: "no such user", GiveUp: true}))
		elapse(t, s, 25*time.Hour)
		if err := s.PurgeJobs(ctx, 25*time.Hour, 10); err != nil {
			t.Fatal(err)
		}
		if jobs := storedJobs(t, s); len(jobs) != 0 {
			t.Fatalf("jobs = %+v, want none", jobs)
		}
		wantCode(t, s.RunJobNow(ctx, given.ID), chat.NotFound)
	})
}

func TestJobWithTheSameKeyIsQueuedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		job := func(payload string, after time.Duration) chat.NewJob {
			return chat.NewJob{Kind: testKind, Key: "a", Payload: payload, After: after}
		}
		t.Run("a queued job gets the newest payload and the earliest time", func(t *testing.T) {
			enqueue(t, s, job("1", time.Hour), job("2", 2*time.Hour))
			elapse(t, s, 30*time.Minute)
			enqueue(t, s, job("3", time.Hour))
			elapse(t, s, 30*time.Minute)
			if j := claimJob(t, s); j.Payload != "3" {
				t.Fatalf("job = %+v, want payload 3", j)
			}
			elapse(t, s, testJobLease)
		})
		t.Run("a running job runs again at the earliest time", func(t *testing.T) {
			j := claimJob(t, s)
			enqueue(t, s, job("4", 2*time.Hour), job("5", time.Hour), job("6", 2*time.Hour))
			wantNoJob(t, s, "it is running")
			held(t, true)(s.FinishJob(ctx, j, 0))
			wantNoJob(t, s, "it runs again in an hour")
			elapse(t, s, time.Hour)
			if j = claimJob(t, s); j.Payload != "6" || j.Attempt != 1 {
				t.Fatalf("job = %+v, want the first attempt with payload 6", j)
			}
			held(t, true)(s.FinishJob(ctx, j, 0))
			if jobs := storedJobs(t, s); len(jobs) != 0 {
				t.Fatalf("jobs = %+v, want none", jobs)
			}
		})
		t.Run("a job that waits for a retry keeps waiting", func(t *testing.T) {
			enqueue(t, s, job("1", 0))
			held(t, true)(s.FailJob(ctx, claimJob(t, s), chat.JobFailure{Text: "x", RetryAfter: time.Hour}))
			enqueue(t, s, job("2", 0))
			wantNoJob(t, s, "it waits")
			elapse(t, s, time.Hour)
			if j := claimJob(t, s); j.Payload != "2" || j.Attempt != 2 {
				t.Fatalf("job = %+v, want the second attempt with payload 2", j)
			}
			elapse(t, s, testJobLease)
		})
		t.Run("a job that was queued during its last attempt starts again", func(t *testing.T) {
			j := claimJob(t, s)
			enqueue(t, s, job("3", 0))
			held(t, true)(s.FailJob(ctx, j, chat.JobFailure{Text: "x", GiveUp: true}))
			if j = claimJob(t, s); j.Payload != "3" || j.Attempt != 1 {
				t.Fatalf("job = %+v, want the first attempt with payload 3", j)
			}
			held(t, true)(s.FailJob(ctx, j, chat.JobFailure{Text: "x", GiveUp: true}))
		})
		t.Run("a job that was given up starts again", func(t *testing.T) {
			elapse(t, s, 24*time.Hour)
			enqueue(t, s, job("4", time.Hour))
			if got := storedJob(t, s); got.State != chat.JobScheduled || got.LastError != "" {
				t.Fatalf("job = %+v, want scheduled", got)
			}
			elapse(t, s, time.Hour)
			if j := claimJob(t, s); j.Payload != "4" || j.Attempt != 1 || j.Age > 2*time.Hour {
				t.Fatalf("job = %+v, want a new first attempt with payload 4", j)
			}
		})
	})
}

// The locks of concurrent transactions must not depend on the order of their jobs.
func TestJobsOfTheSameKeysAreQueuedConcurrently(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		var jobs []chat.NewJob
		for i := range 20 {
			jobs = append(jobs, chat.NewJob{Kind: testKind, Key: fmt.Sprint(i)})
		}
		var clients sync.WaitGroup
		for i := range 8 {
			clients.Go(func() {
				mine := slices.Clone(jobs)
				if i%2 == 1 {
					slices.Reverse(mine)
				}
				for range 5 {
					if err := s.EnqueueJobs(t.Context(), mine...); err != nil {
						t.Error(err)
					}
				}
			})
		}
		clients.Wait()
		if stored := storedJobs(t, s); len(stored) != len(jobs) {
			t.Fatalf("%d jobs, want %d", len(stored), len(jobs))
		}
	})
}

func TestJobIsQueuedOnlyWithItsTransaction(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		alice := register(t, s, "alice")
		failed := errors.New("failed")
		change := func(err error) error {
			return s.tx(ctx, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, `UPDATE users SET display_name = 'Changed' WHERE id = $1`, int64(alice.User.ID)); err != nil {
					return err
				}
				if err := s.enqueue(ctx, tx, chat.NewJob{Kind: testKind}); err != nil {
					return err
				}
				return err
			})
		}
		if err := change(failed); !errors.Is(err, failed) {
			t.Fatal(err)
		}
		if jobs := storedJobs(t, s); len(jobs) != 0 {
			t.Fatalf("jobs = %+v, want none: their transaction was rolled back", jobs)
		}
		if err := change(nil); err != nil {
			t.Fatal(err)
		}
		claimJob(t, s)
	})
}

func TestJobsOfOneKindDoNotDelayAnother(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		for i := range 10 {
			enqueue(t, s, chat.NewJob{Kind: "many", Key: fmt.Sprint(i)})
		}
		enqueue(t, s, chat.NewJob{Kind: testKind}, chat.NewJob{Kind: "unknown"})
		elapse(t, s, time.Minute)
		enqueue(t, s, chat.NewJob{Kind: "many", Key: "late"})
		due, err := s.DueJobs(t.Context(), []chat.JobKind{"none", "many", testKind}, 3)
		if err != nil || len(due) != 4 || due[3].Kind != testKind {
			t.Fatalf("due = %+v, %v, want three of the many and the other one", due, err)
		}
		for i := range 3 {
			if due[i].Kind != "many" || i > 0 && due[i].ID <= due[i-1].ID {
				t.Fatalf("due = %+v, want the oldest first", due)
			}
		}
		counts, err := s.JobCounts(t.Context())
		if err != nil || len(counts) != 3 || counts[0].Kind != "many" || counts[0].States[chat.JobQueued] != 11 || counts[0].Waiting < time.Minute {
			t.Fatalf("counts = %+v, %v, want 11 of many that have waited for a minute", counts, err)
		}
	})
}

// Every node asks for due jobs all the time.
func TestDueJobsAreFoundByTheIndex(t *testing.T) {
	explain := map[string]string{"sqlite": `EXPLAIN QUERY PLAN `, "postgres": `EXPLAIN `}
	for _, e := range engines {
		if explain[e.name] == "" {
			continue // another way to an engine of the list
		}
		t.Run(e.name, func(t *testing.T) {
			s := e.open(t)
			for _, statement := range []string{
				`INSERT INTO jobs (kind, key, payload, created_at, run_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
					SELECT 'many', CAST(i AS text), '', i, i FROM n`,
				`ANALYZE`,
			} {
				if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			query, args := s.dueJobs([]chat.JobKind{"none", "many", testKind}, 50)
			rows, err := s.read.QueryContext(t.Context(), explain[e.name]+query, args...)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			columns, err := rows.Columns()
			if err != nil {
				t.Fatal(err)
			}
			var plan strings.Builder
			for rows.Next() {
				line, ignored := "", make([]any, len(columns))
				for i := range ignored {
					ignored[i] = new(any)
				}
				ignored[len(columns)-1] = &line
				if err := rows.Scan(ignored...); err != nil {
					t.Fatal(err)
				}
				plan.WriteString(line + "\n")
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(plan.String(), "jobs_due_idx"); n != 3 || strings.Contains(plan.String(), "Seq Scan") {
				t.Errorf("the index is used %d times, want 3:\n%s", n, plan.String())
			}
		})
	}
}

func TestPeriodicJobs(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		schedule := func() {
			t.Helper()
			if err := s.ScheduleJobs(ctx, chat.NewJob{Kind: testKind}); err != nil {
				t.Fatal(err)
			}
		}
		schedule()
		j := claimJob(t, s)
		schedule()
		held(t, true)(s.FinishJob(ctx, j, time.Hour))
		schedule()
		wantNoJob(t, s, "it runs again in an hour")
		elapse(t, s, time.Hour)
		j = claimJob(t, s)
		enqueue(t, s, chat.NewJob{Kind: testKind, After: time.Minute})
		held(t, true)(s.FinishJob(ctx, j, time.Hour))
		elapse(t, s, time.Minute)
		if j = claimJob(t, s); j.Attempt != 1 || j.Age > time.Hour {
			t.Fatalf("job = %+v, want a new first attempt", j)
		}
	})
}
