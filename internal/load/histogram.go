package load

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// The width of a bucket is at most a 64th of its values, so quantiles are accurate to less than two
// percent.
const (
	fineBits = 6
	fine     = 1 << fineBits
	buckets  = (63 - fineBits + 1) * fine
)

// histogram counts durations. It is safe for concurrent use.
type histogram struct {
	counts [buckets]atomic.Uint64
	most   atomic.Int64
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(d)].Add(1)
	for {
		most := h.most.Load()
		if int64(d) <= most || h.most.CompareAndSwap(most, int64(d)) {
			return
		}
	}
}

// bucket returns the bucket of a duration: below fine each duration has its own, then each doubling has
// fine buckets.
func bucket(d time.Duration) int {
	if d < fine {
		return int(d)
	}
	doublings := bits.Len64(uint64(d)) - fineBits - 1
	return doublings*fine + int(d>>doublings)
}

// ceiling returns the longest duration of a bucket.
func ceiling(bucket int) time.Duration {
	if bucket < 2*fine {
		return time.Duration(bucket)
	}
	doublings := bucket/fine - 1
	return time.Duration(bucket%fine+fine+1)<<doublings - 1
}

// total returns the number of durations.
func (h *histogram) total() (n uint64) {
	for i := range h.counts {
		n += h.counts[i].Load()
	}
	return n
}

// quantile returns a duration that the share q of all durations does not exceed, or 0 if there are
// none.
func (h *histogram) quantile(q float64) time.Duration {
	var seen uint64
	rank := uint64(math.Ceil(q * float64(h.total())))
	for i := range h.counts {
		if seen += h.counts[i].Load(); seen >= rank && seen > 0 {
			return min(ceiling(i), time.Duration(h.most.Load()))
		}
	}
	return 0
}

// latency returns the distribution.
func (h *histogram) latency() Latency {
	ms := func(q float64) float64 { return float64(h.quantile(q)) / float64(time.Millisecond) }
	return Latency{P50: ms(0.5), P99: ms(0.99), P999: ms(0.999), Max: ms(1)}
}
