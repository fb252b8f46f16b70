package chat

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/markup"
)

// MaxQuery is how long what somebody looks for may be, in characters.
const MaxQuery = 100

// Search is what a caller looks for in the messages of its rooms.
type Search struct {
	Text         string
	Room         RoomID // 0: all
	Author       UserID // 0: anybody
	Since, Until Time   // [Since, Until); 0: no bound
	Limit        int
	Cursor       string // opaque; "" for the first page
}

// SearchQuery is a Search as the store takes it.
type SearchQuery struct {
	Search
	Viewer UserID
	// Indexed are the words that an index of trigrams can find, folded as Folding, a
	// version, does it. Matches decides.
	Indexed []string
	Folding int
	Matches func(text string) bool
}

// FoundMessage is a message with its room, as the store finds it.
type FoundMessage struct {
	Message Message
	Room    RoomName
}

// Archive is the store of messages as something to search.
type Archive interface {
	// Search returns messages that people wrote, were not deleted and stand in rooms
	// of which the viewer is a member now, the newest first, with the cursor where
	// the search goes on, "" at the end. Its work is bounded: a page may be short or
	// empty and yet have a cursor. BAD_REQUEST for a foreign cursor, UNAVAILABLE where
	// it takes too long or too many search at once.
	Search(ctx context.Context, q SearchQuery) ([]FoundMessage, string, error)
}

// SearchResult is one message that was found.
type SearchResult struct {
	Message    Message     `json:"message"`
	Room       RoomName    `json:"room"`
	Highlights []Highlight `json:"highlights" doc:"The places of the words in message.text, ascending, without overlaps; at most 100."`
}

// RoomName is a room in short.
type RoomName struct {
	ID   RoomID `json:"id"`
	Name string `json:"name"`
}

// Highlight is a part of a text, as text.slice(start, end) of a browser cuts it.
type Highlight struct {
	Start int `json:"start" doc:"In UTF-16 code units."`
	End   int `json:"end" doc:"Exclusive."`
}

// searching lets each user search one at a time on this node: all users share the few
// searches that a store does at once.
type searching struct {
	mu      sync.Mutex
	running map[UserID]chan struct{} // closed when the user's search has ended
}

// begin waits for the user's other searches, as long as ctx lasts.
func (s *searching) begin(ctx context.Context, user UserID) (end func(), err error) {
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
			return nil, limited(time.Second)
		}
	}
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = map[UserID]chan struct{}{}
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

// SearchMessages finds messages of caller's rooms.
func (s *Service) SearchMessages(ctx context.Context, caller Caller, in Search) ([]SearchResult, string, error) {
	query, err := markup.NewQuery(in.Text, MaxQuery)
	switch {
	case errors.Is(err, markup.ErrTooLong):
		return nil, "", Fault(TooLong, "That is too much to look for.").In("q")
	case err != nil:
		return nil, "", Fault(Empty, "There is nothing to look for.").In("q")
	}
	if err := allow(s.Searches, caller.User.ID); err != nil {
		return nil, "", err
	}
	if in.Room != 0 {
		if _, err := s.readable(ctx, caller, in.Room); err != nil {
			return nil, "", err
		}
	}
	end, err := s.searching.begin(ctx, caller.User.ID)
	if err != nil {
		return nil, "", err
	}
	defer end()
	found, next, err := s.Archive.Search(ctx, SearchQuery{
		Search: in, Viewer: caller.User.ID, Folding: SearchFolding.Version, Indexed: query.Indexed(), Matches: query.Matches,
	})
	if err != nil {
		return nil, "", err
	}
	results := []SearchResult{}
	for _, f := range found {
		spans, ok := query.Find(f.Message.Text)
		if !ok { // edited a moment ago
			continue
		}
		result := SearchResult{Message: f.Message, Room: f.Room, Highlights: []Highlight{}}
		for _, span := range spans {
			result.Highlights = append(result.Highlights, Highlight(span))
		}
		results = append(results, result)
	}
	return results, next, nil
}
