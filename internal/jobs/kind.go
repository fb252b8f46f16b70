package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Kind is what jobs of one kind do, and the rules for them.
type Kind struct {
	Name chat.JobKind
	// Run makes one attempt. It may run more than once for a job, and must end when ctx ends. After an
	// error there is another attempt, unless the error is Permanent. Its text is shown to the operator.
	Run func(ctx context.Context, j chat.Job) error
	// Workers is the number of attempts that one node makes at the same time.
	Workers int
	// Timeout limits an attempt.
	Timeout time.Duration
	// Drain is how long an attempt may continue after its node has begun to stop. Then its context ends,
	// and another node makes the attempt again.
	Drain time.Duration
	Retry Backoff
	// GiveUp ends the attempts. A job that was given up is kept for a while for the operator.
	GiveUp GiveUp
	// Every is the period of a periodic job, 0 for other jobs. It has one row, with an empty key.
	Every time.Duration
	// AtStart makes a periodic job also run when a node starts.
	AtStart bool
}

// Backoff is the delay before a retry. It doubles with each failure.
type Backoff struct {
	First time.Duration
	Last  time.Duration // the longest delay
}

// maxDoublings keeps First << n below the largest duration, for First up to an hour.
const maxDoublings = 20

// After returns the delay after a failure that followed a number of failures.
func (b Backoff) After(failures int) time.Duration {
	return min(b.Last, b.First<<min(failures, maxDoublings))
}

// GiveUp limits the attempts of a job. A zero field is no limit.
type GiveUp struct {
	Attempts int           // a job is given up after this number of attempts
	Age      time.Duration // a job is given up if an attempt fails when it is this old
}

// reached reports whether a failed attempt was the last one.
func (g GiveUp) reached(attempt int, age time.Duration) bool {
	return g.Attempts > 0 && attempt >= g.Attempts || g.Age > 0 && age >= g.Age
}

// exceeded reports whether earlier attempts ended without a result, because their nodes died, and no
// further one is allowed. Otherwise a job that ends its node would end one node after the other.
func (g GiveUp) exceeded(attempt int) bool { return g.Attempts > 0 && attempt > g.Attempts }

// permanentError is an error after which a retry is useless.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// Permanent returns err as an error after which a job is given up at once.
func Permanent(err error) error { return permanentError{err} }

func permanent(err error) bool {
	_, ok := errors.AsType[permanentError](err)
	return ok
}
