package jobs

import (
	"math"
	"testing"
	"time"
)

func TestBackoffDoubles(t *testing.T) {
	for _, c := range []struct {
		backoff  Backoff
		failures int
		want     time.Duration
	}{
		{Backoff{time.Second, time.Hour}, 0, time.Second},
		{Backoff{time.Second, time.Hour}, 1, 2 * time.Second},
		{Backoff{time.Second, time.Hour}, 11, 2048 * time.Second},
		{Backoff{time.Second, time.Hour}, 12, time.Hour},
		{Backoff{time.Second, time.Hour}, math.MaxInt, time.Hour},
		{Backoff{time.Hour, 24 * time.Hour}, 99, 24 * time.Hour},
		{Backoff{time.Minute, time.Second}, 0, time.Second},
	} {
		if got := c.backoff.After(c.failures); got != c.want {
			t.Errorf("%+v after %d failures: %v, want %v", c.backoff, c.failures, got, c.want)
		}
	}
}

func TestSlotsLimitRunningJobs(t *testing.T) {
	kind, host := Slot{"kind", 3}, Slot{"host", 1}
	u := usage{bySlot: map[string]int{}}
	const workers = 4
	for _, c := range []struct {
		slots []Slot
		n     int // jobs that begin or end before
		want  bool
	}{
		{[]Slot{kind, host}, 0, true},
		{[]Slot{kind, host}, 1, false}, // its host is busy
		{[]Slot{kind}, 1, true},
		{[]Slot{kind}, 1, false}, // its kind is busy
		{nil, 0, true},
		{nil, 1, false}, // all workers are busy
		{[]Slot{kind}, -1, true},
		{nil, -1, true},
		{[]Slot{kind, host}, -1, true},
	} {
		u.add(c.slots, c.n)
		if got := u.fits(c.slots, workers); got != c.want {
			t.Errorf("%+v fits %v: %v, want %v", u, c.slots, got, c.want)
		}
	}
}
