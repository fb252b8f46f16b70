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

// touchedSessions records which sessions were saved.
type touchedSessions struct {
	chat.Accounts

	mu    sync.Mutex
	saved [][]chat.SessionID
	away  bool
}

func (l *touchedSessions) TouchSessions(_ context.Context, ids []chat.SessionID) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return errors.New("the database is unavailable")
	}
	l.saved = append(l.saved, slices.Clone(ids))
	return nil
}

func (l *touchedSessions) takeSaved() [][]chat.SessionID {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.saved
	l.saved = nil
	return taken
}

func (l *touchedSessions) setAway(away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = away
}

func TestSessionsInUseAreSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &touchedSessions{}
		seen := &SessionActivity{Store: store, Connected: func() []chat.SessionID { return []chat.SessionID{7} }, Log: slog.New(slog.DiscardHandler)}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { seen.Run(ctx); close(ended) }()
		expectSaved := func(want ...[]chat.SessionID) {
			t.Helper()
			time.Sleep(activityInterval)
			synctest.Wait()
			if got := store.takeSaved(); !slices.EqualFunc(got, want, slices.Equal) {
				t.Fatalf("saved = %v, want %v", got, want)
			}
		}
		for range 100 {
			seen.Touch(3)
		}
		if got := store.takeSaved(); got != nil {
			t.Fatalf("a request has saved %v, want it saved later", got)
		}
		expectSaved([]chat.SessionID{3, 7})
		expectSaved([]chat.SessionID{7}) // a session with an open socket is in use without any request
		store.setAway(true)
		expectSaved()
		store.setAway(false)
		var many []chat.SessionID
		for id := range chat.SessionID(chat.MaxTouchedSessions + 1) {
			many = append(many, id+10)
			seen.Touch(id + 10)
		}
		expectSaved(append([]chat.SessionID{7}, many[:chat.MaxTouchedSessions-1]...), many[chat.MaxTouchedSessions-1:])
		cancel()
		<-ended
	})
}
