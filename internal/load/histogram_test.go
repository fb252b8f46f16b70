package load

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestQuantilesAreAccurateToTwoPercent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h histogram
	all := make([]time.Duration, 20_000)
	var adding sync.WaitGroup
	for i := range all {
		all[i] = time.Duration(math.Exp(random.Float64() * 25)) // 1 ns to 72 s
		adding.Go(func() { h.add(all[i]) })
	}
	adding.Wait()
	slices.Sort(all)
	for _, q := range []float64{0.0001, 0.1, 0.5, 0.99, 0.999, 1} {
		want := all[int(math.Ceil(q*float64(len(all))))-1]
		got := h.quantile(q)
		if got < want || float64(got) > float64(want)*1.02 {
			t.Errorf("quantile %g = %s, want %s or two percent more", q, got, want)
		}
	}
	if got, want := h.quantile(1), all[len(all)-1]; got != want {
		t.Errorf("the longest = %s, want exactly %s", got, want)
	}
}

func TestHistogramAcceptsEveryDuration(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 63, 64, 127, 128, time.Hour, math.MaxInt64} {
		b := bucket(d)
		if b < 0 || b >= buckets || ceiling(b) < d || b > 0 && ceiling(b-1) >= d {
			t.Errorf("%d ns is in bucket %d, up to %d ns", d, b, ceiling(b))
		}
	}
	var h histogram
	if got := h.quantile(0.5); got != 0 {
		t.Errorf("quantile of nothing = %s, want 0", got)
	}
	h.add(-time.Second) // a clock that was adjusted
	if got := h.quantile(1); got != 0 {
		t.Errorf("the longest = %s, want 0", got)
	}
}
