package auth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A flood in one share must delay other shares by at most one slot.
func TestFloodInOneShareDoesNotStarveOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hash, flood = 25 * time.Millisecond, 1000
		queue := &hashQueue{free: 1}
		start := time.Now()
		var mu sync.Mutex
		done := map[share]int{}
		var slowest time.Duration
		var all sync.WaitGroup
		work := func(s share, timeout time.Duration) {
			if err := queue.acquire(t.Context(), s, timeout); err != nil {
				if s == signIns {
					t.Errorf("a sign-in: %v", err)
				}
				return
			}
			time.Sleep(hash)
			queue.release()
			mu.Lock()
			defer mu.Unlock()
			done[s]++
			if s == signIns {
				slowest = max(slowest, time.Since(start))
			}
		}
		for range flood {
			all.Go(func() { work(roomPasswords, hashWait) })
			all.Go(func() { work(newPasswords, hashWait) })
		}
		synctest.Wait()
		for range 5 {
			all.Go(func() { work(signIns, hashWait) })
		}
		all.Wait()
		if done[signIns] != 5 || slowest > (3*5+1)*hash {
			t.Errorf("%d sign-ins, the slowest after %v: want 5 within %v", done[signIns], slowest, (3*5+1)*hash)
		}
		if done[roomPasswords] == 0 || done[newPasswords] == 0 {
			t.Errorf("done: %v, want some of each share", done)
		}
	})
}

func TestUnusedSlotIsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := &hashQueue{free: 1}
		acquire := func(timeout time.Duration) error { return queue.acquire(t.Context(), signIns, timeout) }
		if err := acquire(time.Second); err != nil {
			t.Fatal(err)
		}
		if err := acquire(time.Second); !errors.Is(err, ErrBusy) {
			t.Fatalf("a second: err = %v, want %v", err, ErrBusy)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := queue.acquire(ctx, signIns, time.Second); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled caller: err = %v, want %v", err, context.Canceled)
		}
		queue.release() // no receiver: the second caller gave up
		if err := acquire(time.Second); err != nil {
			t.Errorf("after release: %v", err)
		}
	})
}

func TestWaitingCountsAllShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Hasher{queue: &hashQueue{free: 1}}
		var all sync.WaitGroup
		for i, want := range []int{0, 1, 2, 3} { // the first caller does not wait
			all.Go(func() { _ = h.queue.acquire(t.Context(), share(i)%shareCount, hashWait) })
			synctest.Wait()
			if got := h.Waiting(); got != want {
				t.Errorf("after %d calls: waiting = %d, want %d", i+1, got, want)
			}
		}
		for range 4 {
			h.queue.release()
		}
		all.Wait()
		if got := h.Waiting(); got != 0 {
			t.Errorf("in the end: waiting = %d, want 0", got)
		}
	})
}
