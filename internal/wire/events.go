package wire

import "github.com/chillin-chat/chillin/internal/chat"

// Connected is the data of the event connected: the first frame, once.
type Connected struct {
	User      chat.User      `json:"user"`
	SessionID chat.SessionID `json:"sessionId"`
	Node      string         `json:"node"`
	Epoch     chat.Epoch     `json:"epoch"`
	Rooms     []chat.OwnRoom `json:"rooms"`
	Limits    ClientLimits   `json:"limits"`
	PingMs    int64          `json:"pingMs"`
	// Nodes of older versions do not send it.
	Blocked []chat.UserID `json:"blocked" required:"false" doc:"The users that the user has blocked."`
}

// ClientLimits are the limits that a client should know.
type ClientLimits struct {
	MaxMessageLength int   `json:"maxMessageLength"`
	MessagesPer10s   int   `json:"messagesPer10s"`
	MaxUploadSize    int64 `json:"maxUploadSize" doc:"Bytes of one upload."`
	MaxAttachments   int   `json:"maxAttachments" doc:"Files of one message."`
}

// MessageEvent is the data of message:new, message:edited, message:deleted and
// message:reaction.
type MessageEvent struct {
	RoomID  chat.RoomID  `json:"roomId"`
	Seq     chat.Seq     `json:"seq" doc:"The room's number of this change."`
	Message chat.Message `json:"message"`
}

// NewMessageEvent returns e as it is sent.
func NewMessageEvent(e chat.MessageChanged) MessageEvent {
	return MessageEvent{RoomID: e.Message.RoomID, Seq: e.Seq, Message: e.Message}
}

// Type returns the name of the event.
func (e MessageEvent) Type() string {
	switch m := e.Message; {
	case e.Seq == m.Seq:
		return EventMessageNew
	case m.DeletedAt != 0:
		return EventMessageDeleted
	case m.LastVerb == chat.Reacted:
		return EventMessageReaction
	default:
		return EventMessageEdited
	}
}

// RoomUpdated is the data of room:updated.
type RoomUpdated struct {
	Room chat.Room `json:"room"`
}

// RoomRemoved is the data of room:removed.
type RoomRemoved struct {
	RoomID chat.RoomID        `json:"roomId"`
	Reason chat.RemovalReason `json:"reason" enum:"left,kicked,deleted"`
}

// RoomAdded is the data of room:added: the user became a member on another connection.
type RoomAdded struct {
	Room       chat.Room       `json:"room"`
	Membership chat.Membership `json:"membership"`
}

// MembershipUpdated is the data of membership:updated.
type MembershipUpdated struct {
	Membership chat.Membership `json:"membership"`
}

// ReadUpdated is the data of read:updated.
type ReadUpdated struct {
	RoomID chat.RoomID `json:"roomId"`
	chat.ReadState
}

// UserUpdated is the data of user:updated. The status of User is unknown here:
// presence:update has it.
type UserUpdated struct {
	User chat.User `json:"user"`
}

// BlockUpdated is the data of block:updated: the user has blocked another one, or ended the
// block.
type BlockUpdated struct {
	UserID  chat.UserID `json:"userId"`
	Blocked bool        `json:"blocked"`
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

// TypingUpdate is the data of the event typing:update: the users who are typing, without
// the receiver.
type TypingUpdate struct {
	RoomID  chat.RoomID   `json:"roomId"`
	UserIDs []chat.UserID `json:"userIds"`
}

// Draining is the data of the event draining.
type Draining struct {
	ReconnectInMs int64 `json:"reconnectInMs"`
}
