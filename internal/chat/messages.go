package chat

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/markup"
)

// The limits of what one read returns, in messages.
const (
	DefaultPage = 50
	MaxPage     = 100
)

// Send is what a caller asks to be said.
type Send struct {
	Room    RoomID
	CID     string
	Text    string
	ReplyTo MessageID
	// Attachments are uploads of the caller; with them the text may be empty.
	Attachments []AttachmentID
}

// SendMessage is the way of every message. Who asks is known by now
// (authentication); here come the rate limit and the hygiene of the text, and in
// Append, under the room's lock, the membership. It returns after the commit;
// fresh is false where the CID was known and m is the original.
func (s *Service) SendMessage(ctx context.Context, caller Caller, in Send) (m Message, fresh bool, err error) {
	cid, err := parseCID(in.CID)
	if err != nil {
		return Message{}, false, err
	}
	if err := allow(s.Sends, caller.User.ID); err != nil {
		return Message{}, false, err
	}
	if err := checkAttachments(in.Attachments); err != nil {
		return Message{}, false, err
	}
	text, err := s.cleanText(in.Text)
	if err != nil && (CodeOf(err) != Empty || len(in.Attachments) == 0) {
		return Message{}, false, err
	}
	if err := s.flooded(ctx, caller, in.Room); err != nil {
		return Message{}, false, err
	}
	html, err := s.html(ctx, in.Room, text)
	if err != nil {
		return Message{}, false, err
	}
	m, fresh, err = s.Messages.Append(ctx, Draft{
		Room: in.Room, Author: caller.User.ID, CID: cid,
		Text: text, HTML: html, ReplyTo: in.ReplyTo, Attachments: in.Attachments,
	})
	if err != nil {
		return Message{}, false, s.hiding(ctx, caller, in.Room, err)
	}
	if fresh {
		_, _ = s.Floods.Allow(in.Room) // only what members have said counts
		s.announce(&m)
	}
	return m, fresh, nil
}

// html renders a clean text that is for room. Only a text with an "@name" asks who
// is a member.
func (s *Service) html(ctx context.Context, room RoomID, text string) (string, error) {
	names := markup.Names(text)
	if len(names) == 0 {
		return markup.HTML(text), nil
	}
	members, err := s.Rooms.MembersNamed(ctx, room, names)
	if err != nil {
		return "", err
	}
	who := make(map[string]int64, len(members))
	for name, id := range members {
		who[name] = int64(id)
	}
	return markup.HTMLNaming(text, who), nil
}

// flooded refuses to send if all members together send too much. Only members learn of it:
// anyone else gets the answer of Append, as if the room were quiet.
func (s *Service) flooded(ctx context.Context, caller Caller, room RoomID) error {
	after, ok := s.Floods.Ready(room)
	if ok {
		return nil
	}
	_, err := s.readable(ctx, caller, room)
	switch {
	case err == nil:
		return limited(after)
	case CodeOf(err) == NotAMember, CodeOf(err) == NotFound:
		return nil
	}
	return err
}

func parseCID(text string) (CID, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		return "", Fault(BadRequest, "A cid is a UUID, as 0197b1c2-….").In("cid")
	}
	return CID(id.String()), nil
}

func (s *Service) cleanText(text string) (string, error) {
	most := s.Limits.Now().MaxMessageLength
	clean, err := markup.Text(text, most)
	switch {
	case err == nil:
		return clean, nil
	case errors.Is(err, markup.ErrEmpty):
		return "", Fault(Empty, "There is nothing to send.").In("text")
	case errors.Is(err, markup.ErrTooLong):
		return "", Fault(TooLong, "A message has at most %d characters.", most).In("text")
	default:
		return "", Fault(BadRequest, "That text has characters that cannot be used here.").In("text")
	}
}

// History returns messages of a room by their place.
func (s *Service) History(ctx context.Context, caller Caller, room RoomID, q PageQuery) (Page, error) {
	newest := q == PageQuery{Limit: q.Limit}
	about, err := s.readable(ctx, caller, room)
	switch {
	case err != nil && newest:
		return s.remembered(caller, room, q.Limit, err)
	case err != nil:
		return Page{}, err
	case newest:
		return s.newest(ctx, caller, about, q.Limit)
	}
	return s.Messages.Page(ctx, room, caller.User.ID, q)
}

// CatchUp is what a caller knows of a room: everything up to Since in the life
// of the database that Epoch names.
type CatchUp struct {
	Room  RoomID
	Since Seq
	Epoch Epoch // "" where the caller does not say
	Limit int
}

// CaughtUp answers a CatchUp: the changes, or Reset where the caller's number
// means nothing any more and it must forget what it has.
type CaughtUp struct {
	Changes
	Epoch Epoch
	Reset bool
}

// Changes returns what a caller has missed in a room.
func (s *Service) Changes(ctx context.Context, caller Caller, c CatchUp) (CaughtUp, error) {
	room, err := s.readable(ctx, caller, c.Room)
	if err != nil {
		return CaughtUp{}, err
	}
	return s.ChangesIn(ctx, caller, room, c)
}

// ChangesIn is Changes for a member, in the room as it was read just now.
func (s *Service) ChangesIn(ctx context.Context, caller Caller, room Room, c CatchUp) (CaughtUp, error) {
	if c.Epoch != "" && c.Epoch != room.Epoch || c.Since > room.Head {
		return CaughtUp{Changes: Changes{Head: room.Head}, Epoch: room.Epoch, Reset: true}, nil
	}
	changes, known, err := s.recentChanges(ctx, caller, room, c)
	if err == nil && !known {
		changes, err = s.Messages.Changes(ctx, c.Room, caller.User.ID, c.Since, c.Limit)
	}
	if err != nil {
		return CaughtUp{}, err
	}
	return CaughtUp{Changes: changes, Epoch: room.Epoch}, nil
}

// NewestIn returns the latest messages of a room, as it was read just now, as
// changes: from them on a member is up to date at To.
func (s *Service) NewestIn(ctx context.Context, caller Caller, room Room, limit int) (CaughtUp, error) {
	page, err := s.newest(ctx, caller, room, limit)
	return page.caughtUp(room.Epoch), err
}

// Remembered is NewestIn while the store is away, for whoever sits in the room; cause
// is what is answered where nothing is known.
func (s *Service) Remembered(caller Caller, room Room, limit int, cause error) (CaughtUp, error) {
	page, err := s.remembered(caller, room.ID, limit, cause)
	return page.caughtUp(room.Epoch), err
}

// caughtUp is a newest page as changes.
func (p Page) caughtUp(epoch Epoch) CaughtUp {
	from := p.Head
	if len(p.Messages) > 0 {
		from = p.Messages[0].Seq - 1
	}
	return CaughtUp{Changes: Changes{Messages: p.Messages, From: from, To: p.Head, Head: p.Head}, Epoch: epoch}
}

// Message returns one message that caller may read.
func (s *Service) Message(ctx context.Context, caller Caller, id MessageID) (Message, error) {
	return s.Messages.Message(ctx, id, caller.User.ID)
}

// EditMessage gives a message of caller's own another text.
func (s *Service) EditMessage(ctx context.Context, caller Caller, id MessageID, text string) (Message, error) {
	if err := allow(s.Sends, caller.User.ID); err != nil {
		return Message{}, err
	}
	ref, by, err := s.Messages.Find(ctx, id, caller.User.ID)
	if err != nil {
		return Message{}, err
	}
	if err := s.unmuted(mayEdit)(by, ref.message()); err != nil {
		return Message{}, err
	}
	clean, empty := s.cleanText(text)
	if empty != nil && CodeOf(empty) != Empty {
		return Message{}, empty
	}
	if after, ok := s.Floods.Ready(ref.Room); !ok {
		return Message{}, limited(after)
	}
	html, err := s.html(ctx, ref.Room, clean)
	if err != nil {
		return Message{}, err
	}
	m, changed, err := s.Messages.Edit(ctx, ref, caller.User.ID, clean, html, s.unmuted(func(by Membership, m Message) error {
		if err := mayEdit(by, m); err != nil || len(m.Attachments) > 0 {
			return err // files may stand without words
		}
		return empty
	}))
	if changed {
		_, _ = s.Floods.Allow(ref.Room)
	}
	return s.changed(m, changed, err)
}

// DeleteMessage leaves a tombstone of a message of caller's own, or of anybody's
// where caller moderates. A tombstone stays as it is.
func (s *Service) DeleteMessage(ctx context.Context, caller Caller, id MessageID) (Message, error) {
	ref, by, err := s.Messages.Find(ctx, id, caller.User.ID)
	if err != nil {
		return Message{}, err
	}
	if err := mayDelete(by, ref.message()); err != nil {
		return Message{}, err
	}
	if ref.Author == caller.User.ID {
		err = s.Rates.change(caller.User.ID, ref.Room)
	} else {
		err = allow(s.Rates.Moderation, caller.User.ID)
	}
	if err != nil {
		return Message{}, err
	}
	defer s.Sweeper.Wake()
	return s.changed(s.Messages.Delete(ctx, ref, caller.User.ID, mayDelete))
}

// maxEmojis is how many different emojis one message may bear.
const maxEmojis = 20

// React puts an emoji of caller's under a message, or takes it back.
func (s *Service) React(ctx context.Context, caller Caller, id MessageID, emoji string, on bool) (Message, error) {
	clean, ok := markup.Emoji(emoji)
	if !ok {
		return Message{}, Fault(BadRequest, "A reaction is one emoji.").In("emoji")
	}
	ref, by, err := s.Messages.Find(ctx, id, caller.User.ID)
	if err != nil {
		return Message{}, err
	}
	if err := by.silent(At(s.Now())); err != nil {
		return Message{}, err
	}
	if err := s.Rates.change(caller.User.ID, ref.Room); err != nil {
		return Message{}, err
	}
	return s.changed(s.Messages.React(ctx, ref, caller.User.ID, clean, on, s.unmuted(func(_ Membership, m Message) error {
		return mayReact(m, clean, on)
	})))
}

// message is what a rule may see of a message before it is read under the lock.
func (r MessageRef) message() Message { return Message{Kind: r.Kind, Author: Author{ID: r.Author}} }

// unmuted is the rule for members who may write.
func (s *Service) unmuted(rule Rule) Rule {
	return func(by Membership, m Message) error {
		if err := by.silent(At(s.Now())); err != nil {
			return err
		}
		return rule(by, m)
	}
}

func mayEdit(by Membership, m Message) error {
	switch {
	case m.Kind != Text || m.Author.ID != by.UserID:
		return Fault(Forbidden, "Only its author can edit a message.")
	case m.DeletedAt != 0:
		return Fault(Forbidden, "A deleted message cannot be edited.")
	}
	return nil
}

func mayDelete(by Membership, m Message) error {
	if m.Kind != Text || m.Author.ID != by.UserID && !by.Role.May(DeleteOthers) {
		return Fault(Forbidden, "Only its author and moderators can delete a message.")
	}
	return nil
}

func mayReact(m Message, emoji string, on bool) error {
	if m.DeletedAt != 0 && on {
		return Fault(Forbidden, "A deleted message takes no reactions.")
	}
	known := slices.ContainsFunc(m.Reactions, func(r ReactionCount) bool { return r.Emoji == emoji })
	if on && !known && len(m.Reactions) >= maxEmojis {
		return Fault(Forbidden, "A message bears at most %d different emojis.", maxEmojis)
	}
	return nil
}

// changed announces what was changed and committed. The event is everybody's, so
// it bears nobody's own mark: hubs set that for each reader (see gateway).
func (s *Service) changed(m Message, changed bool, err error) (Message, error) {
	if err == nil && changed {
		shared := m
		shared.Reactions = slices.Clone(m.Reactions)
		for i := range shared.Reactions {
			shared.Reactions[i].Me = false
		}
		s.announce(&shared)
	}
	return m, err
}
