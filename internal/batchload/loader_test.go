package batchload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// source is a source whose reads block until the test answers them.
type source struct {
	reads   chan []int // the keys of each read
	answers chan error
}

func newSource() *source { return &source{reads: make(chan []int), answers: make(chan error)} }

func (s *source) read(_ context.Context, keys []int) (map[int]int, error) {
	s.reads <- keys
	if err := <-s.answers; err != nil {
		return nil, err
	}
	values := map[int]int{}
	for _, key := range keys {
		if key > 0 {
			values[key] = key * key
		}
	}
	return values, nil
}

// load has added keys to a batch when it returns. The channel receives the outcome.
func load(ctx context.Context, l *Loader[int, int], keys ...int) (outcome <-chan error) {
	b, done := l.join(keys), make(chan error, 1)
	go func() {
		values, err := b.wait(ctx)
		for _, key := range keys {
			if square, ok := values[key]; err == nil && (ok != (key > 0) || ok && square != key*key) {
				err = fmt.Errorf("key %d: got %d, %t", key, square, ok)
			}
		}
		done <- err
	}()
	return done
}

func TestConcurrentLoadsShareAFewReads(t *testing.T) {
	s := newSource()
	l := New(Options{Reads: 1, Keys: 100, Timeout: time.Minute}, s.read)
	first := load(t.Context(), l, 1)
	if got := <-s.reads; len(got) != 1 {
		t.Fatalf("read of a single caller has keys %v, want 1 key", got)
	}
	var others []<-chan error
	for i := range 50 {
		others = append(others, load(t.Context(), l, i%10, 1))
	}
	s.answers <- nil
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	// Key 1 was requested after the first read had started, so it is read again.
	if got := <-s.reads; len(got) != 10 {
		t.Fatalf("read of 50 callers has keys %v, want their 10 keys", got)
	}
	s.answers <- nil
	for _, other := range others {
		if err := <-other; err != nil {
			t.Fatal(err)
		}
	}
	l.Wait()
}

func TestBatchSizeIsLimited(t *testing.T) {
	s := newSource()
	l := New(Options{Reads: 1, Keys: 3, Timeout: time.Minute}, s.read)
	var all []<-chan error
	all = append(all, load(t.Context(), l, 1))
	<-s.reads
	for key := range 7 {
		all = append(all, load(t.Context(), l, key))
	}
	s.answers <- nil
	var sizes []int
	for range 3 {
		sizes = append(sizes, len(<-s.reads))
		s.answers <- nil
	}
	if slices.Sort(sizes); !slices.Equal(sizes, []int{1, 3, 3}) {
		t.Errorf("batch sizes of 7 keys = %v, want 3, 3 and 1", sizes)
	}
	for _, one := range all {
		if err := <-one; err != nil {
			t.Fatal(err)
		}
	}
	l.Wait()
}

func TestCanceledCallerDoesNotAffectOthers(t *testing.T) {
	s := newSource()
	l := New(Options{Reads: 1, Keys: 100, Timeout: time.Minute}, s.read)
	first := load(t.Context(), l, 1)
	<-s.reads
	ctx, cancel := context.WithCancel(t.Context())
	canceled, other := load(ctx, l, 2), load(t.Context(), l, 3)
	cancel()
	if err := <-canceled; !errors.Is(err, context.Canceled) {
		t.Errorf("error of the canceled caller = %v, want %v", err, context.Canceled)
	}
	s.answers <- nil
	<-s.reads
	s.answers <- nil
	for _, one := range []<-chan error{first, other} {
		if err := <-one; err != nil {
			t.Errorf("another caller got %v, want no error", err)
		}
	}
	l.Wait()
}

func TestErrorIsReturnedToTheCallersOfItsBatch(t *testing.T) {
	s, broken := newSource(), errors.New("broken")
	l := New(Options{Reads: 1, Keys: 100, Timeout: time.Minute}, s.read)
	first := load(t.Context(), l, 1)
	<-s.reads
	second := load(t.Context(), l, 1)
	s.answers <- broken
	if err := <-first; !errors.Is(err, broken) {
		t.Errorf("error of the first caller = %v, want %v", err, broken)
	}
	<-s.reads
	s.answers <- nil
	if err := <-second; err != nil {
		t.Errorf("error of the second caller = %v, want none", err)
	}
	l.Wait()
}

func TestManyConcurrentLoads(t *testing.T) {
	l := New(Options{Reads: 3, Keys: 16, Timeout: time.Minute}, func(_ context.Context, keys []int) (map[int]int, error) {
		values := map[int]int{}
		for _, key := range keys {
			values[key] = key + 1
		}
		return values, nil
	})
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() {
			if got, err := l.Load(t.Context(), i, i+1); err != nil || got[i] != i+1 || got[i+1] != i+2 {
				t.Errorf("loaded %d and %d: got %d and %d, %v", i, i+1, got[i], got[i+1], err)
			}
		})
	}
	all.Wait()
	l.Wait()
}
