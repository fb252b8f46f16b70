package chat

// EventKind says what an Event is about and so how a hub treats it.
type EventKind uint8

const (
	// Change is one durable change of a room, with its Seq: a frame for every
	// live connection in the room, in order of Seq.
	Change EventKind = iota + 1
	// MemberLeft and MemberKicked are Changes that also end the membership of
	// Event.User, who left or was removed: from this Seq on nothing of the room
	// goes to that user.
	MemberLeft
	MemberKicked
	// RoomChanged carries a room:updated frame; outside the sequence.
	RoomChanged
	// RoomDeleted tells that the room was deleted; outside the sequence.
	RoomDeleted
	// PresenceHint tells that who is online in the room may have changed: look.
	PresenceHint
	// TypingOn and TypingOff tell that Event.User types in the room or stopped.
	TypingOn
	TypingOff
)

// Event is one happening in a room as it travels between nodes and to sockets.
// It is made once, after the commit, and then only read: everybody shares it.
type Event struct {
	Kind EventKind
	Room RoomID
	// Seq is the room's number of the change; 0 for kinds outside the sequence.
	Seq Seq
	// User is whom a MemberLeft, MemberKicked, TypingOn or TypingOff is about, else 0.
	User UserID
	// Frame is the finished JSON object for the socket, {"type":…,"data":…}
	// without a line feed; nil where the kind needs none.
	Frame []byte
}

// Durable tells whether e has a place in the room's sequence.
func (e Event) Durable() bool {
	return e.Kind == Change || e.Kind == MemberLeft || e.Kind == MemberKicked
}

// NoticeKind says what a Notice asks of every node.
type NoticeKind uint8

const (
	// SessionEnded closes the sockets of Notice.Session.
	SessionEnded NoticeKind = iota + 1
	// OtherSessionsEnded closes the sockets of Notice.User but for Notice.Session
	// (0: all of them).
	OtherSessionsEnded
	// ForUser carries a frame to the sockets of Notice.User but for those of the
	// connection Notice.Except.
	ForUser
	// UserChanged carries a frame about Notice.User to whoever sits live in one of
	// Notice.Rooms, once, and to the user's own sockets.
	UserChanged
	// LimitsChanged has the limits read again.
	LimitsChanged
	// SurveyRequest asks every node the question in Frame, which Notice.Except names, and
	// SurveyResponse bears a node's answer to it.
	SurveyRequest
	SurveyResponse
)

// Notice is news about a user, for every node.
type Notice struct {
	Kind    NoticeKind
	User    UserID
	Session SessionID
	// Except names the connection that caused a ForUser notice, "" for none, and the
	// question of SurveyRequest and SurveyResponse.
	Except string
	// Rooms are those of a user who changed.
	Rooms []RoomID
	Frame []byte
}

// Announcer tells this node and all others what has been committed.
type Announcer interface {
	// Announce hands e to the sockets of this node and publishes it. Call it
	// after the commit: an event for a rolled-back row is a lie.
	Announce(e Event)
	// Notify hands n to every node.
	Notify(n Notice)
}
