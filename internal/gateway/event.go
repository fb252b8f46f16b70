package gateway

import (
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/wire"
)

// event is an event of a room on its way to the connections of this node.
type event struct {
	wire.Envelope
	// change is what Frame encodes. It is set for events of this node, and for others if
	// it is needed: see Hub.decode.
	change *chat.MessageChanged
}

// newEvent returns the event of a change that is known in Go types.
func newEvent(change chat.MessageChanged) event {
	return event{Envelope: wire.EncodeRoomEvent(change), change: &change}
}

// frames are the frames of one event, encoded once for all receivers, and once more for
// each user who reacted to the message ("me").
type frames struct {
	event
	personal map[chat.UserID][]byte
}

// of returns the frame for user.
func (f *frames) of(user chat.UserID) []byte {
	if !f.Personal || f.change == nil || !f.change.Message.ReactedBy(user) {
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
