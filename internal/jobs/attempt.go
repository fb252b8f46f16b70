package jobs

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/recovery"
)

var (
	errLeaseLost = errors.New("the lease of the job has ended")
	errStopping  = errors.New("the node stops")
	errNoResult  = errors.New("the nodes that ran the job ended before it was done")
)

// storePause is the pause before the result of an attempt is stored again after an error.
const storePause = time.Second

// attempt is one attempt at a leased job.
type attempt struct {
	*Queue
	kind    Kind
	job     chat.Job
	began   time.Time
	renewed time.Time // when the lease began at the latest
}

// run makes the attempt and stores its result. It renews the lease until the attempt has ended.
func (a *attempt) run(ctx context.Context) {
	if a.kind.GiveUp.exceeded(a.job.Attempt) {
		a.fail(ctx, errNoResult, true)
		return
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.kind.Timeout)
	defer cancel()
	running, stop := context.WithCancelCause(limited)
	defer stop(nil)
	done := make(chan error, 1)
	go func() {
		done <- recovery.Do(recovery.Background, []byte(a.job.Payload), func() error { return a.kind.Run(running, a.job) })
	}()
	err := a.wait(ctx, done, stop)
	a.panics.Report(ctx, err)
	switch cause := context.Cause(running); {
	case errors.Is(cause, errLeaseLost):
		a.lost(ctx)
	case err == nil:
		a.finish(ctx)
	case errors.Is(cause, errStopping):
		a.release(ctx)
	default:
		a.fail(ctx, err, permanent(err))
	}
}

// wait waits until the attempt has ended, and returns its error. It stops the attempt before the lease
// can end, and when its node has been stopping for longer than the kind allows.
func (a *attempt) wait(ctx context.Context, done <-chan error, stop context.CancelCauseFunc) error {
	renew := time.NewTicker(a.Lease / 3)
	defer renew.Stop()
	stopping := ctx.Done()
	var drained <-chan time.Time
	for {
		select {
		case err := <-done:
			return err
		case <-renew.C:
			if !a.renew(ctx) {
				stop(errLeaseLost)
			}
		case <-stopping:
			stopping, drained = nil, time.After(a.kind.Drain)
		case <-drained:
			stop(errStopping)
		}
	}
}

// renew renews the lease. It reports false if the lease has ended, or will end soon because the store
// does not answer.
func (a *attempt) renew(ctx context.Context) bool {
	now := time.Now()
	held, err := a.Store.RenewJob(context.WithoutCancel(ctx), a.job, a.Lease)
	if err != nil {
		return time.Since(a.renewed) < a.Lease*2/3
	}
	a.renewed = now
	return held
}

func (a *attempt) finish(ctx context.Context) {
	a.store(ctx, metrics.JobDone, func(ctx context.Context) (bool, error) { return a.Store.FinishJob(ctx, a.job, a.kind.Every) })
}

func (a *attempt) release(ctx context.Context) {
	a.store(ctx, metrics.JobInterrupted, func(ctx context.Context) (bool, error) { return a.Store.ReleaseJob(ctx, a.job) })
}

func (a *attempt) fail(ctx context.Context, cause error, giveUp bool) {
	f := chat.JobFailure{
		Text: errorText(cause), RetryAfter: a.kind.Retry.After(a.job.Attempt - 1),
		GiveUp: giveUp || a.kind.GiveUp.reached(a.job.Attempt, a.job.Age+time.Since(a.began)),
	}
	outcome := metrics.JobFailed
	if f.GiveUp {
		outcome = metrics.JobGivenUp
		a.Log.ErrorContext(ctx, "job given up", "kind", a.job.Kind, "job", a.job.ID, "attempts", a.job.Attempt, "err", cause)
	} else {
		a.Log.WarnContext(ctx, "job failed", "kind", a.job.Kind, "job", a.job.ID, "attempts", a.job.Attempt, "retryAfter", f.RetryAfter, "err", cause)
	}
	a.store(ctx, outcome, func(ctx context.Context) (bool, error) { return a.Store.FailJob(ctx, a.job, f) })
}

// store stores the outcome of the attempt and counts it. After an error it tries again until the lease
// has ended or the node stops: a job whose result is not stored runs again.
func (a *attempt) store(ctx context.Context, outcome metrics.JobOutcome, store func(ctx context.Context) (held bool, err error)) {
	for {
		stopping := ctx.Err() != nil
		held, err := store(context.WithoutCancel(ctx)) // even if the node is stopping
		switch {
		case err == nil && held:
			a.Metrics.Job(string(a.job.Kind), outcome)
			return
		case err == nil:
			a.lost(ctx)
			return
		case stopping || time.Since(a.renewed) >= a.Lease:
			a.Log.WarnContext(ctx, "store result of job failed", "kind", a.job.Kind, "job", a.job.ID, "err", err)
			a.Metrics.Job(string(a.job.Kind), metrics.JobLost)
			return
		}
		select {
		case <-time.After(storePause):
		case <-ctx.Done():
		}
	}
}

func (a *attempt) lost(ctx context.Context) {
	a.Log.WarnContext(ctx, "lease of job lost", "kind", a.job.Kind, "job", a.job.ID)
	a.Metrics.Job(string(a.job.Kind), metrics.JobLost)
}

// errorText is the text of an error for the operator.
func errorText(err error) string {
	text := err.Error()
	if len(text) > maxError {
		text = text[:maxError]
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
}
