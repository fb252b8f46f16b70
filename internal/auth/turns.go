package auth

import (
	"context"
	"slices"
	"sync"
	"time"
)

// share is a part of the turns of a Hasher. Before each turn of one share there is at most
// one turn of each other share.
type share int

const (
	signIns       share = iota // checking a password that a user has
	newPasswords               // registrations and changes of passwords
	roomPasswords              // setting and guessing those of rooms
	shareCount
)

// turns lets a few callers work at a time. The waiting ones of a share are served in
// the order in which they came, and the shares one after the other.
type turns struct {
	mu      sync.Mutex
	free    int                         // turns that nobody has; 0 while anybody waits
	waiting [shareCount][]chan struct{} // each is closed when it is given a turn
	last    share                       // that was given a turn
}

// take waits for a turn, until ctx ends or for as long as patience; then the error is
// that of ctx or ErrBusy. The caller must pass its turn on.
func (t *turns) take(ctx context.Context, s share, patience time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	t.waiting[s] = append(t.waiting[s], turn)
	t.mu.Unlock()

	timer := time.NewTimer(patience)
	defer timer.Stop()
	var err error
	select {
	case <-turn:
		return nil
	case <-timer.C:
		err = ErrBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	if t.giveUp(s, turn) {
		return err
	}
	return nil // the turn came at the same moment
}

// giveUp ends the waiting for a turn, unless it has come.
func (t *turns) giveUp(s share, turn chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.waiting[s], turn)
	if i < 0 {
		return false
	}
	t.waiting[s] = slices.Delete(t.waiting[s], i, i+1)
	return true
}

// pass gives the caller's turn to the first waiting caller of the next share.
func (t *turns) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n := range shareCount {
		s := (t.last + 1 + n) % shareCount
		if len(t.waiting[s]) > 0 {
			close(t.waiting[s][0])
			t.waiting[s] = slices.Delete(t.waiting[s], 0, 1)
			t.last = s
			return
		}
	}
	t.free++
}

// length returns how many callers wait for a turn.
func (t *turns) length() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, waiting := range t.waiting {
		n += len(waiting)
	}
	return n
}
