// Package batchload combines concurrent reads of single keys into a few batched reads.
package batchload

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/recovery"
)

// Options are the limits of a Loader.
type Options struct {
	// Reads is the number of reads that can run at the same time.
	Reads int
	// Keys is the approximate size of a batch: a batch with so many keys is closed.
	Keys int
	// Timeout is the timeout of one read.
	Timeout time.Duration
}

// Loader collects the keys that callers request while earlier reads run, and then reads
// them in one batch. No caller gets a value that was read before its call. A single caller
// does not wait for others. With many callers, the source gets at most Options.Reads reads
// at a time.
type Loader[K comparable, V any] struct {
	read    func(ctx context.Context, keys []K) (map[K]V, error)
	keys    int
	timeout time.Duration
	sem     chan struct{} // limits the number of concurrent reads
	running sync.WaitGroup

	mu   sync.Mutex
	next *batch[K, V] // the batch that waits for its read and accepts keys; nil for none
}

// batch is one read with the callers that wait for it.
type batch[K comparable, V any] struct {
	keys   map[K]struct{}
	done   chan struct{} // closed when the fields below are final
	values map[K]V
	err    error
}

// New returns a Loader for a source. The result of read has no entry for a key that does
// not exist.
func New[K comparable, V any](o Options, read func(ctx context.Context, keys []K) (map[K]V, error)) *Loader[K, V] {
	return &Loader[K, V]{read: read, keys: o.Keys, timeout: o.Timeout, sem: make(chan struct{}, o.Reads)}
}

// Load returns the values of keys. The map can contain other keys and is shared between
// callers, which must not change it. Load returns the error of the source, or of ctx if ctx
// ends first.
func (l *Loader[K, V]) Load(ctx context.Context, keys ...K) (map[K]V, error) {
	return l.join(keys).wait(ctx)
}

// join adds keys to the next batch.
func (l *Loader[K, V]) join(keys []K) *batch[K, V] {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.next
	if b == nil {
		b = &batch[K, V]{keys: map[K]struct{}{}, done: make(chan struct{})}
		l.next = b
		l.running.Go(func() { l.run(b) })
	}
	for _, key := range keys {
		b.keys[key] = struct{}{}
	}
	if len(b.keys) >= l.keys {
		l.next = nil
	}
	return b
}

func (b *batch[K, V]) wait(ctx context.Context) (map[K]V, error) {
	select {
	case <-b.done:
		return b.values, b.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// run waits for a slot and reads b. The context of a single caller does not end the read,
// because it is for all of them.
func (l *Loader[K, V]) run(b *batch[K, V]) {
	defer close(b.done)
	l.sem <- struct{}{}
	defer func() { <-l.sem }()
	l.mu.Lock()
	if l.next == b {
		l.next = nil // callers from now on need newer values
	}
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), l.timeout)
	defer cancel()
	b.err = recovery.Do(recovery.Read, nil, func() (err error) {
		b.values, err = l.read(ctx, slices.Collect(maps.Keys(b.keys)))
		return err
	})
}

// Wait waits until no read is running. There must be no concurrent calls of Load.
func (l *Loader[K, V]) Wait() { l.running.Wait() }
