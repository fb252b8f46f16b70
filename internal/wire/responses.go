package wire

import "github.com/chillin-chat/chillin/internal/chat"

// RoomJoined is the response to room:join. From To on the connection is live.
type RoomJoined struct {
	Room       chat.Room       `json:"room"`
	Membership chat.Membership `json:"membership"`
	Online     []chat.UserID   `json:"online"`
	RoomChanges
}

// RoomChanges is the response to room:changes and part of RoomJoined: the messages that
// were changed by the numbers after From up to and including To, or Reset.
type RoomChanges struct {
	RoomID   chat.RoomID    `json:"roomId"`
	Messages []chat.Message `json:"messages"`
	From     chat.Seq       `json:"from"`
	To       chat.Seq       `json:"to"`
	Head     chat.Seq       `json:"head"`
	Epoch    chat.Epoch     `json:"epoch"`
	More     bool           `json:"more"`
	Reset    bool           `json:"reset,omitempty" doc:"The client's number is no longer valid: the client discards the messages of the room."`
}

// NewRoomChanges returns c as it is sent.
func NewRoomChanges(room chat.RoomID, c chat.CaughtUp) RoomChanges {
	messages := c.Messages
	if messages == nil {
		messages = []chat.Message{}
	}
	return RoomChanges{
		RoomID: room, Messages: messages, From: c.From, To: c.To, Head: c.Head,
		Epoch: c.Epoch, More: c.More, Reset: c.Reset,
	}
}

// MessageConfirmed is the response to message:send, after the commit.
type MessageConfirmed struct {
	CID       chat.CID       `json:"cid"`
	RoomID    chat.RoomID    `json:"roomId"`
	ID        chat.MessageID `json:"id"`
	Seq       chat.Seq       `json:"seq"`
	CreatedAt chat.Time      `json:"createdAt" format:"date-time"`
}

// Done is the data of the response ok to a change of a message. Seq is the number of the
// message's latest change.
type Done struct {
	Seq chat.Seq `json:"seq"`
}

// Empty is the data of a response without content.
type Empty struct{}

// Pong is the response to ping: the heads of the rooms that this connection has joined.
type Pong struct {
	Heads map[chat.RoomID]chat.Seq `json:"heads"`
	Epoch chat.Epoch               `json:"epoch"`
}

// FrameError is the data of the response error.
type FrameError struct {
	Code         chat.Code `json:"code"`
	Message      string    `json:"message"`
	RetryAfterMs int64     `json:"retryAfterMs,omitempty"`
	CID          string    `json:"cid,omitempty"`
}
