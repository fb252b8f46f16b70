package wire

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Kind says what an Envelope is about and so which connections receive its frame.
type Kind uint8

// Kinds about one room. The nodes with connections in the room receive them.
const (
	// Change is one durable change of a room: every live connection in the room receives
	// the frame, in the order of Seq.
	Change Kind = iota + 1
	// MemberLeft and MemberKicked are Changes that also end the membership of User, who
	// left or was removed: that user receives nothing of the room from this Seq on.
	MemberLeft
	MemberKicked
	// RoomChanged has a room:updated frame. It is outside the sequence.
	RoomChanged
	// RoomDeleted removes the room. It is outside the sequence.
	RoomDeleted
	// PresenceHint says that the presence of the room may have changed: nodes read it.
	PresenceHint
	// TypingOn and TypingOff say that User began or stopped typing.
	TypingOn
	TypingOff
)

// Kinds for every node.
const (
	// SessionEnded closes the connections of Session.
	SessionEnded Kind = iota + 64
	// OtherSessionsEnded closes the connections of User except those of Session (0: all).
	OtherSessionsEnded
	// UserFrame is sent to the connections of User except the connection Except.
	UserFrame
	// UserChanged is sent to the connections of User and once to each live connection in
	// one of Rooms.
	UserChanged
	// SettingsChanged makes nodes read the settings of the admins again. Nodes of older versions
	// read the limits, which they know.
	SettingsChanged
	// SurveyRequest asks every node for a response to the survey in Frame. Except is the name
	// of the survey. SurveyResponse is a node's response to it.
	SurveyRequest
	SurveyResponse
)

// ForRoom reports whether only nodes with connections in the room receive k.
func (k Kind) ForRoom() bool { return k < SessionEnded }

// Durable reports whether an event of kind k has a place in the room's sequence.
func (k Kind) Durable() bool { return k == Change || k == MemberLeft || k == MemberKicked }

// Envelope is an event as it is transported from the node on which it happened to the
// others. It is encoded once, after the commit, and not changed after that: all receivers
// share it.
type Envelope struct {
	Kind Kind
	Room chat.RoomID
	// Seq is the room's number of a durable event, else 0.
	Seq chat.Seq
	// User is the user of the event, 0 if there is none.
	User    chat.UserID
	Session chat.SessionID
	// Except is the connection that caused a UserFrame, "" for none, and the name of the
	// survey of SurveyRequest and SurveyResponse.
	Except string
	// Rooms are the rooms of the user of UserChanged.
	Rooms []chat.RoomID
	// Personal says that the frame of a durable event differs for users who reacted to the
	// message.
	Personal bool
	// Frame is the encoded event, nil if the kind has none. A durable event without a
	// frame was too large to transport: the receiver reads it from the store.
	Frame []byte
}

// Bus transports envelopes between nodes. It makes delivery fast; the store is
// authoritative: the hub finds by the heads of the rooms what the bus has lost (see
// gateway).
type Bus interface {
	// Publish sends e to the sinks of the nodes that follow e.Room, or of all nodes if its
	// kind is not ForRoom; as a rule also to this one. It never blocks and returns no
	// error: what cannot be queued or sent is counted and dropped.
	Publish(e Envelope)
	// Ask sends e to the sink of every node like Publish, but at once, and returns how many
	// nodes receive it. It returns UNAVAILABLE if the number is not known.
	Ask(ctx context.Context, e Envelope) (nodes int, err error)
	// Follow begins to receive the events of room. It returns when the subscription is
	// active, so that a read of the store that starts after it misses nothing. If that is
	// not possible (the bus is suspect, ctx ends) it returns all the same, and Missed is
	// called later. Following twice is the same as once.
	Follow(ctx context.Context, room chat.RoomID)
	// Unfollow ends what Follow began. The bus may unsubscribe some time later.
	Unfollow(room chat.RoomID)
	// Run receives and sends until ctx ends, and calls sink from one goroutine at a time.
	// It is called once.
	Run(ctx context.Context, sink Sink) error
	// Suspect reports whether any events may be getting lost at this moment. SuspectRoom and
	// SuspectUser report it for the events of a room and for the envelopes with a User that
	// are for no room: a part of Redis may have failed.
	Suspect() bool
	SuspectRoom(room chat.RoomID) bool
	SuspectUser(user chat.UserID) bool
}

// Sink receives what the bus transports. Its methods must not block.
type Sink interface {
	// Receive receives one envelope, in any order, possibly twice.
	Receive(e Envelope)
	// Missed says that events of the followed rooms for which affected returns true may have
	// been lost: their heads should be read.
	Missed(affected func(chat.RoomID) bool)
	// MissedUsers says that envelopes with a User for which affected returns true, and which are
	// for no room, may have been lost.
	MissedUsers(affected func(chat.UserID) bool)
}
