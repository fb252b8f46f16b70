package chat

import (
	"cmp"
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
	page, fresh, err := s.newestPage(ctx, room)
	if err != nil {
		return Page{}, err
	}
	return s.shown(ctx, caller, page.last(limit), fresh)
}

// newestPage returns the newest DefaultPage messages of a room as nobody in particular
// sees them, and whether they were read just now.
func (s *Service) newestPage(ctx context.Context, room Room) (page Page, fresh bool, err error) {
	if page, known := s.Recent.Newest(room.ID, room.Head); known {
		return page, false, nil
	}
	page, err = s.Messages.Newest(ctx, room.ID)
	if err == nil {
		s.Recent.Keep(room.ID, page)
	}
	return page, true, err
}

// shown is p as caller sees it now: what people look like changes without a number.
func (s *Service) shown(ctx context.Context, caller Caller, p Page, fresh bool) (Page, error) {
	p = p.as(caller.User.ID)
	if fresh {
		return p, nil
	}
	authors, err := s.Messages.Authors(ctx, p.authors())
	if err != nil {
		return Page{}, err
	}
	p.show(authors)
	return p, nil
}

// recentChanges returns what came after c.Since from memory, where all of it is
// there: whoever was away for a moment asks for no more. It is false where it is not.
func (s *Service) recentChanges(ctx context.Context, caller Caller, room Room, c CatchUp) (Changes, bool, error) {
	if c.Since == room.Head {
		return Changes{Messages: []Message{}, From: c.Since, To: c.Since, Head: c.Since}, true, nil
	}
	if room.Head-c.Since > 2*DefaultPage { // more than a page can tell
		return Changes{}, false, nil
	}
	page, fresh, err := s.newestPage(ctx, room)
	if err != nil || !page.tells(c.Since) {
		return Changes{}, false, err
	}
	page.Messages = slices.DeleteFunc(slices.Clone(page.Messages), func(m Message) bool { return m.ChangeSeq <= c.Since })
	if len(page.Messages) > c.Limit {
		return Changes{}, false, nil
	}
	slices.SortFunc(page.Messages, func(a, b Message) int { return cmp.Compare(a.ChangeSeq, b.ChangeSeq) })
	page, err = s.shown(ctx, caller, page, fresh)
	return Changes{Messages: page.Messages, From: c.Since, To: page.Head, Head: page.Head}, true, err
}

// tells tells whether p holds every message that changed after since: so it does
// where each number after since has its bearer in p. A number that was overtaken by a
// later change of its message has none any more; then the store is asked.
func (p Page) tells(since Seq) bool {
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
	return page.last(limit).as(caller.User.ID), nil
}

// last returns p with its last limit messages.
func (p Page) last(limit int) Page {
	if over := len(p.Messages) - limit; over > 0 {
		p.Messages, p.HasMore = p.Messages[over:], true
	}
	return p
}

// as returns p as a user sees it. p stays as it is.
func (p Page) as(user UserID) Page {
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
