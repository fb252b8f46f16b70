// Package ratelimit bounds how often each of many keys (users, addresses) may act,
// with a token bucket for each.
package ratelimit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// maxKeys is how many buckets are kept, at about 200 bytes each.
	maxKeys = 100_000
	// swept is how many buckets are looked at for each key that is new. Two or more
	// make the sweep outrun the growth: idle keys do not gather.
	swept = 4
)

// Keyed is a token bucket for each key: burst at once, then r a second. It needs
// no goroutine: each new key pays for looking at a few old ones and drops those
// that are full again, which are as good as new.
//
// There are at most 100,000 buckets. When that many are in use at once, a new key
// takes the place of the fullest among a few others, which then may burst anew:
// under such a flood of keys nobody is locked out, and memory stays bounded. Who
// must not be given that chance (a password being guessed) needs a second limit
// that does not depend on the key.
type Keyed[K comparable] struct {
	now func() time.Time
	max int

	mu      sync.Mutex
	rate    rate.Limit
	burst   int
	buckets map[K]*rate.Limiter
}

// New makes a Keyed that allows burst at once and then r a second for each key.
// now tells the time; nil is time.Now. burst is at least 1.
func New[K comparable](r rate.Limit, burst int, now func() time.Time) *Keyed[K] {
	if now == nil {
		now = time.Now
	}
	return &Keyed[K]{rate: r, burst: max(burst, 1), now: now, max: maxKeys, buckets: map[K]*rate.Limiter{}}
}

// Allow takes a token of key. If there is none it returns false, and after what
// time there will be one; asking too early costs nothing.
func (k *Keyed[K]) Allow(key K) (retryAfter time.Duration, ok bool) {
	now := k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	bucket := k.bucket(key, now)
	if bucket.AllowN(now, 1) {
		return 0, true
	}
	return k.until(bucket, now), false
}

// Ready tells whether key has a token, and takes none: for what is counted only
// once it has happened. Otherwise it tells after what time there will be one.
func (k *Keyed[K]) Ready(key K) (retryAfter time.Duration, ok bool) {
	now := k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	bucket, known := k.buckets[key]
	if !known || bucket.TokensAt(now) >= 1 {
		return 0, true
	}
	return k.until(bucket, now), false
}

// until is how long an empty bucket takes to have a token. The caller holds mu.
func (k *Keyed[K]) until(bucket *rate.Limiter, now time.Time) time.Duration {
	missing := 1 - bucket.TokensAt(now)
	if k.rate <= 0 {
		return rate.InfDuration
	}
	// Rounded up: who waits exactly so long must find the token there.
	return time.Duration(missing/float64(k.rate)*float64(time.Second)) + time.Nanosecond
}

// Set changes what is allowed, for all keys, from now on.
func (k *Keyed[K]) Set(r rate.Limit, burst int) {
	now := k.now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rate, k.burst = r, max(burst, 1)
	for _, bucket := range k.buckets {
		bucket.SetLimitAt(now, k.rate)
		bucket.SetBurstAt(now, k.burst)
	}
}

// Len is how many keys have a bucket now.
func (k *Keyed[K]) Len() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.buckets)
}

// bucket finds the bucket of key or makes one. The caller holds mu.
func (k *Keyed[K]) bucket(key K, now time.Time) *rate.Limiter {
	if b, ok := k.buckets[key]; ok {
		return b
	}
	k.sweep(now)
	b := rate.NewLimiter(k.rate, k.burst)
	k.buckets[key] = b
	return b
}

// sweep looks at a few buckets, drops the full ones, and makes room if there is
// none. A map is walked from a random place, so every bucket has its turn.
func (k *Keyed[K]) sweep(now time.Time) {
	var fullest K
	most, looked := -1.0, 0
	for key, bucket := range k.buckets {
		tokens := bucket.TokensAt(now)
		if tokens >= float64(k.burst) {
			delete(k.buckets, key)
		} else if tokens > most {
			fullest, most = key, tokens
		}
		if looked++; looked == swept {
			break
		}
	}
	if len(k.buckets) >= k.max {
		delete(k.buckets, fullest)
	}
}
