package store

import (
	"context"
	"sync/atomic"
)

// semaphore lets a limited number of callers work at once, and counts those that wait.
type semaphore struct {
	taken   chan struct{}
	waiters atomic.Int64
}

func newSemaphore(n int) *semaphore { return &semaphore{taken: make(chan struct{}, n)} }

// take waits for a place until ctx ends. The caller must call leave if err is nil.
func (s *semaphore) take(ctx context.Context) (err error) {
	s.waiters.Add(1)
	defer s.waiters.Add(-1)
	select {
	case s.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *semaphore) leave() { <-s.taken }

func (s *semaphore) waiting() int { return int(s.waiters.Load()) }
