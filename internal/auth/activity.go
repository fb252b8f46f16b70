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

// activityInterval is how often the sessions in use are saved. The store saves each session at most
// once a minute; a shorter interval keeps its value accurate.
const activityInterval = 20 * time.Second

// SessionActivity collects the sessions in use and saves them in the background, so that no request
// waits for a write. If a node stops, at most half a minute of activity is lost.
type SessionActivity struct {
	Store chat.Accounts
	// Connected returns the sessions with open sockets on this node.
	Connected func() []chat.SessionID
	Log       *slog.Logger

	mu       sync.Mutex
	sessions map[chat.SessionID]struct{}
}

// Touch records that a session is in use.
func (s *SessionActivity) Touch(id chat.SessionID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions == nil {
		s.sessions = map[chat.SessionID]struct{}{}
	}
	s.sessions[id] = struct{}{}
}

// Run saves the sessions in use periodically until ctx ends.
func (s *SessionActivity) Run(ctx context.Context) {
	tick := time.NewTicker(activityInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.save(ctx)
		}
	}
}

// save drops sessions that it cannot save: they are recorded again at their next use.
func (s *SessionActivity) save(ctx context.Context) {
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
				s.Log.Warn("save session activity failed", "err", err)
			}
			return
		}
	}
}
