package chat

import "context"

// RenderingState is how far stored messages have been rendered again.
type RenderingState struct {
	// Rules is the version of the Markdown rules that are applied.
	Rules int
	// Rendered is the last message that was rendered, Newest the last one that has to be.
	Rendered, Newest MessageID
}

// StoredHTML is a stored message with the text and the HTML that it had when it was read.
type StoredHTML struct {
	ID   MessageID
	Room RoomID
	Text string
	HTML string
}

// RenderedHTML is a message whose HTML has to be replaced.
type RenderedHTML struct {
	Old  StoredHTML
	HTML string
}

// Rendering is the store of the messages that are rendered again.
type Rendering interface {
	// BeginRendering returns where to continue. It begins with the oldest message if rules
	// is newer than the version of the last rendering, or if again is true.
	BeginRendering(ctx context.Context, rules int, again bool) (RenderingState, error)
	// MessagesToRender returns the next texts after a message, in order: a batch of limited
	// length. It returns none at the end.
	MessagesToRender(ctx context.Context, s RenderingState) ([]StoredHTML, error)
	// SaveRendered replaces the HTML of messages, and moves the state from s.Rendered to the
	// message to, in one transaction. Messages that were changed or deleted since they were
	// read stay as they are. No message gets a new number. It returns the number of replaced
	// messages, or UNAVAILABLE if something else has moved the state.
	SaveRendered(ctx context.Context, s RenderingState, to MessageID, changes []RenderedHTML) (replaced int, err error)
}
