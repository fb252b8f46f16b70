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

// Subscriptions tells who sits where on this node.
type Subscriptions interface {
	// DeliveredSeq returns up to which number of a room a live connection of caller's session
	// has been told. It is false where there is none, and while news of what ended
	// may be getting lost.
	DeliveredSeq(caller Caller, room RoomID) (Seq, bool)
}

// Covers tells whether p holds every message that changed after since: so it does
// where each number after since has its bearer in p. A number that was overtaken by a
// later change of its message has none any more; then the store is asked.
func (p Page) Covers(since Seq) bool {
	borne := make(map[Seq]struct{}, p.Head-since)
	for _, m := range p.Messages {
		for _, seq := range []Seq{m.Seq, m.ChangeSeq} {
			if since < seq && seq <= p.Head {
				borne[seq] = struct{}{}
			}
		}
	}
	return len(borne) == int(p.Head-since)
}

// Last returns p with its last limit messages.
func (p Page) Last(limit int) Page {
	if over := len(p.Messages) - limit; over > 0 {
		p.Messages, p.HasMore = p.Messages[over:], true
	}
	return p
}

// ForViewer returns p as a user sees it. p stays as it is.
func (p Page) ForViewer(user UserID) Page {
	p.Messages = slices.Clone(p.Messages)
	for i := range p.Messages {
		p.Messages[i] = p.Messages[i].ForViewer(user)
	}
	return p
}

// AuthorIDs are those whose looks p shows.
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

// SetAuthors gives the authors of p, which is not shared, their looks.
func (p Page) SetAuthors(looks map[UserID]Author) {
	for i := range p.Messages {
		m := &p.Messages[i]
		if author, ok := looks[m.Author.ID]; ok {
			m.Author = author
		}
		if m.ReplyTo == nil {
			continue
		}
		if author, ok := looks[m.ReplyTo.Author.ID]; ok {
			reply := *m.ReplyTo
			reply.Author, m.ReplyTo = author, &reply
		}
	}
}
