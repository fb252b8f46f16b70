// Package chat contains the domain: its types, its rules, and the interfaces of what it needs
// from outside. It depends on no technology. Package service contains the use cases.
package chat

import (
	"context"
	"iter"
	"slices"

	"github.com/chillin-chat/chillin/internal/markup"
)

// MessageKind distinguishes texts of users from system messages.
type MessageKind string

const (
	Text   MessageKind = "text"
	System MessageKind = "system"
)

// Action is the event that a system message reports.
type Action string

const (
	Joined Action = "join"
	Left   Action = "leave"
	Kicked Action = "kick"
	Named  Action = "rename"
	Paused Action = "pause" // webhooks and invites whose creator has lost the permission
)

// SystemInfo is the content of a system message for programs.
type SystemInfo struct {
	Action Action `json:"action" enum:"join,leave,kick,rename,pause" doc:"What happened."`
	UserID UserID `json:"userId" doc:"The affected user, or the user who changed the room. For a pause, the creator of the webhooks and invites."`
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
	Seq         Seq                 `json:"seq" doc:"The number of the message in its room. It does not change."`
	ChangeSeq   Seq                 `json:"changeSeq" doc:"The number of the latest change of the message in its room."`
	CID         CID                 `json:"cid" doc:"The UUID that the author's client gave to the message. Empty for system messages."`
	Kind        MessageKind         `json:"kind" enum:"text,system"`
	Author      Author              `json:"author"`
	Text        string              `json:"text"`
	HTML        string              `json:"html"`
	Mentions    []UserID            `json:"mentions" doc:"The members that the text mentions by @username, each once."`
	System      *SystemInfo         `json:"system,omitempty" doc:"Set if kind is system."`
	ReplyTo     *Reply              `json:"replyTo,omitempty"`
	Attachments []MessageAttachment `json:"attachments"`
	Reactions   []ReactionCount     `json:"reactions"`
	CreatedAt   Time                `json:"createdAt" format:"date-time"`
	EditedAt    Time                `json:"editedAt,omitempty" format:"date-time"`
	DeletedAt   Time                `json:"deletedAt,omitempty" format:"date-time"`

	// LastVerb is the change with the number ChangeSeq.
	LastVerb Verb `json:"-"`
}

// Reply is an excerpt of the message to which another one replies.
type Reply struct {
	ID      MessageID `json:"id"`
	Seq     Seq       `json:"seq"`
	Author  Author    `json:"author"`
	Excerpt string    `json:"excerpt"`
}

// ReactionCount is one emoji with the users who reacted with it.
type ReactionCount struct {
	Emoji string `json:"emoji"`
	Count int    `json:"count"`
	Me    bool   `json:"me" doc:"Whether the receiver is one of the users."`
	// UserIDs are in the order of the reactions.
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
	// Attachments are unused uploads of the author, each once.
	Attachments []AttachmentID
}

// SentMessage returns the message that was stored for d, for an author that is no longer a
// member of the room: only what the author has sent, without later edits, reactions,
// attachments and the message replied to. Mentions are plain text, because a mention reveals
// the present members.
func SentMessage(d Draft, id MessageID, seq Seq, author Author, createdAt Time) Message {
	return Message{
		ID: id, RoomID: d.Room, Seq: seq, ChangeSeq: seq, CID: d.CID, Kind: Text, Author: author,
		Text: d.Text, HTML: markup.HTML(d.Text), Mentions: []UserID{}, CreatedAt: createdAt, LastVerb: Sent,
		Attachments: []MessageAttachment{}, Reactions: []ReactionCount{},
	}
}

// ForViewer returns a copy of m with Me set for user.
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

// Changes contains the changes of a room after From up to and including To: each changed
// message once, in its present state, by ChangeSeq.
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

// PageQuery asks for messages by their Seq. At most one of Before, After and Around is set: to
// 0 or more, which need not be the number of a message. Without any it asks for the newest
// messages.
type PageQuery struct {
	Before, After, Around *Seq
	Limit                 int
	// Head is the number up to which the caller knows of changes. A page from a replica of the
	// store contains all of them. 0 means that it must not come from a replica.
	Head Seq
}

// ChangesQuery asks for the changes after Since. Head is as in PageQuery.
type ChangesQuery struct {
	Since, Head Seq
	Limit       int
}

// Newest reports whether q asks for the newest messages.
func (q PageQuery) Newest() bool { return q.Before == nil && q.After == nil && q.Around == nil }

// Page contains consecutive messages, ascending by Seq.
type Page struct {
	Messages []Message
	Head     Seq
	// HasMore is true if there are more messages in the direction of the query (of Around and
	// the newest: older ones).
	HasMore bool
	// HasNewer is true for Around if there are newer messages.
	HasNewer bool
}

// Messages is the store of messages.
type Messages interface {
	// Append stores d under the next number of its room, once per (author, CID). For a
	// known CID it returns the original and fresh is false; an author that is no longer a
	// member gets a SentMessage. rule is called under the lock of the room. Append
	// returns after the commit. It returns CID_CONFLICT, the error of rule, or
	// UNAVAILABLE if the queue is full, the database is unreachable, or the outcome of the
	// commit is unknown.
	Append(ctx context.Context, d Draft, rule SendRule) (m Message, fresh bool, err error)
	// Changes returns the changes of a room after q.Since, at most q.Limit messages. It returns
	// NOT_FOUND for an unknown room.
	Changes(ctx context.Context, room RoomID, viewer UserID, q ChangesQuery) (Changes, error)
	// Page returns messages by Seq. It returns NOT_FOUND for an unknown room.
	Page(ctx context.Context, room RoomID, viewer UserID, q PageQuery) (Page, error)
	// Newest returns the newest DefaultPage messages without what differs between viewers; head is
	// as in PageQuery. It returns NOT_FOUND for an unknown room.
	Newest(ctx context.Context, room RoomID, head Seq) (Page, error)
	// Authors returns the authors of ids that exist, and possibly others. The map may be
	// shared: callers must not change it.
	Authors(ctx context.Context, ids []UserID) (map[UserID]Author, error)
	// Message returns one message. It returns NOT_FOUND if there is none or the viewer is not
	// a member of its room.
	Message(ctx context.Context, id MessageID, viewer UserID) (Message, error)
	// FindMessage returns the reference of a message and the viewer's membership in its room,
	// without a lock. It returns NOT_FOUND like Message.
	FindMessage(ctx context.Context, id MessageID, viewer UserID) (MessageRef, Membership, error)
	// Edit changes the text of a message, Delete replaces it by a tombstone, React adds or
	// removes a reaction of by. Each takes the next number of the room, unless it changes
	// nothing: then changed is false. Membership and rule are checked under the room's lock;
	// call FindMessage first, so that only members cause a lock. They return NOT_FOUND like
	// Message, the error of rule, or UNAVAILABLE if too many callers wait for the room.
	Edit(ctx context.Context, ref MessageRef, by UserID, text, html string, rule Rule) (m Message, changed bool, err error)
	Delete(ctx context.Context, ref MessageRef, by UserID, rule Rule) (m Message, changed bool, err error)
	React(ctx context.Context, ref MessageRef, by UserID, emoji string, on bool, rule Rule) (m Message, changed bool, err error)
}

// MessageRef contains the properties of a message that do not change.
type MessageRef struct {
	ID     MessageID
	Room   RoomID
	Author UserID
	Kind   MessageKind
}

// Ref returns the reference of m.
func (m Message) Ref() MessageRef { return MessageRef{m.ID, m.RoomID, m.Author.ID, m.Kind} }

// Rule returns an error if a member may not change a message.
type Rule func(by Membership, m Message) error

// MentionsIn returns the users that the HTML of a message mentions. The HTML is the only
// source, so that the mentions that are shown and those that are counted cannot differ.
func MentionsIn(html string) []UserID {
	ids := markup.Mentioned(html)
	users := make([]UserID, len(ids))
	for i, id := range ids {
		users[i] = UserID(id)
	}
	return users
}

// maxExcerpt is the length of Reply.Excerpt, in characters.
const maxExcerpt = 140

// ExcerptHTML is how many characters of the HTML of a message NewReply needs.
const ExcerptHTML = markup.MaxExcerptHTML

// NewReply returns the Reply of a message. The excerpt is made from the stored HTML, so that
// nothing is rendered again for each reader.
func NewReply(id MessageID, seq Seq, author Author, html string) *Reply {
	return &Reply{ID: id, Seq: seq, Author: author, Excerpt: markup.ExcerptHTML(html, maxExcerpt)}
}

// The sizes of pages, in messages.
const (
	DefaultPage = 50
	MaxPage     = 100
)

// Send is a message that a caller wants to send.
type Send struct {
	Room    RoomID
	CID     string
	Text    string
	ReplyTo MessageID
	// Attachments are uploads of the caller; with them the text may be empty.
	Attachments []AttachmentID
}

// CatchUp asks for the changes of a room after Since. Epoch is the one in which the caller
// received Since.
type CatchUp struct {
	Room  RoomID
	Since Seq
	Epoch Epoch // "" if the caller does not know it
	Limit int
}

// CaughtUp is the result of a CatchUp: the changes, or Reset if Since is no longer valid and
// the caller must discard the messages that it has.
type CaughtUp struct {
	Changes
	Epoch Epoch
	Reset bool
}

// CaughtUp returns the newest page of a room as changes.
func (p Page) CaughtUp(epoch Epoch) CaughtUp {
	from := p.Head
	if len(p.Messages) > 0 {
		from = p.Messages[0].Seq - 1
	}
	return CaughtUp{Changes: Changes{Messages: p.Messages, From: from, To: p.Head, Head: p.Head}, Epoch: epoch}
}

// maxEmojis is how many different emojis the reactions to one message may have.
const maxEmojis = 20

// Message returns a message with only the fields of r, to check a rule before the message is
// read under the lock.
func (r MessageRef) Message() Message { return Message{Kind: r.Kind, Author: Author{ID: r.Author}} }

// SendState is the input of a SendRule, read under the lock of the room.
type SendState struct {
	RoomExists bool
	IsMember   bool // of the author
	MutedUntil Time
	Block      DirectBlock // in a direct room
	ReplyRoom  RoomID      // of the message that the draft replies to; 0 if there is none
	HasUploads bool        // every attachment is an unused upload of the author
	Now        Time
}

// SendRule returns an error if a draft may not be stored.
type SendRule func(d Draft, s SendState) error

// CanSend is the rule for sending. It returns NOT_FOUND, NOT_A_MEMBER or FORBIDDEN.
func CanSend(d Draft, s SendState) error {
	switch {
	case !s.RoomExists:
		return ErrNotFound()
	case !s.IsMember:
		return ErrNotAMember()
	case s.Block != NoBlock:
		return s.Block.Check()
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
