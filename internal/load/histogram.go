package load

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// A bucket is as wide as a 64th of what it holds, so that quantiles are right to
// less than two percent.
const (
	fineBits = 6
	fine     = 1 << fineBits
	buckets  = (63 - fineBits + 1) * fine
)

// histogram counts durations. Any number of goroutines may add.
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

// bucket numbers durations: below fine each has its own, then fine to each doubling.
func bucket(d time.Duration) int {
	if d < fine {
		return int(d)
	}
	doublings := bits.Len64(uint64(d)) - fineBits - 1
	return doublings*fine + int(d>>doublings)
}

// ceiling is the longest duration of a bucket.
func ceiling(bucket int) time.Duration {
	if bucket < 2*fine {
		return time.Duration(bucket)
	}
	doublings := bucket/fine - 1
	return time.Duration(bucket%fine+fine+1)<<doublings - 1
}

// quantile returns a duration that the share q of all does not exceed, 0 where
// nothing was added.
func (h *histogram) quantile(q float64) time.Duration {
	var total, seen uint64
	for i := range h.counts {
		total += h.counts[i].Load()
	}
	rank := uint64(math.Ceil(q * float64(total)))
	for i := range h.counts {
		if seen += h.counts[i].Load(); seen >= rank && seen > 0 {
			return min(ceiling(i), time.Duration(h.most.Load()))
		}
	}
	return 0
}
