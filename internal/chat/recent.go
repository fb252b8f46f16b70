package chat

import (
	"context"
	"slices"
)

// Recent keeps the newest messages of rooms in this process, as nobody in
// particular sees them. A page bears the head at which it was the newest: who
// knows the present head knows whether it still is, so that nobody has to be told
// of what is stale.
type Recent interface {
	// Newest returns the newest page where it is known as of head.
	Newest(room RoomID, head Seq) (Page, bool)
	// Latest returns what is known, however old. It is for when nobody can tell the
	// head.
	Latest(room RoomID) (Page, bool)
	// Keep remembers a newest page of DefaultPage messages that was read from the store.
	Keep(room RoomID, p Page)
	// Hear brings a change that follows a page into it. It must be told of a room's
	// changes in their order; after one that it was not told of it does nothing.
	Hear(e Event)
}

// Seats tells who sits where on this node.
type Seats interface {
	// Told returns up to which number of a room a live connection of caller's session
	// has been told. It is false where there is none, and while news of what ended
	// may be getting lost.
	Told(caller Caller, room RoomID) (Seq, bool)
}

// newest returns the newest messages of a room, whose head was read just now.
func (s *Service) newest(ctx context.Context, caller Caller, room Room, limit int) (Page, error) {
	if limit > DefaultPage {
		return s.Messages.Page(ctx, room.ID, caller.User.ID, PageQuery{Limit: limit})
	}
	page, known := s.Recent.Newest(room.ID, room.Head)
	if !known {
		var err error
		if page, err = s.Messages.Page(ctx, room.ID, 0, PageQuery{Limit: DefaultPage}); err != nil {
			return Page{}, err
		}
		s.Recent.Keep(room.ID, page)
		return page.as(caller.User.ID, limit), nil
	}
	// What people look like changes without a number.
	authors, err := s.Messages.Authors(ctx, page.authors())
	if err != nil {
		return Page{}, err
	}
	page = page.as(caller.User.ID, limit)
	page.show(authors)
	return page, nil
}

// remembered is the newest page while the store is away, for whoever sits in the
// room and has been told all that is in it: nothing newer leaves this node so. cause
// is what is answered otherwise.
func (s *Service) remembered(caller Caller, room RoomID, limit int, cause error) (Page, error) {
	if CodeOf(cause) != Unavailable || limit > DefaultPage {
		return Page{}, cause
	}
	told, sits := s.Seats.Told(caller, room)
	page, known := s.Recent.Latest(room)
	if !sits || !known || page.Head != told {
		return Page{}, cause
	}
	return page.as(caller.User.ID, limit), nil
}

// as returns the last limit messages of p as a user sees them. p stays as it is.
func (p Page) as(user UserID, limit int) Page {
	if over := len(p.Messages) - limit; over > 0 {
		p.Messages, p.HasMore = p.Messages[over:], true
	}
	p.Messages = slices.Clone(p.Messages)
	for i := range p.Messages {
		m := &p.Messages[i]
		m.Reactions = slices.Clone(m.Reactions)
		for j := range m.Reactions {
			m.Reactions[j].Me = slices.Contains(m.Reactions[j].UserIDs, user)
		}
	}
	return p
}

// authors are those whose looks p shows.
func (p Page) authors() []UserID {
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

// show gives the authors of p, which is not shared, their looks.
func (p Page) show(looks map[UserID]Author) {
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
