package store

import (
	"context"
	"sync/atomic"
)

// semaphore limits the number of concurrent callers and counts those that wait. They are served in the
// order in which they came.
type semaphore struct {
	slots   chan struct{}
	waiters atomic.Int64
}

func newSemaphore(n int) *semaphore { return &semaphore{slots: make(chan struct{}, n)} }

// acquire waits for a slot until ctx ends. The caller must call release if err is nil.
func (s *semaphore) acquire(ctx context.Context) (err error) {
	s.waiters.Add(1)
	defer s.waiters.Add(-1)
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tryAcquire takes a slot if one is free.
func (s *semaphore) tryAcquire() bool {
	select {
	case s.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s *semaphore) release() { <-s.slots }

func (s *semaphore) waiting() int { return int(s.waiters.Load()) }
