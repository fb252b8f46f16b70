package service

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

// searchLocks allows each user one search at a time on this node, because all users share
// the few searches that the store runs at the same time.
type searchLocks struct {
	mu      sync.Mutex
	running map[chat.UserID]chan struct{} // closed when the user's search has ended
}

// acquire waits until the user's other search has ended. It returns RATE_LIMITED if ctx ends
// before.
func (s *searchLocks) acquire(ctx context.Context, user chat.UserID) (end func(), err error) {
	for {
		s.mu.Lock()
		other, busy := s.running[user]
		if !busy {
			break
		}
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, chat.ErrRateLimited("Another search of yours is running.", time.Second)
		}
	}
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = map[chat.UserID]chan struct{}{}
	}
	ended := make(chan struct{})
	s.running[user] = ended
	return func() {
		s.mu.Lock()
		delete(s.running, user)
		s.mu.Unlock()
		close(ended)
	}, nil
}

// SearchMessages searches the messages of the caller's rooms.
func (s *Service) SearchMessages(ctx context.Context, caller chat.Caller, in chat.Search) ([]chat.SearchResult, string, error) {
	query, err := markup.NewQuery(in.Text, chat.MaxQuery)
	switch {
	case errors.Is(err, markup.ErrTooLong):
		return nil, "", chat.Errorf(chat.TooLong, "The search text is too long.").WithField("q")
	case err != nil:
		return nil, "", chat.Errorf(chat.Empty, "The search text is empty.").WithField("q")
	}
	if err := allow(s.SearchRate, caller.User.ID); err != nil {
		return nil, "", err
	}
	if in.Room != 0 {
		if _, _, err := s.memberRoom(ctx, caller, in.Room); err != nil {
			return nil, "", err
		}
	}
	end, err := s.searches.acquire(ctx, caller.User.ID)
	if err != nil {
		return nil, "", err
	}
	defer end()
	found, next, err := s.Archive.Search(ctx, chat.SearchQuery{
		Search: in, Viewer: caller.User.ID, Folding: chat.SearchFolding.Version, Indexed: query.Indexed(), Matches: query.Matches,
	})
	if err != nil {
		return nil, "", err
	}
	results := []chat.SearchResult{}
	for _, f := range found {
		spans, ok := query.Find(f.Message.Text)
		if !ok { // edited a moment ago
			continue
		}
		excerpt, marked := query.Excerpt(f.Message.Text, f.Message.HTML)
		results = append(results, chat.SearchResult{
			Message: f.Message, Room: f.Room, Highlights: highlights(spans),
			Excerpt: &chat.Excerpt{Text: excerpt, Highlights: highlights(marked)},
		})
	}
	return results, next, nil
}

func highlights(spans []markup.Span) []chat.Highlight {
	list := make([]chat.Highlight, len(spans))
	for i, span := range spans {
		list[i] = chat.Highlight(span)
	}
	return list
}
