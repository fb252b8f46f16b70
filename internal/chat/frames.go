package chat

import (
	"encoding/json"
	"fmt"
	"iter"
)

// The data of the events that a room's happenings become on the wire.

// MessageEvent is the data of message:new, message:edited, message:deleted and
// message:reaction.
type MessageEvent struct {
	RoomID  RoomID  `json:"roomId"`
	Seq     Seq     `json:"seq" doc:"The room's number of this change."`
	Message Message `json:"message"`
}

// RoomUpdated is the data of room:updated.
type RoomUpdated struct {
	Room Room `json:"room"`
}

// RoomRemoved is the data of room:removed.
type RoomRemoved struct {
	RoomID RoomID `json:"roomId"`
	Reason string `json:"reason" enum:"left,kicked,deleted"`
}

// RoomAdded is the data of room:added: the user has become a member elsewhere.
type RoomAdded struct {
	Room       Room       `json:"room"`
	Membership Membership `json:"membership"`
}

// MembershipUpdated is the data of membership:updated.
type MembershipUpdated struct {
	Membership Membership `json:"membership"`
}

// ReadUpdated is the data of read:updated.
type ReadUpdated struct {
	RoomID RoomID `json:"roomId"`
	ReadState
}

// UserUpdated is the data of user:updated. The user's status is unknown here:
// presence:update tells it.
type UserUpdated struct {
	User User `json:"user"`
}

// Frame makes the finished JSON object of an event or reply without id.
func Frame(kind string, data any) []byte {
	frame, err := json.Marshal(struct {
		Type string `json:"type"`
		Data any    `json:"data"`
	}{kind, data})
	if err != nil { // our own types always encode
		panic(fmt.Sprintf("encode %s frame: %v", kind, err))
	}
	return frame
}

// ChangeEvent makes the event of the change that took seq in m's room. m is in
// its present state, which may be later than seq.
func ChangeEvent(m Message, seq Seq) Event {
	e := Event{Kind: Change, Room: m.RoomID, Seq: seq}
	if seq == m.Seq {
		e.Kind, e.User = m.System.endsMembership()
	}
	told := MessageEvent{m.RoomID, seq, m}
	e.Frame = Frame(told.Type(), told)
	return e
}

// Type is the type of the event.
func (e MessageEvent) Type() string {
	switch m := e.Message; {
	case e.Seq == m.Seq:
		return "message:new"
	case m.DeletedAt != 0:
		return "message:deleted"
	case m.LastVerb == Reacted:
		return "message:reaction"
	default:
		return "message:edited"
	}
}

// Events makes an event for every number in (c.From, c.To].
func (c Changes) Events() []Event {
	var events []Event
	for e := range c.BySeq() {
		events = append(events, ChangeEvent(e.Message, e.Seq))
	}
	return events
}

// BySeq yields what is told of every number in (c.From, c.To]. A number whose
// own change was overtaken by a later change of the same message is borne by a
// changed message in its present state, so that the numbers stay dense: to apply
// a later state early, and again in its place, does no harm.
func (c Changes) BySeq() iter.Seq[MessageEvent] {
	return func(yield func(MessageEvent) bool) {
		bearer := make(map[Seq]Message, 2*len(c.Messages))
		for _, m := range c.Messages {
			bearer[m.Seq] = m
			bearer[m.ChangeSeq] = m
		}
		next := 0 // the first message whose latest change is not before seq
		for seq := c.From + 1; seq <= c.To; seq++ {
			for next < len(c.Messages) && c.Messages[next].ChangeSeq < seq {
				next++
			}
			m, ok := bearer[seq]
			if !ok {
				if next == len(c.Messages) {
					return
				}
				m = c.Messages[next]
			}
			if !yield(MessageEvent{m.RoomID, seq, m}) {
				return
			}
		}
	}
}
