package auth

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// activityInterval is how often the sessions in use are written down. The store lets each
// be written once a minute; looking more often keeps the minute short.
const activityInterval = 20 * time.Second

// SessionActivity remembers which sessions are in use, so that no request waits for it to be
// written down. What a node forgets by stopping is half a minute of it.
type SessionActivity struct {
	Store chat.Accounts
	// Connected are the sessions with open sockets here.
	Connected func() []chat.SessionID
	Log       *slog.Logger

	mu       sync.Mutex
	sessions map[chat.SessionID]struct{}
}

// Touch tells that a session is in use.
func (s *SessionActivity) Touch(id chat.SessionID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions == nil {
		s.sessions = map[chat.SessionID]struct{}{}
	}
	s.sessions[id] = struct{}{}
}

// Run writes down what is in use, until ctx ends.
func (s *SessionActivity) Run(ctx context.Context) {
	tick := time.NewTicker(activityInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.write(ctx)
		}
	}
}

// write leaves out what the store has no time for: it is seen again soon.
func (s *SessionActivity) write(ctx context.Context) {
	for _, id := range s.Connected() {
		s.Touch(id)
	}
	s.mu.Lock()
	noted := slices.Sorted(maps.Keys(s.sessions))
	s.sessions = nil
	s.mu.Unlock()
	for some := range slices.Chunk(noted, chat.MaxTouchedSessions) {
		if err := s.Store.TouchSessions(ctx, some); err != nil {
			if ctx.Err() == nil {
				s.Log.Warn("sessions in use not written down", "err", err)
			}
			return
		}
	}
}
