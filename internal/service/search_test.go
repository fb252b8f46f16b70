package service

import (
	"context"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestSearchesOfAUserRunOneAtATime(t *testing.T) {
	var s searchLocks
	end, err := s.acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.acquire(short, 1); chat.CodeOf(err) != chat.RateLimited {
		t.Errorf("a second search of the same user = %v, want %s", err, chat.RateLimited)
	}
	other, err := s.acquire(t.Context(), 2)
	if err != nil {
		t.Fatalf("the search of another user = %v, want none", err)
	}
	other()
	next := make(chan error)
	go func() {
		end, err := s.acquire(t.Context(), 1)
		if err == nil {
			end()
		}
		next <- err
	}()
	end()
	if err := <-next; err != nil {
		t.Errorf("the search that waited = %v, want none", err)
	}
	if n := len(s.running); n != 0 {
		t.Errorf("users in running = %d, want none", n)
	}
}
