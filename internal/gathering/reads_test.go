package gathering

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// source answers when it is told to, and tells what it was asked.
type source struct {
	asked  chan []int
	answer chan error
}

func newSource() *source { return &source{asked: make(chan []int), answer: make(chan error)} }

func (s *source) read(_ context.Context, keys []int) (map[int]int, error) {
	s.asked <- keys
	if err := <-s.answer; err != nil {
		return nil, err
	}
	found := map[int]int{}
	for _, key := range keys {
		if key > 0 {
			found[key] = key * key
		}
	}
	return found, nil
}

// ask has asked when it returns; what is heard comes later.
func ask(ctx context.Context, r *Reads[int, int], keys ...int) (heard <-chan error) {
	b, done := r.join(keys), make(chan error, 1)
	go func() {
		found, err := b.wait(ctx)
		for _, key := range keys {
			if square, ok := found[key]; err == nil && (ok != (key > 0) || ok && square != key*key) {
				err = fmt.Errorf("for %d: %d, %t", key, square, ok)
			}
		}
		done <- err
	}()
	return done
}

func TestAStormIsFewReads(t *testing.T) {
	s := newSource()
	r := New(Options{Reads: 1, Keys: 100, Patience: time.Minute}, s.read)
	first := ask(t.Context(), r, 1)
	if got := <-s.asked; len(got) != 1 {
		t.Fatalf("a lone asker's read is for %v, want 1 key", got)
	}
	var others []<-chan error
	for i := range 50 {
		others = append(others, ask(t.Context(), r, i%10, 1))
	}
	s.answer <- nil
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	// Key 1 was asked for after the first read had begun: it is read again.
	if got := <-s.asked; len(got) != 10 {
		t.Fatalf("50 askers' read is for %v, want their 10 keys", got)
	}
	s.answer <- nil
	for _, other := range others {
		if err := <-other; err != nil {
			t.Fatal(err)
		}
	}
	r.Wait()
}

func TestAReadIsForSoManyKeys(t *testing.T) {
	s := newSource()
	r := New(Options{Reads: 1, Keys: 3, Patience: time.Minute}, s.read)
	var all []<-chan error
	all = append(all, ask(t.Context(), r, 1))
	<-s.asked
	for key := range 7 {
		all = append(all, ask(t.Context(), r, key))
	}
	s.answer <- nil
	var sizes []int
	for range 3 {
		sizes = append(sizes, len(<-s.asked))
		s.answer <- nil
	}
	if slices.Sort(sizes); !slices.Equal(sizes, []int{1, 3, 3}) {
		t.Errorf("7 keys are read by %v, want 3, 3 and 1", sizes)
	}
	for _, one := range all {
		if err := <-one; err != nil {
			t.Fatal(err)
		}
	}
	r.Wait()
}

func TestWhoGoesHurtsNobody(t *testing.T) {
	s := newSource()
	r := New(Options{Reads: 1, Keys: 100, Patience: time.Minute}, s.read)
	first := ask(t.Context(), r, 1)
	<-s.asked
	leaves, leave := context.WithCancel(t.Context())
	gone, stays := ask(leaves, r, 2), ask(t.Context(), r, 3)
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who goes hears %v, want %v", err, context.Canceled)
	}
	s.answer <- nil
	<-s.asked
	s.answer <- nil
	for _, one := range []<-chan error{first, stays} {
		if err := <-one; err != nil {
			t.Errorf("who stays hears %v, want an answer", err)
		}
	}
	r.Wait()
}

func TestAnErrorIsForThoseWhoAsked(t *testing.T) {
	s, broken := newSource(), errors.New("broken")
	r := New(Options{Reads: 1, Keys: 100, Patience: time.Minute}, s.read)
	first := ask(t.Context(), r, 1)
	<-s.asked
	second := ask(t.Context(), r, 1)
	s.answer <- broken
	if err := <-first; !errors.Is(err, broken) {
		t.Errorf("the first hears %v, want %v", err, broken)
	}
	<-s.asked
	s.answer <- nil
	if err := <-second; err != nil {
		t.Errorf("the second hears %v, want its answer", err)
	}
	r.Wait()
}

func TestManyAtOnce(t *testing.T) {
	r := New(Options{Reads: 3, Keys: 16, Patience: time.Minute}, func(_ context.Context, keys []int) (map[int]int, error) {
		found := map[int]int{}
		for _, key := range keys {
			found[key] = key + 1
		}
		return found, nil
	})
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() {
			if got, err := r.Ask(t.Context(), i, i+1); err != nil || got[i] != i+1 || got[i+1] != i+2 {
				t.Errorf("asked for %d and %d, got %d and %d, %v", i, i+1, got[i], got[i+1], err)
			}
		})
	}
	all.Wait()
	r.Wait()
}
