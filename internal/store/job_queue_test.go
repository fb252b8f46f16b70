package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/jobs"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/wake"
)

// observedJobs is a store that reports each result of an attempt after it was stored, and each query for
// due jobs.
type observedJobs struct {
	*Store
	results chan string
	queries chan struct{}
}

func observe(s *Store) observedJobs {
	return observedJobs{s, make(chan string, 100), make(chan struct{}, 1)}
}

func (o observedJobs) DueJobs(ctx context.Context, kinds []chat.JobKind, limit int) ([]chat.DueJob, error) {
	select {
	case o.queries <- struct{}{}:
	default:
	}
	return o.Store.DueJobs(ctx, kinds, limit)
}

// waitUntilIdle waits until nothing has been queried for a while.
func (o observedJobs) waitUntilIdle() {
	for {
		select {
		case <-o.queries:
		case <-time.After(200 * time.Millisecond):
			return
		}
	}
}

func (o observedJobs) report(j chat.Job, what string, held bool, err error) (bool, error) {
	if j.Kind == testKind {
		o.results <- fmt.Sprintf("%s %v %v", what, held, err)
	}
	return held, err
}

func (o observedJobs) FinishJob(ctx context.Context, j chat.Job, every time.Duration) (bool, error) {
	held, err := o.Store.FinishJob(ctx, j, every)
	return o.report(j, "done", held, err)
}

func (o observedJobs) FailJob(ctx context.Context, j chat.Job, f chat.JobFailure) (bool, error) {
	held, err := o.Store.FailJob(ctx, j, f)
	what := fmt.Sprint("retry after ", f.RetryAfter)
	if f.GiveUp {
		what = "given up"
	}
	return o.report(j, what, held, err)
}

func (o observedJobs) ReleaseJob(ctx context.Context, j chat.Job) (bool, error) {
	held, err := o.Store.ReleaseJob(ctx, j)
	return o.report(j, "released", held, err)
}

func (o observedJobs) want(t *testing.T, what string) {
	t.Helper()
	if got, want := receive(t, o.results, "the result "+what), what+" true <nil>"; got != want {
		t.Fatalf("result = %q, want %q", got, want)
	}
}

func receive[T any](t *testing.T, from <-chan T, what string) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(20 * time.Second):
		t.Fatalf("timed out waiting for %s", what)
	}
	return value
}

// worker is a queue that runs until stop or the end of the test.
type worker struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

func (w worker) stop() {
	w.cancel()
	<-w.ended
}

func work(t *testing.T, s chat.Jobs, d jobs.Deps, kinds ...jobs.Kind) worker {
	t.Helper()
	d.Store, d.Node, d.Gap, d.Metrics, d.Log = s, "a node", time.Millisecond, metrics.New(), slog.New(slog.DiscardHandler)
	if d.Wake == nil {
		d.Wake = wake.NewSignal()
	}
	if d.Poll == 0 {
		d.Poll = 20 * time.Millisecond
	}
	q := jobs.NewQueue(d, kinds...)
	ctx, cancel := context.WithCancel(context.Background())
	w := worker{cancel, make(chan struct{})}
	go func() { q.Run(ctx); close(w.ended) }()
	t.Cleanup(w.stop)
	return w
}

func kind(run func(ctx context.Context, j chat.Job) error) jobs.Kind {
	return jobs.Kind{
		Name: testKind, Run: run, Workers: 8, Timeout: time.Minute, Drain: time.Minute,
		Retry: jobs.Backoff{First: time.Minute, Last: 3 * time.Minute},
	}
}

// TestJobQueuesOfSeveralNodes has four nodes for 1,000 jobs.
func TestJobQueuesOfSeveralNodes(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		const n = 1000
		for i := 0; i < n; i += 100 {
			var some []chat.NewJob
			for k := range 100 {
				some = append(some, chat.NewJob{Kind: testKind, Key: fmt.Sprint(i + k)})
			}
			enqueue(t, s, some...)
		}
		var mu sync.Mutex
		ran := map[string]int{}
		all := make(chan struct{})
		run := func(_ context.Context, j chat.Job) error {
			mu.Lock()
			defer mu.Unlock()
			if ran[j.Key]++; len(ran) == n && ran[j.Key] == 1 {
				close(all)
			}
			return nil
		}
		var nodes []worker
		for range 4 {
			nodes = append(nodes, work(t, s, jobs.Deps{}, kind(run)))
		}
		select {
		case <-all:
		case <-time.After(time.Minute):
			t.Error("not all jobs have run after a minute")
		}
		for _, node := range nodes {
			node.stop()
		}
		for key, times := range ran {
			if times != 1 {
				t.Errorf("job %s ran %d times, want once", key, times)
			}
		}
		for _, j := range storedJobs(t, s) {
			if j.Kind == testKind {
				t.Fatalf("job %+v, want none", j)
			}
		}
	})
}

// A queued job is seen by an attempt that begins after it was queued, however often and while whatever
// attempt is running.
func TestJobRunsAfterEachTimeItIsQueued(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		var version, seen atomic.Int64
		last := make(chan struct{}, 1000)
		run := func(context.Context, chat.Job) error {
			seen.Store(version.Load())
			last <- struct{}{}
			return nil
		}
		for range 2 {
			work(t, s, jobs.Deps{}, kind(run))
		}
		const n = 50
		for range n {
			version.Add(1)
			enqueue(t, s, chat.NewJob{Kind: testKind})
		}
		for timeout := time.After(20 * time.Second); seen.Load() != n; {
			select {
			case <-last:
			case <-timeout:
				t.Fatalf("the last attempt saw version %d, want %d", seen.Load(), n)
			}
		}
	})
}

func TestJobOfADeadNodeIsRunByAnother(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		enqueue(t, s, chat.NewJob{Kind: testKind})
		dead := claimJob(t, s)
		attempts := make(chan int, 1)
		o := observe(s)
		work(t, o, jobs.Deps{}, kind(func(_ context.Context, j chat.Job) error { attempts <- j.Attempt; return nil }))
		elapse(t, s, testJobLease)
		if attempt := receive(t, attempts, "an attempt"); attempt != 2 {
			t.Errorf("attempt = %d, want 2", attempt)
		}
		o.want(t, "done")
		held(t, false)(s.FinishJob(t.Context(), dead, 0))
	})
}

func TestFailedJobsAreRetriedAndGivenUp(t *testing.T) {
	fails := func(context.Context, chat.Job) error { return errors.New("no route") }
	limited := kind(fails)
	limited.GiveUp = jobs.GiveUp{Attempts: 3}
	old := kind(fails)
	old.GiveUp = jobs.GiveUp{Age: 100 * time.Second}
	slow := kind(func(ctx context.Context, _ chat.Job) error { <-ctx.Done(); return ctx.Err() })
	slow.Timeout = 10 * time.Millisecond
	for _, c := range []struct {
		name    string
		kind    jobs.Kind
		results []string
		state   chat.JobState
		err     string
	}{
		{"with growing delays", kind(fails), []string{"retry after 1m0s", "retry after 2m0s", "retry after 3m0s", "retry after 3m0s"}, chat.JobScheduled, "no route"},
		{"until a number of attempts", limited, []string{"retry after 1m0s", "retry after 2m0s", "given up"}, chat.JobGivenUp, "no route"},
		{"until an age", old, []string{"retry after 1m0s", "retry after 2m0s", "given up"}, chat.JobGivenUp, "no route"},
		{"never after a permanent error", kind(func(context.Context, chat.Job) error {
			return fmt.Errorf("send: %w", jobs.Permanent(errors.New("no such user")))
		}), []string{"given up"}, chat.JobGivenUp, "send: no such user"},
		{"after a panic", kind(func(context.Context, chat.Job) error { panic("a bug") }), []string{"retry after 1m0s"}, chat.JobScheduled, "panic in background"},
		{"after a timeout", slow, []string{"retry after 1m0s"}, chat.JobScheduled, "context deadline exceeded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, s *Store) {
				o := observe(s)
				enqueue(t, s, chat.NewJob{Kind: testKind})
				node := work(t, o, jobs.Deps{}, c.kind)
				for i, want := range c.results {
					if i > 0 {
						elapse(t, s, min(time.Duration(i)*time.Minute, 3*time.Minute))
					}
					o.want(t, want)
				}
				node.stop()
				for _, j := range storedJobs(t, s) {
					if j.Kind == testKind && (j.State != c.state || j.LastError != c.err) {
						t.Errorf("job = %+v, want %s, %q", j, c.state, c.err)
					}
				}
			})
		})
	}
}

// A job that ends its nodes must not end one after the other.
func TestJobThatEndsItsNodesIsGivenUp(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		enqueue(t, s, chat.NewJob{Kind: testKind})
		for range 2 {
			claimJob(t, s)
			elapse(t, s, testJobLease)
		}
		o := observe(s)
		k := kind(func(context.Context, chat.Job) error { t.Error("the job ran a third time"); return nil })
		k.GiveUp.Attempts = 2
		work(t, o, jobs.Deps{}, k)
		o.want(t, "given up")
	})
}

func TestQueuedJobWakesItsNode(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		due := wake.NewSignal()
		s.onEnqueue = due.Send
		o := observe(s)
		work(t, o, jobs.Deps{Wake: due, Poll: time.Hour}, kind(func(context.Context, chat.Job) error { return nil }))
		o.waitUntilIdle()
		enqueue(t, s, chat.NewJob{Kind: testKind})
		o.want(t, "done")
	})
}

func TestQueueDrains(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		o := observe(s)
		began, goOn := make(chan struct{}, 10), make(chan struct{})
		k := kind(func(ctx context.Context, _ chat.Job) error {
			began <- struct{}{}
			select {
			case <-goOn:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		t.Run("an attempt may end within the time of its kind", func(t *testing.T) {
			enqueue(t, s, chat.NewJob{Kind: testKind, Key: "running"})
			node := work(t, o, jobs.Deps{}, k)
			receive(t, began, "an attempt")
			node.cancel()
			enqueue(t, s, chat.NewJob{Kind: testKind, Key: "new"})
			close(goOn)
			receive(t, node.ended, "the end of the queue")
			if len(o.results) == 0 {
				t.Error("drained before the result was stored")
			}
			o.want(t, "done")
		})
		t.Run("later it is released and does not count", func(t *testing.T) {
			goOn = make(chan struct{})
			k.Drain = 0
			node := work(t, o, jobs.Deps{}, k)
			receive(t, began, "an attempt")
			node.stop()
			o.want(t, "released")
			if j := claimJob(t, s); j.Key != "new" || j.Attempt != 1 {
				t.Errorf("job = %+v, want the first attempt at the new one", j)
			}
		})
	})
}

// leaselessJobs stores no renewal of a lease: it reports held and err.
type leaselessJobs struct {
	observedJobs
	held    bool
	err     error
	renewed chan struct{}
}

func (l leaselessJobs) RenewJob(context.Context, chat.Job, time.Duration) (bool, error) {
	select {
	case l.renewed <- struct{}{}:
	default:
	}
	return l.held, l.err
}

// ClaimJobs leases for longer than the queue believes, so that the test does not depend on time.
func (l leaselessJobs) ClaimJobs(ctx context.Context, ids []chat.JobID, holder string, _ time.Duration) ([]chat.Job, error) {
	return l.observedJobs.ClaimJobs(ctx, ids, holder, time.Hour)
}

func TestLeaseIsRenewedWhileAJobRuns(t *testing.T) {
	for name, c := range map[string]struct {
		held    bool
		err     error
		stopped bool
	}{
		"a renewed lease":                      {true, nil, false},
		"a lost lease":                         {false, nil, true},
		"a lease that cannot be renewed again": {false, chat.ErrUnavailable(errors.New("away")), true},
	} {
		t.Run(name, func(t *testing.T) {
			s := openTestSQLite(t)
			l := leaselessJobs{observe(s), c.held, c.err, make(chan struct{})}
			enqueue(t, s, chat.NewJob{Kind: testKind})
			ended := make(chan error, 1)
			goOn := make(chan struct{})
			node := work(t, l, jobs.Deps{Lease: 60 * time.Millisecond}, kind(func(ctx context.Context, _ chat.Job) error {
				select {
				case <-goOn:
				case <-ctx.Done():
				}
				ended <- context.Cause(ctx)
				return nil
			}))
			if !c.stopped {
				for range 5 {
					receive(t, l.renewed, "a renewal")
				}
				close(goOn)
				if err := receive(t, ended, "the end of the attempt"); err != nil {
					t.Errorf("the attempt was stopped: %v", err)
				}
				l.want(t, "done")
				return
			}
			if err := receive(t, ended, "the end of the attempt"); err == nil {
				t.Error("the attempt was not stopped")
			}
			node.stop()
			if len(l.results) != 0 {
				t.Errorf("result = %q, want none: the lease has ended", <-l.results)
			}
		})
	}
}

func TestPeriodicJobsRunInTurn(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		o := observe(s)
		k := kind(func(context.Context, chat.Job) error { return nil })
		k.Every = time.Hour
		work(t, o, jobs.Deps{}, k)
		o.want(t, "done")
		elapse(t, s, time.Hour)
		o.want(t, "done")
		second := work(t, o, jobs.Deps{}, k)
		enqueue(t, s, chat.NewJob{Kind: testKind}) // the start of the second node runs nothing
		o.want(t, "done")
		second.stop()
		k.AtStart = true
		work(t, o, jobs.Deps{}, k)
		o.want(t, "done")
		for _, j := range storedJobs(t, s) {
			if j.Kind == testKind && j.State != chat.JobScheduled {
				t.Errorf("job = %+v, want scheduled", j)
			}
		}
		if len(o.results) != 0 {
			t.Errorf("result = %q, want no further one", <-o.results)
		}
	})
}

func TestQueueContinuesAfterErrorsOfTheStore(t *testing.T) {
	s := openTestSQLite(t)
	o := observe(s)
	f := &failingJobs{observedJobs: o}
	f.failures.Store(4)
	enqueue(t, s, chat.NewJob{Kind: testKind})
	work(t, f, jobs.Deps{}, kind(func(context.Context, chat.Job) error { return nil }))
	o.want(t, "done")
	if left := f.failures.Load(); left > 0 {
		t.Errorf("%d failures left, want none", left)
	}
}

// failingJobs fails a number of times to schedule and to read.
type failingJobs struct {
	observedJobs
	failures atomic.Int64
}

func (f *failingJobs) fail() error {
	if f.failures.Add(-1) >= 0 {
		return chat.ErrUnavailable(errors.New("away"))
	}
	return nil
}

func (f *failingJobs) ScheduleJobs(ctx context.Context, all ...chat.NewJob) error {
	if f.failures.Load() > 2 {
		return f.fail()
	}
	return f.observedJobs.ScheduleJobs(ctx, all...)
}

func (f *failingJobs) DueJobs(ctx context.Context, kinds []chat.JobKind, limit int) ([]chat.DueJob, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	return f.observedJobs.DueJobs(ctx, kinds, limit)
}
