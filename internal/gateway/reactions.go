package gateway

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
)

// frames is one event's frame for each reader. It is the same for all, but where
// the message bears reactions: then it differs for those who reacted ("me").
type frames struct {
	shared []byte
	event  *struct {
		Type string            `json:"type"`
		Data chat.MessageEvent `json:"data"`
	}
	own map[chat.UserID][]byte
}

// reacted stands in the frame of a message with reactions, and in no other: in a
// text its quotes would be escaped.
var reacted = []byte(`"reactions":[{`)

func framesOf(shared []byte) *frames {
	f := &frames{shared: shared}
	if bytes.Contains(shared, reacted) && json.Unmarshal(shared, &f.event) == nil {
		f.own = map[chat.UserID][]byte{}
	}
	return f
}

// of returns the frame for user. It is encoded anew for each user who reacted, once.
func (f *frames) of(user chat.UserID) []byte {
	if f.event == nil || !slices.ContainsFunc(f.event.Data.Message.Reactions, func(r chat.ReactionCount) bool {
		return slices.Contains(r.UserIDs, user)
	}) {
		return f.shared
	}
	if own, ok := f.own[user]; ok {
		return own
	}
	mine := f.event.Data
	mine.Message.Reactions = slices.Clone(mine.Message.Reactions)
	for i := range mine.Message.Reactions {
		r := &mine.Message.Reactions[i]
		r.Me = slices.Contains(r.UserIDs, user)
	}
	f.own[user] = chat.Frame(f.event.Type, mine)
	return f.own[user]
}
