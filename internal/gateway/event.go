package gateway

import (
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// event is an event of a room on its way to the connections of this node.
type event struct {
	wire.Envelope
	// change is the content of Frame. It is set for events of this node, and for events of
	// other nodes if it is needed: see Hub.decode.
	change *chat.MessageChanged
}

// newEvent encodes an event of this node, or one that was read from the store.
func newEvent(e chat.RoomEvent) event {
	encoded := event{Envelope: wire.EncodeRoomEvent(e)}
	if change, durable := e.(chat.MessageChanged); durable {
		encoded.change = &change
	}
	return encoded
}

// frames contains the frames of one event: one for all receivers, and one for each user who
// reacted to the message, because of the field "me".
type frames struct {
	event
	personal map[chat.UserID][]byte
}

// of returns the frame for user.
func (f *frames) of(user chat.UserID) []byte {
	if !f.Personal || !f.change.Message.ReactedBy(user) {
		return f.Frame
	}
	frame, ok := f.personal[user]
	if !ok {
		data := wire.NewMessageEvent(*f.change)
		data.Message = data.Message.ForViewer(user)
		frame = wire.Encode(data.Type(), data)
		if f.personal == nil {
			f.personal = map[chat.UserID][]byte{}
		}
		f.personal[user] = frame
	}
	return frame
}
