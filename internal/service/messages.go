package service

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

// SendMessage is the way of every message. Who asks is known by now
// (authentication); here come the rate limit and the hygiene of the text, and in
// Append, under the room's lock, the membership. It returns after the commit;
// fresh is false where the CID was known and m is the original.
func (s *Service) SendMessage(ctx context.Context, caller chat.Caller, in chat.Send) (m chat.Message, fresh bool, err error) {
	cid, err := parseCID(in.CID)
	if err != nil {
		return chat.Message{}, false, err
	}
	if err := allow(s.MessageRate, caller.User.ID); err != nil {
		return chat.Message{}, false, err
	}
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
		_, _ = s.RoomMessageRate.Allow(in.Room) // only what members have said counts
		s.publishMessage(&m)
	}
	return m, fresh, nil
}

// render renders a clean text that is for room. Only a text with an "@name" asks who
// is a member.
func (s *Service) render(ctx context.Context, room chat.RoomID, text string) (string, error) {
	names := markup.Names(text)
	if len(names) == 0 {
		return markup.HTML(text), nil
	}
	members, err := s.Rooms.MembersByName(ctx, room, names)
	if err != nil {
		return "", err
	}
	who := make(map[string]int64, len(members))
	for name, id := range members {
		who[name] = int64(id)
	}
	return markup.HTMLNaming(text, who), nil
}

// checkRoomMessageRate refuses to send if all members together send too much. Only members learn of it:
// anyone else gets the answer of Append, as if the room were quiet.
func (s *Service) checkRoomMessageRate(ctx context.Context, caller chat.Caller, room chat.RoomID) error {
	after, ok := s.RoomMessageRate.Ready(room)
	if ok {
		return nil
	}
	_, _, err := s.memberRoom(ctx, caller, room)
	switch {
	case err == nil:
		return chat.ErrRateLimited(after)
	case chat.CodeOf(err) == chat.NotAMember, chat.CodeOf(err) == chat.NotFound:
		return nil
	}
	return err
}

func parseCID(text string) (chat.CID, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		return "", chat.Errorf(chat.BadRequest, "A cid is a UUID, as 0197b1c2-….").WithField("cid")
	}
	return chat.CID(id.String()), nil
}

func (s *Service) cleanText(text string) (string, error) {
	most := s.Limits.Now().MaxMessageLength
	clean, err := markup.Text(text, most)
	switch {
	case err == nil:
		return clean, nil
	case errors.Is(err, markup.ErrEmpty):
		return "", chat.Errorf(chat.Empty, "There is nothing to send.").WithField("text")
	case errors.Is(err, markup.ErrTooLong):
		return "", chat.Errorf(chat.TooLong, "A message has at most %d characters.", most).WithField("text")
	default:
		return "", chat.Errorf(chat.BadRequest, "That text has characters that cannot be used here.").WithField("text")
	}
}

// History returns messages of a room by their place.
func (s *Service) History(ctx context.Context, caller chat.Caller, room chat.RoomID, q chat.PageQuery) (chat.Page, error) {
	newest := q == chat.PageQuery{Limit: q.Limit}
	about, _, err := s.memberRoom(ctx, caller, room)
	switch {
	case err != nil && newest:
		return s.cachedMessages(caller, room, q.Limit, err)
	case err != nil:
		return chat.Page{}, err
	case newest:
		return s.newestMessages(ctx, caller, about, q.Limit)
	}
	return s.Messages.Page(ctx, room, caller.User.ID, q)
}

// Changes returns what a caller has missed in a room.
func (s *Service) Changes(ctx context.Context, caller chat.Caller, c chat.CatchUp) (chat.CaughtUp, error) {
	room, _, err := s.memberRoom(ctx, caller, c.Room)
	if err != nil {
		return chat.CaughtUp{}, err
	}
	return s.ChangesIn(ctx, caller, room, c)
}

// ChangesIn is Changes for a member, in the room as it was read just now.
func (s *Service) ChangesIn(ctx context.Context, caller chat.Caller, room chat.Room, c chat.CatchUp) (chat.CaughtUp, error) {
	if c.Epoch != "" && c.Epoch != room.Epoch || c.Since > room.Head {
		return chat.CaughtUp{Changes: chat.Changes{Head: room.Head}, Epoch: room.Epoch, Reset: true}, nil
	}
	changes, known, err := s.cachedChanges(ctx, caller, room, c)
	if err == nil && !known {
		changes, err = s.Messages.Changes(ctx, c.Room, caller.User.ID, c.Since, c.Limit)
	}
	if err != nil {
		return chat.CaughtUp{}, err
	}
	return chat.CaughtUp{Changes: changes, Epoch: room.Epoch}, nil
}

// NewestIn returns the latest messages of a room, as it was read just now, as
// changes: from them on a member is up to date at To.
func (s *Service) NewestIn(ctx context.Context, caller chat.Caller, room chat.Room, limit int) (chat.CaughtUp, error) {
	page, err := s.newestMessages(ctx, caller, room, limit)
	return page.CaughtUp(room.Epoch), err
}

// CachedIn is NewestIn while the store is away, for whoever sits in the room; cause
// is what is answered where nothing is known.
func (s *Service) CachedIn(caller chat.Caller, room chat.Room, limit int, cause error) (chat.CaughtUp, error) {
	page, err := s.cachedMessages(caller, room.ID, limit, cause)
	return page.CaughtUp(room.Epoch), err
}

// Message returns one message that caller may read.
func (s *Service) Message(ctx context.Context, caller chat.Caller, id chat.MessageID) (chat.Message, error) {
	return s.Messages.Message(ctx, id, caller.User.ID)
}

// EditMessage gives a message of caller's own another text.
func (s *Service) EditMessage(ctx context.Context, caller chat.Caller, id chat.MessageID, text string) (chat.Message, error) {
	if err := allow(s.MessageRate, caller.User.ID); err != nil {
		return chat.Message{}, err
	}
	ref, by, err := s.Messages.FindMessage(ctx, id, caller.User.ID)
	if err != nil {
		return chat.Message{}, err
	}
	if err := s.unlessMuted(chat.CanEdit)(by, ref.Message()); err != nil {
		return chat.Message{}, err
	}
	clean, empty := s.cleanText(text)
	if empty != nil && chat.CodeOf(empty) != chat.Empty {
		return chat.Message{}, empty
	}
	if after, ok := s.RoomMessageRate.Ready(ref.Room); !ok {
		return chat.Message{}, chat.ErrRateLimited(after)
	}
	html, err := s.render(ctx, ref.Room, clean)
	if err != nil {
		return chat.Message{}, err
	}
	m, changed, err := s.Messages.Edit(ctx, ref, caller.User.ID, clean, html, s.unlessMuted(func(by chat.Membership, m chat.Message) error {
		if err := chat.CanEdit(by, m); err != nil || len(m.Attachments) > 0 {
			return err // files may stand without words
		}
		return empty
	}))
	if changed {
		_, _ = s.RoomMessageRate.Allow(ref.Room)
	}
	return s.publishIfChanged(m, changed, err)
}

// DeleteMessage leaves a tombstone of a message of caller's own, or of anybody's
// where caller moderates. A tombstone stays as it is.
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

// React puts an emoji of caller's under a message, or takes it back.
func (s *Service) React(ctx context.Context, caller chat.Caller, id chat.MessageID, emoji string, on bool) (chat.Message, error) {
	clean, ok := markup.Emoji(emoji)
	if !ok {
		return chat.Message{}, chat.Errorf(chat.BadRequest, "A reaction is one emoji.").WithField("emoji")
	}
	ref, by, err := s.Messages.FindMessage(ctx, id, caller.User.ID)
	if err != nil {
		return chat.Message{}, err
	}
	if err := by.CheckMuted(chat.At(s.Now())); err != nil {
		return chat.Message{}, err
	}
	if err := s.ChangeRates.allowChange(caller.User.ID, ref.Room); err != nil {
		return chat.Message{}, err
	}
	return s.publishIfChanged(s.Messages.React(ctx, ref, caller.User.ID, clean, on, s.unlessMuted(func(_ chat.Membership, m chat.Message) error {
		return chat.CanReact(m, clean, on)
	})))
}

// unlessMuted is the rule for members who may write.
func (s *Service) unlessMuted(rule chat.Rule) chat.Rule {
	return func(by chat.Membership, m chat.Message) error {
		if err := by.CheckMuted(chat.At(s.Now())); err != nil {
			return err
		}
		return rule(by, m)
	}
}

// publishIfChanged announces what was changed and committed. The event is everybody's, so
// it bears nobody's own mark: hubs set that for each reader (see gateway).
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
