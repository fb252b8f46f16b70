package health

import (
	"errors"
	"sync"
	"time"
)

// ErrStarting is the error of an engine that the node has only begun to use. It is reported,
// but not logged: it passes by itself within moments.
var ErrStarting = errors.New("connecting")

// reason is an error with the word that the public report shows.
type reason struct {
	word string
	error
}

// Unwrap returns the error for the log.
func (r reason) Unwrap() error { return r.error }

// Because returns err for the log, which the report shows as word.
func Because(word string, err error) error { return reason{word, err} }

// experienceLife is how long a failure of the node's own work counts when no later work
// shows that it has passed.
const experienceLife = 10 * time.Second

// Experience remembers how the node's own work with an engine went last. An engine may
// answer a probe and fail everything else. The zero value is ready.
type Experience struct {
	mu     sync.Mutex
	err    error
	failed time.Time
}

// Note records how work ended: nil for success.
func (e *Experience) Note(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err = err; err != nil {
		e.failed = time.Now()
	}
}

// Err returns the error of the last work, nil if it succeeded or failed too long ago.
func (e *Experience) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil || time.Since(e.failed) >= experienceLife {
		return nil
	}
	return e.err
}
