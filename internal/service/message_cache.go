package service

import (
	"cmp"
	"context"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
)

// newestMessages returns the newest messages of a room, which was just read.
func (s *Service) newestMessages(ctx context.Context, caller chat.Caller, room chat.Room, limit int) (chat.Page, error) {
	if limit > chat.DefaultPage {
		return s.Messages.Page(ctx, room.ID, caller.User.ID, chat.PageQuery{Limit: limit, Head: room.Head})
	}
	page, fresh, err := s.newestPage(ctx, room)
	if err != nil {
		return chat.Page{}, err
	}
	return s.personalize(ctx, caller, page.Last(limit), fresh)
}

// newestPage returns the newest DefaultPage messages of a room without what differs between
// viewers. fresh reports whether they were just read from the store.
func (s *Service) newestPage(ctx context.Context, room chat.Room) (page chat.Page, fresh bool, err error) {
	if page, known := s.MessageCache.Get(room.ID, room.Head); known {
		return page, false, nil
	}
	page, err = s.Messages.Newest(ctx, room.ID, room.Head)
	if err == nil {
		s.MessageCache.Put(room.ID, page)
	}
	return page, true, err
}

// personalize returns p as the caller sees it. If p is not fresh, it reads the authors
// again, because a change of a profile has no number in the room.
func (s *Service) personalize(ctx context.Context, caller chat.Caller, p chat.Page, fresh bool) (chat.Page, error) {
	p = p.ForViewer(caller.User.ID)
	if fresh {
		return p, nil
	}
	authors, err := s.Messages.Authors(ctx, p.AuthorIDs())
	if err != nil {
		return chat.Page{}, err
	}
	p.SetAuthors(authors)
	return p, nil
}

// cachedChanges returns the changes after c.Since from the cache, and false if the cache
// does not have all of them. It is enough for clients that were disconnected for a moment.
func (s *Service) cachedChanges(ctx context.Context, caller chat.Caller, room chat.Room, c chat.CatchUp) (chat.Changes, bool, error) {
	if c.Since == room.Head {
		return chat.Changes{Messages: []chat.Message{}, From: c.Since, To: c.Since, Head: c.Since}, true, nil
	}
	if room.Head-c.Since > 2*chat.DefaultPage { // a message covers at most two numbers
		return chat.Changes{}, false, nil
	}
	page, fresh, err := s.newestPage(ctx, room)
	if err != nil || !page.Covers(c.Since) {
		return chat.Changes{}, false, err
	}
	page.Messages = slices.DeleteFunc(slices.Clone(page.Messages), func(m chat.Message) bool { return m.ChangeSeq <= c.Since })
	if len(page.Messages) > c.Limit {
		return chat.Changes{}, false, nil
	}
	slices.SortFunc(page.Messages, func(a, b chat.Message) int { return cmp.Compare(a.ChangeSeq, b.ChangeSeq) })
	page, err = s.personalize(ctx, caller, page, fresh)
	return chat.Changes{Messages: page.Messages, From: c.Since, To: page.Head, Head: page.Head}, true, err
}

// cachedMessages returns the newest page while the store is unreachable, if the caller has a
// live subscription that has been sent all of it. Otherwise it returns cause. So the caller
// gets nothing that it has not been sent before.
func (s *Service) cachedMessages(caller chat.Caller, room chat.RoomID, limit int, cause error) (chat.Page, error) {
	if chat.CodeOf(cause) != chat.Unavailable || limit > chat.DefaultPage {
		return chat.Page{}, cause
	}
	delivered, subscribed := s.Subscriptions.DeliveredSeq(caller, room)
	page, known := s.MessageCache.GetStale(room)
	if !subscribed || !known || page.Head != delivered {
		return chat.Page{}, cause
	}
	return page.Last(limit).ForViewer(caller.User.ID), nil
}
