package health

import (
	"errors"
	"sync"
	"time"
)

// ErrStarting is the error of an engine that the node has just begun to use. It is reported but not
// logged, because it resolves itself within moments.
var ErrStarting = errors.New("connecting")

// reason is an error with the text that the public report shows.
type reason struct {
	word string
	error
}

// Unwrap returns the error for the log.
func (r reason) Unwrap() error { return r.error }

// WithReason returns err, for which the report shows word.
func WithReason(word string, err error) error { return reason{word, err} }

// failureLife is how long a failed operation counts if no later operation succeeds.
const failureLife = 10 * time.Second

// LastResult is the result of the node's last operation on an engine. An engine may answer probes while
// all operations on it fail. The zero value is ready to use.
type LastResult struct {
	mu     sync.Mutex
	err    error
	failed time.Time
}

// Record stores the result of an operation.
func (e *LastResult) Record(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err = err; err != nil {
		e.failed = time.Now()
	}
}

// Err returns the error of the last operation, or nil if it succeeded or failed too long ago.
func (e *LastResult) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil || time.Since(e.failed) >= failureLife {
		return nil
	}
	return e.err
}
