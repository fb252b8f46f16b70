package gateway

import (
	"encoding/json"

	"github.com/chillin-chat/chillin/internal/chat"
)

// The frames of the WebSocket, version chillin.v1. The same types make the
// components of the OpenAPI document, from which the browser client's types are
// generated; FrameTypes lists them.

// Command is what a client sends.
type Command struct {
	ID   json.Number     `json:"id,omitempty" doc:"Any number that the client likes; the answer bears it."`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data,omitempty"`
}

// RoomJoin is the data of the command room:join.
type RoomJoin struct {
	RoomID   chat.RoomID `json:"roomId"`
	Since    *chat.Seq   `json:"since,omitempty" doc:"What the client has up to; without it the newest messages are sent."`
	Epoch    epoch       `json:"epoch,omitempty"`
	Limit    int         `json:"limit,omitempty" minimum:"1" maximum:"100" default:"50"`
	Password string      `json:"password,omitempty"`
}

// RoomJoined answers room:join. From To on the connection is live.
type RoomJoined struct {
	Room       chat.Room       `json:"room"`
	Membership chat.Membership `json:"membership"`
	Online     []chat.UserID   `json:"online"`
	RoomChanges
}

// RoomChanges answers the command room:changes and is part of RoomJoined: the
// changed messages of the numbers after From up to and including To, or Reset.
type RoomChanges struct {
	RoomID   chat.RoomID    `json:"roomId"`
	Messages []chat.Message `json:"messages"`
	From     chat.Seq       `json:"from"`
	To       chat.Seq       `json:"to"`
	Head     chat.Seq       `json:"head"`
	Epoch    chat.Epoch     `json:"epoch"`
	More     bool           `json:"more"`
	Reset    bool           `json:"reset,omitempty" doc:"The client's number means nothing any more: it forgets the room's messages."`
}

// RoomRef is the data of room:leave, room:left, typing:start and typing:stop.
type RoomRef struct {
	RoomID chat.RoomID `json:"roomId"`
}

// MessageSend is the data of the command message:send.
type MessageSend struct {
	RoomID        chat.RoomID         `json:"roomId"`
	CID           string              `json:"cid" format:"uuid"`
	Text          string              `json:"text"`
	ReplyTo       chat.MessageID      `json:"replyTo,omitempty"`
	AttachmentIDs []chat.AttachmentID `json:"attachmentIds,omitempty" maxItems:"10"`
}

// MessageConfirmed answers message:send, after the commit.
type MessageConfirmed struct {
	CID       chat.CID       `json:"cid"`
	RoomID    chat.RoomID    `json:"roomId"`
	ID        chat.MessageID `json:"id"`
	Seq       chat.Seq       `json:"seq"`
	CreatedAt chat.Time      `json:"createdAt" format:"date-time"`
}

// MessageEdit is the data of the command message:edit.
type MessageEdit struct {
	MessageID chat.MessageID `json:"messageId"`
	Text      string         `json:"text"`
}

// MessageRef is the data of the command message:delete.
type MessageRef struct {
	MessageID chat.MessageID `json:"messageId"`
}

// MessageReact is the data of the command message:react.
type MessageReact struct {
	MessageID chat.MessageID `json:"messageId"`
	Emoji     string         `json:"emoji"`
	On        bool           `json:"on"`
}

// Done answers a command with the answer ok. Seq is the number that the change
// took, or that the message had already.
type Done struct {
	Seq chat.Seq `json:"seq"`
}

// ReadMark is the data of the command read:mark.
type ReadMark struct {
	RoomID chat.RoomID `json:"roomId"`
	Seq    chat.Seq    `json:"seq"`
}

// PresenceSet is the data of the command presence:set.
type PresenceSet struct {
	Status chat.Status `json:"status" enum:"online,away,busy"`
}

// TypingUpdate is the data of the event typing:update: who types now, without the
// reader.
type TypingUpdate struct {
	RoomID  chat.RoomID   `json:"roomId"`
	UserIDs []chat.UserID `json:"userIds"`
}

// Nothing is the data of answers that tell nothing more.
type Nothing struct{}

// ChangesAsk is the data of the command room:changes.
type ChangesAsk struct {
	RoomID chat.RoomID `json:"roomId"`
	Since  chat.Seq    `json:"since" minimum:"0"`
	Epoch  epoch       `json:"epoch,omitempty"`
	Limit  int         `json:"limit,omitempty" minimum:"1" maximum:"100" default:"100"`
}

// Ping is the data of the command ping.
type Ping struct{}

// Pong answers ping with the heads of the rooms that this connection has joined.
type Pong struct {
	Heads map[chat.RoomID]chat.Seq `json:"heads"`
	Epoch chat.Epoch               `json:"epoch"`
}

// Connected is the data of the event connected: first, once.
type Connected struct {
	User      chat.User      `json:"user"`
	SessionID chat.SessionID `json:"sessionId"`
	Node      string         `json:"node"`
	Epoch     chat.Epoch     `json:"epoch"`
	Rooms     []chat.OwnRoom `json:"rooms"`
	Limits    ClientLimits   `json:"limits"`
	PingMs    int64          `json:"pingMs"`
}

// ClientLimits are the limits that a client should know.
type ClientLimits struct {
	MaxMessageLength int   `json:"maxMessageLength"`
	MessagesPer10s   int   `json:"messagesPer10s"`
	MaxUploadSize    int64 `json:"maxUploadSize" doc:"Bytes of one upload."`
	MaxAttachments   int   `json:"maxAttachments" doc:"Files of one message."`
}

// PresenceUpdate is the data of the event presence:update.
type PresenceUpdate struct {
	RoomID chat.RoomID  `json:"roomId"`
	Users  []UserStatus `json:"users"`
}

// UserStatus is one user's presence.
type UserStatus struct {
	UserID     chat.UserID `json:"userId"`
	Status     chat.Status `json:"status" enum:"online,away,busy,offline,unknown"`
	LastSeenAt chat.Time   `json:"lastSeenAt,omitempty" format:"date-time"`
}

// Draining is the data of the event draining.
type Draining struct {
	ReconnectInMs int64 `json:"reconnectInMs"`
}

// FrameError is the data of the answer error.
type FrameError struct {
	Code         chat.Code `json:"code"`
	Message      string    `json:"message"`
	RetryAfterMs int64     `json:"retryAfterMs,omitempty"`
	CID          string    `json:"cid,omitempty"`
}

// epoch accepts whatever a client sends back, so that a foreign one is answered
// with reset and not with an error.
type epoch string

func (e *epoch) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(data)
	}
	*e = epoch(text)
	return nil
}

// FrameTypes are the types of the wire, for the OpenAPI document.
func FrameTypes() []any {
	return []any{
		RoomJoin{}, RoomJoined{}, RoomChanges{}, RoomRef{}, MessageSend{}, MessageConfirmed{},
		MessageEdit{}, MessageRef{}, MessageReact{}, Done{}, ReadMark{}, PresenceSet{}, TypingUpdate{},
		ChangesAsk{}, Ping{}, Pong{}, Connected{}, PresenceUpdate{}, Draining{}, FrameError{},
		chat.MessageEvent{}, chat.RoomUpdated{}, chat.RoomRemoved{}, chat.RoomAdded{}, chat.MembershipUpdated{}, chat.ReadUpdated{}, chat.UserUpdated{},
	}
}

func changesFrame(room chat.RoomID, c chat.CaughtUp) RoomChanges {
	messages := c.Messages
	if messages == nil {
		messages = []chat.Message{}
	}
	return RoomChanges{
		RoomID: room, Messages: messages, From: c.From, To: c.To, Head: c.Head,
		Epoch: c.Epoch, More: c.More, Reset: c.Reset,
	}
}
