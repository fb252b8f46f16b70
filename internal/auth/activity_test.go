package auth

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// ledger keeps which sessions were written down as seen.
type ledger struct {
	chat.Accounts

	mu      sync.Mutex
	written [][]chat.SessionID
	away    bool
}

func (l *ledger) TouchSessions(_ context.Context, ids []chat.SessionID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return errors.New("the database is away")
	}
	l.written = append(l.written, slices.Clone(ids))
	return nil
}

func (l *ledger) take() [][]chat.SessionID {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.written
	l.written = nil
	return taken
}

func (l *ledger) goes(away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = away
}

func TestSessionsInUseAreWrittenDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &ledger{}
		seen := &SessionActivity{Store: store, Connected: func() []chat.SessionID { return []chat.SessionID{7} }, Log: slog.New(slog.DiscardHandler)}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { seen.Run(ctx); close(ended) }()
		pass := func(want ...[]chat.SessionID) {
			t.Helper()
			time.Sleep(activityInterval)
			synctest.Wait()
			if got := store.take(); !slices.EqualFunc(got, want, slices.Equal) {
				t.Fatalf("written = %v, want %v", got, want)
			}
		}
		for range 100 {
			seen.Touch(3)
		}
		if got := store.take(); got != nil {
			t.Fatalf("a request has written %v, want it to be left for later", got)
		}
		pass([]chat.SessionID{3, 7})
		pass([]chat.SessionID{7}) // an open socket is in use, though nobody asks
		store.goes(true)
		pass()
		store.goes(false)
		var many []chat.SessionID
		for id := range chat.SessionID(chat.MaxTouchedSessions + 1) {
			many = append(many, id+10)
			seen.Touch(id + 10)
		}
		pass(append([]chat.SessionID{7}, many[:chat.MaxTouchedSessions-1]...), many[chat.MaxTouchedSessions-1:])
		cancel()
		<-ended
	})
}
