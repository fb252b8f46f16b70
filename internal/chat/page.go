package chat

import (
	"slices"
)

// MessageCache keeps the newest messages of rooms in this process, without what differs
// between viewers. A page has the head at which it was the newest, so that a caller that
// knows the present head knows whether it still is: stale pages need no invalidation.
type MessageCache interface {
	// Get returns the newest page if the cache has it as of head.
	Get(room RoomID, head Seq) (Page, bool)
	// GetStale returns the page of the room, however old. It is for when the head is not
	// known.
	GetStale(room RoomID) (Page, bool)
	// Put stores a newest page of DefaultPage messages that was read from the store.
	Put(room RoomID, p Page)
	// Has reports whether the cache has a page of the room, to which Apply applies changes.
	Has(room RoomID) bool
	// Apply applies a change to the page that precedes it. It is called with the changes
	// of a room in their order; it ignores changes after one that it did not receive.
	Apply(e MessageChanged)
}

// Subscriptions contains the subscriptions of this node.
type Subscriptions interface {
	// DeliveredSeq returns the last number of a room that was sent to a live connection of the
	// caller's session. It returns false if there is no such connection, and while the end of
	// a session or membership may not be received.
	DeliveredSeq(caller Caller, room RoomID) (Seq, bool)
}

// Covers reports whether p contains every message that changed after since: each number
// after since must be the Seq or ChangeSeq of a message in p. A number that was overtaken by
// a later change of the same message is in none; then the store must be read.
func (p Page) Covers(since Seq) bool {
	found := make(map[Seq]struct{}, p.Head-since)
	for _, m := range p.Messages {
		for _, seq := range []Seq{m.Seq, m.ChangeSeq} {
			if since < seq && seq <= p.Head {
				found[seq] = struct{}{}
			}
		}
	}
	return len(found) == int(p.Head-since)
}

// Last returns p with its last limit messages.
func (p Page) Last(limit int) Page {
	if over := len(p.Messages) - limit; over > 0 {
		p.Messages, p.HasMore = p.Messages[over:], true
	}
	return p
}

// ForViewer returns a copy of p with the messages as user sees them.
func (p Page) ForViewer(user UserID) Page {
	p.Messages = slices.Clone(p.Messages)
	for i := range p.Messages {
		p.Messages[i] = p.Messages[i].ForViewer(user)
	}
	return p
}

// AuthorIDs returns the authors of the messages in p and of the messages they reply to, each
// once.
func (p Page) AuthorIDs() []UserID {
	var ids []UserID
	add := func(id UserID) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, m := range p.Messages {
		add(m.Author.ID)
		if m.ReplyTo != nil {
			add(m.ReplyTo.Author.ID)
		}
	}
	return ids
}

// SetAuthors updates the authors in p. The messages of p must not be shared.
func (p Page) SetAuthors(authors map[UserID]Author) {
	for i := range p.Messages {
		m := &p.Messages[i]
		if author, ok := authors[m.Author.ID]; ok {
			m.Author = author
		}
		if m.ReplyTo == nil {
			continue
		}
		if author, ok := authors[m.ReplyTo.Author.ID]; ok {
			reply := *m.ReplyTo
			reply.Author, m.ReplyTo = author, &reply
		}
	}
}
