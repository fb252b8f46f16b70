// Package ratelimit limits the rate of actions per key (user, address), with one token bucket for each
// key.
package ratelimit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// maxKeys is the maximum number of buckets, of about 200 bytes each.
	maxKeys = 100_000
	// sweepSize is how many buckets are examined for each new key. With two or more, idle keys are removed
	// faster than keys are added.
	sweepSize = 4
)

// Keyed is a token bucket for each key: a burst, then r per second. It needs no goroutine: each new key
// examines a few old ones and removes those that are full, which are equivalent to new ones.
//
// There are at most 100,000 buckets. If all are in use, a new key replaces the fullest of a few others,
// whose key can then burst again. So a flood of keys locks out no client, and memory is bounded. Where
// such a burst is not acceptable (password guesses), a second limit independent of the key is required.
type Keyed[K comparable] struct {
	now func() time.Time
	max int

	mu      sync.Mutex
	rate    rate.Limit
	burst   int
	buckets map[K]*rate.Limiter
}

// New returns a Keyed that allows a burst and then r per second for each key. now returns the time; nil
// means time.Now. burst is at least 1.
func New[K comparable](r rate.Limit, burst int, now func() time.Time) *Keyed[K] {
	if now == nil {
		now = time.Now
	}
	return &Keyed[K]{rate: r, burst: max(burst, 1), now: now, max: maxKeys, buckets: map[K]*rate.Limiter{}}
}

// Allow takes a token of key. If there is none, it returns false and the time until the next token.
// Calling it too early has no cost.
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

// Ready reports whether key has a token, without taking it, for actions that are counted after they
// happen. If there is none, it returns the time until the next token.
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

// until returns the time until an empty bucket has a token. The caller holds mu.
func (k *Keyed[K]) until(bucket *rate.Limiter, now time.Time) time.Duration {
	missing := 1 - bucket.TokensAt(now)
	if k.rate <= 0 {
		return rate.InfDuration
	}
	// Rounded up, so that there is a token after exactly this time.
	return time.Duration(missing/float64(k.rate)*float64(time.Second)) + time.Nanosecond
}

// Set changes the limit of all keys, effective immediately.
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

// Len returns the number of keys with a bucket.
func (k *Keyed[K]) Len() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.buckets)
}

// bucket returns the bucket of key and creates it if necessary. The caller holds mu.
func (k *Keyed[K]) bucket(key K, now time.Time) *rate.Limiter {
	if b, ok := k.buckets[key]; ok {
		return b
	}
	k.sweep(now)
	b := rate.NewLimiter(k.rate, k.burst)
	k.buckets[key] = b
	return b
}

// sweep examines a few buckets and removes the full ones, and one more if there is no space. Map
// iteration starts at a random position, so all buckets are examined eventually.
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
		if looked++; looked == sweepSize {
			break
		}
	}
	if len(k.buckets) >= k.max {
		delete(k.buckets, fullest)
	}
}
