// Package gathering answers many askers with few reads.
package gathering

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/recovery"
)

// Options say how much is read at once.
type Options struct {
	// Reads is how many reads may be under way.
	Reads int
	// Keys is how many keys one read is for, about: nobody joins a read that has so
	// many.
	Keys int
	// Patience bounds one read.
	Patience time.Duration
}

// Reads gathers what is asked for while earlier reads are under way, and then reads
// it together. Nobody is given what was read before it asked. A lone asker waits for
// nobody; of a storm the source sees no more reads at once than it can answer.
type Reads[K comparable, V any] struct {
	read     func(ctx context.Context, keys []K) (map[K]V, error)
	keys     int
	patience time.Duration
	turns    chan struct{} // has one element for each read under way
	running  sync.WaitGroup

	mu   sync.Mutex
	next *batch[K, V] // waits for its turn, and whoever asks joins it; nil for none
}

// batch is one read and those who wait for it.
type batch[K comparable, V any] struct {
	keys  map[K]struct{}
	done  chan struct{} // closed when what is below stands
	found map[K]V
	err   error
}

// New makes Reads of a source, which leaves out of its answer what is not there.
func New[K comparable, V any](o Options, read func(ctx context.Context, keys []K) (map[K]V, error)) *Reads[K, V] {
	return &Reads[K, V]{read: read, keys: o.Keys, patience: o.Patience, turns: make(chan struct{}, o.Reads)}
}

// Ask returns what was found for keys, and perhaps for the keys of others. The answer
// is shared: nobody changes it. An error is the source's, or that ctx ended.
func (r *Reads[K, V]) Ask(ctx context.Context, keys ...K) (map[K]V, error) {
	return r.join(keys).wait(ctx)
}

// join adds keys to the batch that is read next.
func (r *Reads[K, V]) join(keys []K) *batch[K, V] {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.next
	if b == nil {
		b = &batch[K, V]{keys: map[K]struct{}{}, done: make(chan struct{})}
		r.next = b
		r.running.Go(func() { r.run(b) })
	}
	for _, key := range keys {
		b.keys[key] = struct{}{}
	}
	if len(b.keys) >= r.keys {
		r.next = nil
	}
	return b
}

func (b *batch[K, V]) wait(ctx context.Context) (map[K]V, error) {
	select {
	case <-b.done:
		return b.found, b.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// run reads b when it is its turn. No asker's ctx ends it: it is for all of them.
func (r *Reads[K, V]) run(b *batch[K, V]) {
	defer close(b.done)
	r.turns <- struct{}{}
	defer func() { <-r.turns }()
	r.mu.Lock()
	if r.next == b {
		r.next = nil // who comes now wants something newer
	}
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), r.patience)
	defer cancel()
	b.err = recovery.Do(recovery.Read, nil, func() (err error) {
		b.found, err = r.read(ctx, slices.Collect(maps.Keys(b.keys)))
		return err
	})
}

// Wait returns when no read is under way. Nobody may ask meanwhile.
func (r *Reads[K, V]) Wait() { r.running.Wait() }
