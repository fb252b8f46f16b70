package chat

import (
	"context"

	"github.com/chillin-chat/chillin/internal/markup"
)

// MaxQuery is the maximum length of a search text, in characters.
const MaxQuery = 100

// Search is a search of a caller in the messages of its rooms.
type Search struct {
	Text         string
	Room         RoomID // 0: all
	Author       UserID // 0: all
	Since, Until Time   // [Since, Until); 0: no bound
	Limit        int
	Cursor       string // opaque; "" for the first page
}

// SearchQuery is a Search for the store.
type SearchQuery struct {
	Search
	Viewer UserID
	// Indexed are the words that a trigram index can find, as Folding.Index of the version
	// Folding returns them.
	// Matches decides whether a text matches.
	Indexed []string
	Folding int
	Matches func(text string) bool
}

// FoundMessage is a found message with its room.
type FoundMessage struct {
	Message Message
	Room    RoomName
}

// Archive is the store that searches messages.
type Archive interface {
	// Search returns texts that are not deleted, in rooms of which the viewer is a member now,
	// newest first, with the cursor at which the search continues, "" at the end. Its work is
	// bounded: a page may be short or empty although there is a cursor. It returns BAD_REQUEST
	// if the cursor is not valid for the list, or UNAVAILABLE if the search takes too long or
	// too many searches run.
	Search(ctx context.Context, q SearchQuery) ([]FoundMessage, string, error)
}

// SearchResult is one message that was found.
type SearchResult struct {
	Message    Message     `json:"message"`
	Room       RoomName    `json:"room"`
	Highlights []Highlight `json:"highlights" doc:"The positions of the words in message.text, ascending, without overlaps; at most 100."`
	Excerpt    *Excerpt    `json:"excerpt,omitempty" doc:"A part of the message to show; missing from older versions of the server."`
}

// Excerpt is a part of a found message on one line, without Markdown.
type Excerpt struct {
	Text       string      `json:"text"`
	Highlights []Highlight `json:"highlights" doc:"The positions of the words in text, as those of the message."`
}

// RoomName contains the id and the name of a room.
type RoomName struct {
	ID   RoomID `json:"id"`
	Name string `json:"name"`
}

// Highlight is a part of a text: text.slice(start, end) in JavaScript.
type Highlight struct {
	Start int `json:"start" doc:"In UTF-16 code units."`
	End   int `json:"end" doc:"Exclusive."`
}

// Folding normalizes texts for comparison in searches. The index stores Version with each
// text: texts that an older version folded are folded again.
type Folding struct {
	Version int
	Fold    func(text string) string
}

// Index returns the form of a text in the index.
func (f Folding) Index(text string) string { return markup.IndexForm(f.Fold(text)) }

// SearchFolding is the folding of this binary.
var SearchFolding = Folding{Version: markup.FoldingVersion, Fold: markup.Fold}

// Indexing is the part of the store that fills the search index.
type Indexing interface {
	// IndexMessages indexes a bounded number of messages: edited ones, new ones, and those
	// that an older version of the folding indexed. One node at a time does so; on the others
	// it does nothing. It is called by one goroutine.
	IndexMessages(ctx context.Context, folding Folding) (IndexProgress, error)
}

// IndexProgress is the outcome of one call of IndexMessages.
type IndexProgress struct {
	More bool // messages are left
	// Skipped contains the panics of the folding. These messages are not in the index.
	Skipped []error
}
