package auth

import (
	"context"
	"slices"
	"sync"
	"time"
)

// share is a part of a hashQueue. The shares are served in turn: between two slots for one share, every
// other waiting share gets one.
type share int

const (
	signIns       share = iota // verifying a user's password
	newPasswords               // registrations and password changes
	roomPasswords              // setting and verifying room passwords
	shareCount
)

// hashQueue limits how many callers work at a time. The waiting callers of a share are served in order
// of arrival, the shares round-robin.
type hashQueue struct {
	mu      sync.Mutex
	free    int                         // unused slots; 0 while a caller waits
	waiting [shareCount][]chan struct{} // each is closed when it receives a slot
	last    share                       // the share that received the last slot
}

// acquire waits for a slot. It returns the error of ctx if ctx ends, or ErrBusy after timeout. The
// caller must call release.
func (q *hashQueue) acquire(ctx context.Context, s share, timeout time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if q.free > 0 {
		q.free--
		q.mu.Unlock()
		return nil
	}
	slot := make(chan struct{})
	q.waiting[s] = append(q.waiting[s], slot)
	q.mu.Unlock()

	timer := time.NewTimer(timeout)
	defer timer.Stop()
	var err error
	select {
	case <-slot:
		return nil
	case <-timer.C:
		err = ErrBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	if q.cancel(s, slot) {
		return err
	}
	return nil // the slot was granted at the same moment
}

// cancel removes a waiting caller. It reports false if the caller already has a slot.
func (q *hashQueue) cancel(s share, slot chan struct{}) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting[s], slot)
	if i < 0 {
		return false
	}
	q.waiting[s] = slices.Delete(q.waiting[s], i, i+1)
	return true
}

// release passes the slot to the first waiting caller of the next share.
func (q *hashQueue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for n := range shareCount {
		s := (q.last + 1 + n) % shareCount
		if len(q.waiting[s]) > 0 {
			close(q.waiting[s][0])
			q.waiting[s] = slices.Delete(q.waiting[s], 0, 1)
			q.last = s
			return
		}
	}
	q.free++
}

// length returns the number of waiting callers.
func (q *hashQueue) length() (n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, waiting := range q.waiting {
		n += len(waiting)
	}
	return n
}
