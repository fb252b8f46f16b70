package service

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

// SendMessage stores and publishes a message. It checks the rate and the text; Append checks
// the membership under the room's lock. It returns after the commit. fresh is false if the
// CID was used before: then m is the original message.
func (s *Service) SendMessage(ctx context.Context, caller chat.Caller, in chat.Send) (m chat.Message, fresh bool, err error) {
	cid, err := parseCID(in.CID)
	if err != nil {
		return chat.Message{}, false, err
	}
	if err := allowOr(sendingTooFast, s.MessageRate, caller.User.ID); err != nil {
		return chat.Message{}, false, err
	}
	return s.sendAllowed(ctx, caller, cid, in)
}

// sendAllowed is SendMessage after the rate of the author was checked and the CID was read.
func (s *Service) sendAllowed(ctx context.Context, caller chat.Caller, cid chat.CID, in chat.Send) (m chat.Message, fresh bool, err error) {
	if err := checkAttachments(in.Attachments); err != nil {
		return chat.Message{}, false, err
	}
	text, err := s.cleanText(in.Text)
	if err != nil && (chat.CodeOf(err) != chat.Empty || len(in.Attachments) == 0) {
		return chat.Message{}, false, err
	}
	if err := s.checkRoomMessageRate(ctx, caller, in.Room); err != nil {
		return chat.Message{}, false, err
	}
	html, err := s.render(ctx, in.Room, text)
	if err != nil {
		return chat.Message{}, false, err
	}
	m, fresh, err = s.Messages.Append(ctx, chat.Draft{
		Room: in.Room, Author: caller.User.ID, CID: cid,
		Text: text, HTML: html, ReplyTo: in.ReplyTo, Attachments: in.Attachments,
	}, chat.CanSend)
	if err != nil {
		return chat.Message{}, false, s.maskNotMember(ctx, caller, in.Room, err)
	}
	if fresh {
		_, _ = s.RoomMessageRate.Allow(in.Room) // counts only stored messages
		s.publishMessage(&m)
	}
	return m, fresh, nil
}

// render returns the HTML of a clean text. It reads members of the room only if the text
// contains an "@name".
func (s *Service) render(ctx context.Context, room chat.RoomID, text string) (string, error) {
	names := markup.MentionNames(text)
	if len(names) == 0 {
		return markup.HTML(text), nil
	}
	members, err := s.Rooms.MembersByName(ctx, room, names)
	if err != nil {
		return "", err
	}
	ids := make(map[string]int64, len(members))
	for name, id := range members {
		ids[name] = int64(id)
	}
	return markup.HTMLWithMentions(text, ids), nil
}

// checkRoomMessageRate returns RATE_LIMITED to members if all members together send too much.
// For other callers it returns nil: they get the error of Append, which does not reveal how
// busy the room is.
func (s *Service) checkRoomMessageRate(ctx context.Context, caller chat.Caller, room chat.RoomID) error {
	after, ok := s.RoomMessageRate.Ready(room)
	if ok {
		return nil
	}
	_, _, err := s.memberRoom(ctx, caller, room)
	switch {
	case err == nil:
		return chat.ErrRateLimited(roomTooBusy, after)
	case chat.CodeOf(err) == chat.NotAMember, chat.CodeOf(err) == chat.NotFound:
		return nil
	}
	return err
}

func parseCID(text string) (chat.CID, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		return "", chat.Errorf(chat.BadRequest, "The cid must be a UUID.").WithField("cid")
	}
	return chat.CID(id.String()), nil
}

func (s *Service) cleanText(text string) (string, error) {
	limit := s.Settings.Limits().MaxMessageLength
	clean, err := markup.Text(text, limit)
	switch {
	case err == nil:
		return clean, nil
	case errors.Is(err, markup.ErrEmpty):
		return "", chat.Errorf(chat.Empty, "The message is empty.").WithField("text")
	case errors.Is(err, markup.ErrTooLong):
		return "", chat.Errorf(chat.TooLong, "A message can have at most %d characters.", limit).WithField("text")
	default:
		return "", chat.Errorf(chat.BadRequest, "This text contains characters that are not allowed.").WithField("text")
	}
}

// History returns a page of messages of a room by seq.
func (s *Service) History(ctx context.Context, caller chat.Caller, room chat.RoomID, q chat.PageQuery) (chat.Page, error) {
	newest := q.Newest()
	r, _, err := s.memberRoom(ctx, caller, room)
	switch {
	case err != nil && newest:
		return s.cachedMessages(caller, room, q.Limit, err)
	case err != nil:
		return chat.Page{}, err
	case newest:
		return s.newestMessages(ctx, caller, r, q.Limit)
	}
	q.Head = r.Head
	return s.Messages.Page(ctx, room, caller.User.ID, q)
}

// Changes returns the changes of a room that the caller has missed.
func (s *Service) Changes(ctx context.Context, caller chat.Caller, c chat.CatchUp) (chat.CaughtUp, error) {
	room, _, err := s.memberRoom(ctx, caller, c.Room)
	if err != nil {
		return chat.CaughtUp{}, err
	}
	return s.ChangesIn(ctx, caller, room, c)
}

// ChangesIn is Changes for a member of a room that was just read.
func (s *Service) ChangesIn(ctx context.Context, caller chat.Caller, room chat.Room, c chat.CatchUp) (chat.CaughtUp, error) {
	if c.Epoch != "" && c.Epoch != room.Epoch || c.Since > room.Head {
		return chat.CaughtUp{Changes: chat.Changes{Head: room.Head}, Epoch: room.Epoch, Reset: true}, nil
	}
	changes, known, err := s.cachedChanges(ctx, caller, room, c)
	if err == nil && !known {
		changes, err = s.Messages.Changes(ctx, c.Room, caller.User.ID, chat.ChangesQuery{Since: c.Since, Head: room.Head, Limit: c.Limit})
	}
	if err != nil {
		return chat.CaughtUp{}, err
	}
	return chat.CaughtUp{Changes: changes, Epoch: room.Epoch}, nil
}

// NewestIn returns the newest messages of a room that was just read, as changes. A client
// that has them is up to date at To.
func (s *Service) NewestIn(ctx context.Context, caller chat.Caller, room chat.Room, limit int) (chat.CaughtUp, error) {
	page, err := s.newestMessages(ctx, caller, room, limit)
	return page.CaughtUp(room.Epoch), err
}

// CachedIn is NewestIn from memory while the store is unreachable. It returns cause if
// nothing is known. See cachedMessages.
func (s *Service) CachedIn(caller chat.Caller, room chat.Room, limit int, cause error) (chat.CaughtUp, error) {
	page, err := s.cachedMessages(caller, room.ID, limit, cause)
	return page.CaughtUp(room.Epoch), err
}

// Message returns one message that the caller may read.
func (s *Service) Message(ctx context.Context, caller chat.Caller, id chat.MessageID) (chat.Message, error) {
	return s.Messages.Message(ctx, id, caller.User.ID)
}

// EditMessage changes the text of a message of the caller.
func (s *Service) EditMessage(ctx context.Context, caller chat.Caller, id chat.MessageID, text string) (chat.Message, error) {
	if err := allowOr(sendingTooFast, s.MessageRate, caller.User.ID); err != nil {
		return chat.Message{}, err
	}
	ref, by, err := s.Messages.FindMessage(ctx, id, caller.User.ID)
	if err != nil {
		return chat.Message{}, err
	}
	if err := s.ifMayWrite(chat.CanEdit)(by, ref.Message()); err != nil {
		return chat.Message{}, err
	}
	clean, empty := s.cleanText(text)
	if empty != nil && chat.CodeOf(empty) != chat.Empty {
		return chat.Message{}, empty
	}
	if after, ok := s.RoomMessageRate.Ready(ref.Room); !ok {
		return chat.Message{}, chat.ErrRateLimited(roomTooBusy, after)
	}
	html, err := s.render(ctx, ref.Room, clean)
	if err != nil {
		return chat.Message{}, err
	}
	m, changed, err := s.Messages.Edit(ctx, ref, caller.User.ID, clean, html, s.ifMayWrite(func(by chat.Membership, m chat.Message) error {
		if err := chat.CanEdit(by, m); err != nil || len(m.Attachments) > 0 {
			return err // the text may be empty if there are attachments
		}
		return empty
	}))
	if changed {
		_, _ = s.RoomMessageRate.Allow(ref.Room)
	}
	return s.publishIfChanged(m, changed, err)
}

// DeleteMessage replaces a message by a tombstone: one of the caller's, or any message if
// the caller may delete those of others. It does not change a tombstone.
func (s *Service) DeleteMessage(ctx context.Context, caller chat.Caller, id chat.MessageID) (chat.Message, error) {
	ref, by, err := s.Messages.FindMessage(ctx, id, caller.User.ID)
	if err != nil {
		return chat.Message{}, err
	}
	if err := chat.CanDelete(by, ref.Message()); err != nil {
		return chat.Message{}, err
	}
	if ref.Author == caller.User.ID {
		err = s.ChangeRates.allowChange(caller.User.ID, ref.Room)
	} else {
		err = allow(s.ChangeRates.Moderation, caller.User.ID)
	}
	if err != nil {
		return chat.Message{}, err
	}
	defer s.GarbageCollector.Wake()
	return s.publishIfChanged(s.Messages.Delete(ctx, ref, caller.User.ID, chat.CanDelete))
}

// React adds a reaction of the caller to a message, or removes it.
func (s *Service) React(ctx context.Context, caller chat.Caller, id chat.MessageID, emoji string, on bool) (chat.Message, error) {
	clean, ok := markup.Emoji(emoji)
	if !ok {
		return chat.Message{}, chat.Errorf(chat.BadRequest, "A reaction must be one emoji.").WithField("emoji")
	}
	ref, by, err := s.Messages.FindMessage(ctx, id, caller.User.ID)
	if err != nil {
		return chat.Message{}, err
	}
	if err := by.CheckMayWrite(chat.At(s.Now())); err != nil {
		return chat.Message{}, err
	}
	if err := s.ChangeRates.allowChange(caller.User.ID, ref.Room); err != nil {
		return chat.Message{}, err
	}
	return s.publishIfChanged(s.Messages.React(ctx, ref, caller.User.ID, clean, on, s.ifMayWrite(func(_ chat.Membership, m chat.Message) error {
		return chat.CanReact(m, clean, on)
	})))
}

// ifMayWrite returns rule with the check that the member is neither muted nor in a blocked
// direct room.
func (s *Service) ifMayWrite(rule chat.Rule) chat.Rule {
	return func(by chat.Membership, m chat.Message) error {
		if err := by.CheckMayWrite(chat.At(s.Now())); err != nil {
			return err
		}
		return rule(by, m)
	}
}

// publishIfChanged publishes a committed change. The event is for all receivers, so Me is
// false in it; each hub sets it per receiver (see gateway).
func (s *Service) publishIfChanged(m chat.Message, changed bool, err error) (chat.Message, error) {
	if err == nil && changed {
		shared := m
		shared.Reactions = slices.Clone(m.Reactions)
		for i := range shared.Reactions {
			shared.Reactions[i].Me = false
		}
		s.publishMessage(&shared)
	}
	return m, err
}
