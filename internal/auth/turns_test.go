package auth

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A flood in one share must not let the others wait for more than a turn of it.
func TestAFloodOfOneShareLeavesTurnsToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hash, flood = 25 * time.Millisecond, 1000
		turns := &turns{free: 1}
		start := time.Now()
		var mu sync.Mutex
		done := map[share]int{}
		var slowest time.Duration
		var all sync.WaitGroup
		work := func(s share, patience time.Duration) {
			if err := turns.take(t.Context(), s, patience); err != nil {
				if s == signIns {
					t.Errorf("a sign-in: %v", err)
				}
				return
			}
			time.Sleep(hash)
			turns.pass()
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

func TestATurnThatNobodyWaitsForIsFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := &turns{free: 1}
		take := func(patience time.Duration) error { return turns.take(t.Context(), signIns, patience) }
		if err := take(time.Second); err != nil {
			t.Fatal(err)
		}
		if err := take(time.Second); !errors.Is(err, ErrBusy) {
			t.Fatalf("a second: err = %v, want %v", err, ErrBusy)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := turns.take(ctx, signIns, time.Second); !errors.Is(err, context.Canceled) {
			t.Errorf("whose caller is gone: err = %v, want %v", err, context.Canceled)
		}
		turns.pass() // to nobody: the second gave up
		if err := take(time.Second); err != nil {
			t.Errorf("after it was passed on: %v", err)
		}
	})
}

func TestWaitingCallersOfAllSharesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Hasher{turns: &turns{free: 1}}
		var all sync.WaitGroup
		for i, want := range []int{0, 1, 2, 3} { // the first one does not wait
			all.Go(func() { _ = h.turns.take(t.Context(), share(i)%shareCount, hashWait) })
			synctest.Wait()
			if got := h.Waiting(); got != want {
				t.Errorf("after %d calls %d wait, want %d", i+1, got, want)
			}
		}
		for range 4 {
			h.turns.pass()
		}
		all.Wait()
		if got := h.Waiting(); got != 0 {
			t.Errorf("in the end %d wait, want 0", got)
		}
	})
}
