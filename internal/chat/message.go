// Package chat contains the domain: its types, its rules, and as interfaces what it
// needs from the outside. It depends on no technology. Package service contains the use
// cases.
package chat

import (
	"context"
	"iter"
	"slices"

	"github.com/chillin-chat/chillin/internal/markup"
)

// MessageKind tells what people wrote from what the room tells.
type MessageKind string

const (
	Text   MessageKind = "text"
	System MessageKind = "system"
)

// Action is what a system message tells.
type Action string

const (
	Joined Action = "join"
	Left   Action = "leave"
	Kicked Action = "kick"
	Named  Action = "rename"
	Paused Action = "pause" // webhooks and invites: their maker may not make such any more
)

// SystemInfo is what a system message tells, for programs.
type SystemInfo struct {
	Action Action `json:"action" enum:"join,leave,kick,rename,pause" doc:"What happened."`
	UserID UserID `json:"userId" doc:"To whom it happened, or who did it to the room. Of a pause: who made the webhooks and invites."`
}

// Verb is the last thing that happened to a message.
type Verb string

const (
	Sent    Verb = "sent"
	Edited  Verb = "edited"
	Deleted Verb = "deleted"
	Reacted Verb = "reacted"
)

// Message is one entry of a room's sequence, in its present state.
type Message struct {
	ID          MessageID           `json:"id"`
	RoomID      RoomID              `json:"roomId"`
	Seq         Seq                 `json:"seq" doc:"The room's number of the message; never changes."`
	ChangeSeq   Seq                 `json:"changeSeq" doc:"The room's number of its latest change."`
	CID         CID                 `json:"cid" doc:"The author's name for the send; empty for system messages."`
	Kind        MessageKind         `json:"kind" enum:"text,system"`
	Author      Author              `json:"author"`
	Text        string              `json:"text"`
	HTML        string              `json:"html"`
	Mentions    []UserID            `json:"mentions" doc:"The members whom the text names by @username, each once."`
	System      *SystemInfo         `json:"system,omitempty" doc:"Set where kind is system."`
	ReplyTo     *Reply              `json:"replyTo,omitempty"`
	Attachments []MessageAttachment `json:"attachments"`
	Reactions   []ReactionCount     `json:"reactions"`
	CreatedAt   Time                `json:"createdAt" format:"date-time"`
	EditedAt    Time                `json:"editedAt,omitempty" format:"date-time"`
	DeletedAt   Time                `json:"deletedAt,omitempty" format:"date-time"`

	// LastVerb is what took ChangeSeq.
	LastVerb Verb `json:"-"`
}

// Reply is the message that another one answers, in short.
type Reply struct {
	ID      MessageID `json:"id"`
	Seq     Seq       `json:"seq"`
	Author  Author    `json:"author"`
	Excerpt string    `json:"excerpt"`
}

// ReactionCount is one emoji under a message.
type ReactionCount struct {
	Emoji string `json:"emoji"`
	Count int    `json:"count"`
	Me    bool   `json:"me" doc:"Whether the one who reads this is among them."`
	// UserIDs are all who reacted so, the first first.
	UserIDs []UserID `json:"userIds"`
}

// Draft is a message before it has a number: clean text, rendered HTML.
type Draft struct {
	Room    RoomID
	Author  UserID
	CID     CID
	Text    string
	HTML    string
	ReplyTo MessageID // 0 for none
	// Attachments are uploads of the author that no message carries, each once.
	Attachments []AttachmentID
}

// SentMessage is the message that d became, as far as its author knows it without being a
// member of the room any more: no edit, reaction, attachment or answered message. Mentions
// are text, because a mention says who is a member now.
func SentMessage(d Draft, id MessageID, seq Seq, author Author, createdAt Time) Message {
	return Message{
		ID: id, RoomID: d.Room, Seq: seq, ChangeSeq: seq, CID: d.CID, Kind: Text, Author: author,
		Text: d.Text, HTML: markup.HTML(d.Text), Mentions: []UserID{}, CreatedAt: createdAt, LastVerb: Sent,
		Attachments: []MessageAttachment{}, Reactions: []ReactionCount{},
	}
}

// ForViewer returns m as a user sees it. m stays as it is.
func (m Message) ForViewer(user UserID) Message {
	m.Reactions = slices.Clone(m.Reactions)
	for i := range m.Reactions {
		m.Reactions[i].Me = slices.Contains(m.Reactions[i].UserIDs, user)
	}
	return m
}

// ReactedBy reports whether user reacted to m.
func (m Message) ReactedBy(user UserID) bool {
	return slices.ContainsFunc(m.Reactions, func(r ReactionCount) bool { return slices.Contains(r.UserIDs, user) })
}

// Changes is what happened in a room after From up to and including To: each
// changed message once, in its present state, by ChangeSeq.
type Changes struct {
	Messages []Message
	From, To Seq
	Head     Seq
	More     bool // To < Head
}

// BySeq yields one change for every number in (c.From, c.To]. If a later change of the same
// message has overtaken a number's own change, the number gets a changed message in its
// present state, so that the numbers stay dense: applying a later state early, and again
// at its own number, does no harm.
func (c Changes) BySeq() iter.Seq[MessageChanged] {
	return func(yield func(MessageChanged) bool) {
		bySeq := make(map[Seq]Message, 2*len(c.Messages))
		for _, m := range c.Messages {
			bySeq[m.Seq] = m
			bySeq[m.ChangeSeq] = m
		}
		next := 0 // the first message whose latest change is not before seq
		for seq := c.From + 1; seq <= c.To; seq++ {
			for next < len(c.Messages) && c.Messages[next].ChangeSeq < seq {
				next++
			}
			m, ok := bySeq[seq]
			if !ok {
				if next == len(c.Messages) {
					return
				}
				m = c.Messages[next]
			}
			if !yield(MessageChanged{m, seq}) {
				return
			}
		}
	}
}

// PageQuery asks for messages by their Seq. At most one of Before, After and
// Around is set; with none the newest are meant.
type PageQuery struct {
	Before, After, Around Seq
	Limit                 int
}

// Page is a run of messages, ascending by Seq.
type Page struct {
	Messages []Message
	Head     Seq
	// HasMore tells that there are further messages in the asked direction (for
	// Around and the newest: towards the past).
	HasMore bool
	// HasNewer tells for Around that there are further messages towards the present.
	HasNewer bool
}

// Messages is the store of messages.
type Messages interface {
	// Append stores d under the next number of its room, once per (author, CID). For a
	// known CID it returns the original and fresh is false; an author who is no longer a
	// member gets a SentMessage. rule is called under the lock of the room. Append
	// returns after the commit. It returns CID_CONFLICT, the error of rule, or
	// UNAVAILABLE if the queue is full, the database is away, or the outcome of the
	// commit is unknown.
	Append(ctx context.Context, d Draft, rule SendRule) (m Message, fresh bool, err error)
	// Changes returns what changed in a room after since, at most limit messages.
	// NOT_FOUND for an unknown room.
	Changes(ctx context.Context, room RoomID, viewer UserID, since Seq, limit int) (Changes, error)
	// Page returns messages by Seq. NOT_FOUND for an unknown room.
	Page(ctx context.Context, room RoomID, viewer UserID, q PageQuery) (Page, error)
	// Newest returns the newest DefaultPage messages as nobody in particular sees
	// them. NOT_FOUND for an unknown room.
	Newest(ctx context.Context, room RoomID) (Page, error)
	// Authors returns what those of ids who exist look like, and perhaps others. The
	// answer may be shared: nobody changes it.
	Authors(ctx context.Context, ids []UserID) (map[UserID]Author, error)
	// Message returns one message. NOT_FOUND, also for whoever is no member of its
	// room.
	Message(ctx context.Context, id MessageID, viewer UserID) (Message, error)
	// FindMessage returns where a message is, with the viewer's membership there, and locks
	// nothing. NOT_FOUND as Message.
	FindMessage(ctx context.Context, id MessageID, viewer UserID) (MessageRef, Membership, error)
	// Edit gives a message another text, Delete leaves a tombstone of it, React puts
	// an emoji of by under it or takes it back. Each takes the next number of the
	// room, unless it changes nothing: then changed is false. Membership and rule are
	// checked under the room's lock; FindMessage comes first, so that no stranger gets as far as
	// the lock. NOT_FOUND as Message, UNAVAILABLE where too many wait for the room.
	Edit(ctx context.Context, ref MessageRef, by UserID, text, html string, rule Rule) (m Message, changed bool, err error)
	Delete(ctx context.Context, ref MessageRef, by UserID, rule Rule) (m Message, changed bool, err error)
	React(ctx context.Context, ref MessageRef, by UserID, emoji string, on bool, rule Rule) (m Message, changed bool, err error)
}

// MessageRef is where a message is, and what of it never changes.
type MessageRef struct {
	ID     MessageID
	Room   RoomID
	Author UserID
	Kind   MessageKind
}

// Ref returns where m is.
func (m Message) Ref() MessageRef { return MessageRef{m.ID, m.RoomID, m.Author.ID, m.Kind} }

// Rule tells whether a member may change a message; nil is yes.
type Rule func(by Membership, m Message) error

// MentionsIn returns whom the HTML of a message mentions. The HTML tells it, and
// nothing else: what is seen and what is counted cannot differ.
func MentionsIn(html string) []UserID {
	ids := markup.Mentioned(html)
	users := make([]UserID, len(ids))
	for i, id := range ids {
		users[i] = UserID(id)
	}
	return users
}

// maxExcerpt is how much of an answered message a Reply shows, in characters.
const maxExcerpt = 140

// ExcerptHTML is how many characters of the HTML of an answered message NewReply needs.
const ExcerptHTML = markup.MaxExcerptHTML

// NewReply shows the message that another one answers. The excerpt is made of the HTML that
// the message was stored with: nothing is rendered again for each reader.
func NewReply(id MessageID, seq Seq, author Author, html string) *Reply {
	return &Reply{ID: id, Seq: seq, Author: author, Excerpt: markup.ExcerptHTML(html, maxExcerpt)}
}

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

// CaughtUp is a newest page as changes.
func (p Page) CaughtUp(epoch Epoch) CaughtUp {
	from := p.Head
	if len(p.Messages) > 0 {
		from = p.Messages[0].Seq - 1
	}
	return CaughtUp{Changes: Changes{Messages: p.Messages, From: from, To: p.Head, Head: p.Head}, Epoch: epoch}
}

// maxEmojis is how many different emojis one message may bear.
const maxEmojis = 20

// Message is what a rule may see of a message before it is read under the lock.
func (r MessageRef) Message() Message { return Message{Kind: r.Kind, Author: Author{ID: r.Author}} }

// SendState is what decides whether a draft may be stored, as it is under the lock of its
// room.
type SendState struct {
	RoomExists bool
	IsMember   bool // of the author
	MutedUntil Time
	ReplyRoom  RoomID // of the message that the draft replies to; 0 if there is none
	HasUploads bool   // every attachment is an upload of the author that no message contains
	Now        Time
}

// SendRule reports whether a draft may be stored; nil means yes.
type SendRule func(d Draft, s SendState) error

// CanSend is the rule for sending. It returns NOT_FOUND, NOT_A_MEMBER or FORBIDDEN.
func CanSend(d Draft, s SendState) error {
	switch {
	case !s.RoomExists:
		return ErrNotFound()
	case !s.IsMember:
		return ErrNotAMember()
	case s.MutedUntil > s.Now:
		return Muted(s.MutedUntil, s.Now)
	case d.ReplyTo != 0 && s.ReplyRoom != d.Room:
		return Errorf(NotFound, "The message that you reply to is not in this room.").WithField("replyTo")
	case !s.HasUploads:
		return Errorf(NotFound, "An attachment does not exist or is already in a message.").WithField("attachmentIds")
	}
	return nil
}

// CanEdit is the rule for editing: only the author, and only a message that is not deleted.
func CanEdit(by Membership, m Message) error {
	switch {
	case m.Kind != Text || m.Author.ID != by.UserID:
		return Errorf(Forbidden, "Only the author can edit a message.")
	case m.DeletedAt != 0:
		return Errorf(Forbidden, "A deleted message cannot be edited.")
	}
	return nil
}

// CanDelete is the rule for deleting: the author, or a member with DeleteOthers.
func CanDelete(by Membership, m Message) error {
	if m.Kind != Text || m.Author.ID != by.UserID && !by.Role.Can(DeleteOthers) {
		return Errorf(Forbidden, "Only the author and moderators can delete a message.")
	}
	return nil
}

// CanReact is the rule for adding (on) or removing a reaction.
func CanReact(m Message, emoji string, on bool) error {
	if m.DeletedAt != 0 && on {
		return Errorf(Forbidden, "You cannot react to a deleted message.")
	}
	known := slices.ContainsFunc(m.Reactions, func(r ReactionCount) bool { return r.Emoji == emoji })
	if on && !known && len(m.Reactions) >= maxEmojis {
		return Errorf(Forbidden, "A message can have at most %d different reactions.", maxEmojis)
	}
	return nil
}
