package wire

import (
	"encoding/json"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Encode returns the JSON object of an event, {"type":…,"data":…} without a line feed.
func Encode(kind string, data any) []byte {
	frame, err := json.Marshal(struct {
		Type string `json:"type"`
		Data any    `json:"data"`
	}{kind, data})
	if err != nil { // our own types can always be encoded
		panic(fmt.Sprintf("encode %s: %v", kind, err))
	}
	return frame
}

// EncodeResponse returns the JSON object of the response to the command with the id.
func EncodeResponse(id json.Number, kind string, data any) []byte {
	frame, err := json.Marshal(struct {
		ID   json.Number `json:"id,omitempty"`
		Type string      `json:"type"`
		Data any         `json:"data"`
	}{id, kind, data})
	if err != nil { // our own types can always be encoded
		panic(fmt.Sprintf("encode response %s: %v", kind, err))
	}
	return frame
}

// EncodeRoomEvent encodes e once, for all connections of all nodes.
func EncodeRoomEvent(e chat.RoomEvent) Envelope {
	switch e := e.(type) {
	case chat.MessageChanged:
		return encodeChange(e)
	case chat.RoomChanged:
		return Envelope{Kind: RoomChanged, Room: e.Room.ID, Frame: Encode(EventRoomUpdated, RoomUpdated{e.Room})}
	case chat.RoomDeleted:
		return Envelope{Kind: RoomDeleted, Room: e.Room}
	}
	panic(fmt.Sprintf("encode room event: unknown type %T", e))
}

func encodeChange(e chat.MessageChanged) Envelope {
	data := NewMessageEvent(e)
	envelope := Envelope{
		Kind: Change, Room: data.RoomID, Seq: e.Seq,
		Personal: len(e.Message.Reactions) > 0, Frame: Encode(data.Type(), data),
	}
	switch user, reason := e.EndsMembership(); reason {
	case chat.RemovedByLeaving:
		envelope.Kind, envelope.User = MemberLeft, user
	case chat.RemovedByKick:
		envelope.Kind, envelope.User = MemberKicked, user
	}
	return envelope
}

// DecodeChange decodes the frame of a durable event.
func DecodeChange(frame []byte) (chat.MessageChanged, error) {
	var in struct {
		Type string       `json:"type"`
		Data MessageEvent `json:"data"`
	}
	if err := json.Unmarshal(frame, &in); err != nil {
		return chat.MessageChanged{}, fmt.Errorf("decode message event: %w", err)
	}
	m := in.Data.Message
	m.LastVerb = lastVerbs[in.Type]
	return chat.MessageChanged{Message: m, Seq: in.Data.Seq}, nil
}

// lastVerbs inverts MessageEvent.Type: a message does not contain its LastVerb.
var lastVerbs = map[string]chat.Verb{
	EventMessageNew: chat.Sent, EventMessageEdited: chat.Edited, EventMessageDeleted: chat.Deleted, EventMessageReaction: chat.Reacted,
}

// EncodeUserEvent encodes e once, for all connections of all nodes.
func EncodeUserEvent(e chat.UserEvent) Envelope {
	switch e := e.(type) {
	case chat.SessionEnded:
		return Envelope{Kind: SessionEnded, User: e.User, Session: e.Session}
	case chat.OtherSessionsEnded:
		return Envelope{Kind: OtherSessionsEnded, User: e.User, Session: e.Kept}
	case chat.MemberAdded:
		return Envelope{
			Kind: UserFrame, User: e.Membership.UserID, Except: e.Conn,
			Frame: Encode(EventRoomAdded, RoomAdded{e.Room, e.Membership}),
		}
	case chat.MembershipChanged:
		return Envelope{Kind: UserFrame, User: e.Membership.UserID, Frame: Encode(EventMembershipUpdated, MembershipUpdated{e.Membership})}
	case chat.ReadMarked:
		return Envelope{Kind: UserFrame, User: e.User, Except: e.Conn, Frame: Encode(EventReadUpdated, ReadUpdated{e.Room, e.State})}
	case chat.BlockChanged:
		return Envelope{Kind: UserFrame, User: e.User, Frame: Encode(EventBlockUpdated, BlockUpdated{UserID: e.Other, Blocked: e.Blocked})}
	case chat.UserChanged:
		return Envelope{Kind: UserChanged, User: e.User.ID, Rooms: e.Rooms, Frame: Encode(EventUserUpdated, UserUpdated{e.User})}
	}
	panic(fmt.Sprintf("encode user event: unknown type %T", e))
}

// EncodeControl returns m as it is sent to the nodes.
func EncodeControl(m chat.ControlMessage) Envelope {
	switch m {
	case chat.SettingsChanged:
		return Envelope{Kind: SettingsChanged}
	}
	panic(fmt.Sprintf("encode control message: unknown value %d", m))
}
