package wire

import (
	"encoding/json"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Command is what a client sends.
type Command struct {
	ID   json.Number     `json:"id,omitempty" doc:"Any number that the client chooses; the response has the same."`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data,omitempty"`
}

// RoomJoin is the data of the command room:join.
type RoomJoin struct {
	RoomID   chat.RoomID `json:"roomId"`
	Since    *chat.Seq   `json:"since,omitempty" minimum:"0" doc:"The last number that the client has; without it the newest messages are sent."`
	Epoch    Epoch       `json:"epoch,omitempty"`
	Limit    *int        `json:"limit,omitempty" minimum:"1" maximum:"100" default:"50"`
	Password string      `json:"password,omitempty"`
}

// ChangesQuery is the data of the command room:changes.
type ChangesQuery struct {
	RoomID chat.RoomID `json:"roomId"`
	Since  chat.Seq    `json:"since" minimum:"0"`
	Epoch  Epoch       `json:"epoch,omitempty"`
	Limit  *int        `json:"limit,omitempty" minimum:"1" maximum:"100" default:"100"`
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
	ReplyTo       *chat.MessageID     `json:"replyTo,omitempty" minimum:"1"`
	AttachmentIDs []chat.AttachmentID `json:"attachmentIds,omitempty" maxItems:"10"`
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

// ReadMark is the data of the command read:mark.
type ReadMark struct {
	RoomID chat.RoomID `json:"roomId"`
	Seq    chat.Seq    `json:"seq"`
}

// PresenceSet is the data of the command presence:set.
type PresenceSet struct {
	Status chat.Status `json:"status" enum:"online,away,busy"`
}

// Ping is the data of the command ping.
type Ping struct{}

// Epoch is an epoch as a client sends it. It accepts any JSON value, so that a wrong one is
// answered with reset and not with an error.
type Epoch string

// UnmarshalJSON implements json.Unmarshaler.
func (e *Epoch) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(data)
	}
	*e = Epoch(text)
	return nil
}
