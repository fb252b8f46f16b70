package chat

import (
	"context"

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

// Folding makes of a text what searches compare. The index stores Version with each text:
// texts that an older version folded are folded again.
type Folding struct {
	Version int
	Fold    func(text string) string
}

// SearchFolding is the folding of this binary.
var SearchFolding = Folding{Version: markup.FoldingVersion, Fold: markup.Fold}

// Indexing is the part of the store that fills the search index.
type Indexing interface {
	// IndexMessages brings a bounded number of messages into the index: edited ones, new
	// ones, and those that an older version of the folding wrote. One node at a time does
	// so; the others do nothing. It is called by one goroutine.
	IndexMessages(ctx context.Context, folding Folding) (IndexProgress, error)
}

// IndexProgress is the outcome of one call of IndexMessages.
type IndexProgress struct {
	More bool // messages are left
	// Skipped are the panics of the folding. The index does not find these messages.
	Skipped []error
}
