package ratelimit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// clock is a clock that tests advance.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(0, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }

func newClock() *clock {
	c := &clock{}
	c.at.Store(1_700_000_000_000_000_000)
	return c
}

func take[K comparable](k *Keyed[K], key K, n int) (allowed int) {
	for range n {
		if _, ok := k.Allow(key); ok {
			allowed++
		}
	}
	return allowed
}

func TestReadyTakesNoToken(t *testing.T) {
	c := newClock()
	k := New[string](rate.Every(time.Second), 2, c.now)
	for range 5 {
		if _, ok := k.Ready("alice"); !ok {
			t.Fatal("a full bucket is not ready")
		}
	}
	if k.Len() != 0 {
		t.Errorf("Ready created %d buckets, want none", k.Len())
	}
	take(k, "alice", 2)
	after, ok := k.Ready("alice")
	if ok || after <= 0 || after > time.Second+time.Nanosecond {
		t.Fatalf("an empty bucket: Ready = %v, %t, want at most a second and false", after, ok)
	}
	c.advance(after)
	if _, ok := k.Ready("alice"); !ok {
		t.Error("not ready after the returned time")
	}
}

func TestAllow(t *testing.T) {
	c := newClock()
	k := New[string](rate.Every(time.Second), 10, c.now)
	if got, want := take(k, "alice", 12), 10; got != want {
		t.Errorf("at once: %d allowed, want %d", got, want)
	}
	if got, want := take(k, "bob", 12), 10; got != want {
		t.Errorf("another key: %d allowed, want %d", got, want)
	}
	c.advance(3 * time.Second)
	if got, want := take(k, "alice", 12), 3; got != want {
		t.Errorf("after 3 s: %d allowed, want %d", got, want)
	}
	c.advance(time.Hour)
	if got, want := take(k, "alice", 12), 10; got != want {
		t.Errorf("after an hour: %d allowed, want %d", got, want)
	}
}

func TestRetryAfter(t *testing.T) {
	c := newClock()
	k := New[int](rate.Limit(3), 1, c.now)
	for i := range 50 {
		if wait, ok := k.Allow(1); !ok || wait != 0 {
			t.Fatalf("attempt %d: Allow = %v, %t, want 0, true", i, wait, ok)
		}
		wait, ok := k.Allow(1)
		if ok || wait <= 0 || wait > 334*time.Millisecond {
			t.Fatalf("attempt %d: Allow = %v, %t, want about 333 ms, false", i, wait, ok)
		}
		c.advance(wait)
	}
}

func TestSetAppliesToEveryKey(t *testing.T) {
	c := newClock()
	k := New[string](1, 10, c.now)
	take(k, "alice", 1)
	k.Set(2, 3)
	for key, want := range map[string]int{"alice": 3, "bob": 3} {
		if got := take(k, key, 10); got != want {
			t.Errorf("%s: %d allowed at once, want %d", key, got, want)
		}
	}
	c.advance(time.Second)
	if got, want := take(k, "alice", 10), 2; got != want {
		t.Errorf("a second later: %d allowed, want %d", got, want)
	}
}

func TestEarlyCallsAreFree(t *testing.T) {
	c := newClock()
	k := New[int](rate.Every(time.Second), 1, c.now)
	take(k, 1, 1000)
	c.advance(time.Second)
	if _, ok := k.Allow(1); !ok {
		t.Error("after 1 s: refused, want allowed")
	}
}

func TestZeroRate(t *testing.T) {
	k := New[int](0, 1, newClock().now)
	take(k, 1, 1)
	if wait, ok := k.Allow(1); ok || wait != rate.InfDuration {
		t.Errorf("Allow = %v, %t, want an infinite wait, false", wait, ok)
	}
}

func TestIdleKeysAreDropped(t *testing.T) {
	c := newClock()
	k := New[int](rate.Every(time.Second), 5, c.now)
	for key := range 100_000 {
		k.Allow(key)
		c.advance(10 * time.Millisecond) // full again after 1 s: 100 keys later
	}
	if got, most := k.Len(), 1000; got > most {
		t.Errorf("keys = %d, want at most %d", got, most)
	}
}

func TestNumberOfKeysIsLimited(t *testing.T) {
	c := newClock()
	k := New[int](rate.Every(time.Hour), 5, c.now)
	k.max = 100
	if got, want := take(k, -1, 10), 5; got != want {
		t.Fatalf("%d allowed, want %d", got, want)
	}
	for key := range 10_000 {
		if _, ok := k.Allow(key); !ok {
			t.Fatalf("new key %d refused, want allowed", key)
		}
	}
	if got, want := k.Len(), 100; got > want {
		t.Errorf("keys = %d, want at most %d", got, want)
	}
	// The emptiest bucket survives a flood of single-use keys.
	if _, ok := k.Allow(-1); ok {
		t.Error("the exhausted key is allowed after a flood, want refused")
	}
}

func TestAllowFromManyGoroutines(t *testing.T) {
	k := New[int](0, 100, newClock().now)
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for key := range 10 {
				allowed.Add(int64(take(k, key, 50)))
			}
		})
	}
	wg.Wait()
	if got, want := allowed.Load(), int64(1000); got != want {
		t.Errorf("%d allowed, want %d", got, want)
	}
}

func BenchmarkAllow(b *testing.B) {
	k := New[int](1, 10, nil)
	b.ReportAllocs()
	key := 0
	for b.Loop() {
		k.Allow(key % 10_000)
		key++
	}
}
