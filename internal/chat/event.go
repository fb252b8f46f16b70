package chat

// RoomEvent is something that happened in a room: MessageChanged, RoomChanged or
// RoomDeleted. The live connections in the room receive it.
type RoomEvent interface{ roomEvent() }

// MessageChanged is one durable change of a room, with its number in the room's sequence.
// Message is in its present state, which may be later than Seq.
type MessageChanged struct {
	Message Message
	Seq     Seq
}

// RoomChanged says that the settings or the number of members of a room changed. It is
// outside the sequence.
type RoomChanged struct{ Room Room }

// RoomDeleted says that a room was deleted. It is outside the sequence.
type RoomDeleted struct{ Room RoomID }

func (MessageChanged) roomEvent() {}
func (RoomChanged) roomEvent()    {}
func (RoomDeleted) roomEvent()    {}

// RemovalReason says why a room is no longer one of a user's own.
type RemovalReason string

// Reasons of a removal.
const (
	RemovedByLeaving  RemovalReason = "left"
	RemovedByKick     RemovalReason = "kicked"
	RemovedByDeletion RemovalReason = "deleted"
)

// EndsMembership returns the user whose membership the change ended, and why. The reason
// is "" if it ended none.
func (e MessageChanged) EndsMembership() (UserID, RemovalReason) {
	s := e.Message.System
	if s == nil || e.Seq != e.Message.Seq {
		return 0, ""
	}
	switch s.Action {
	case Left:
		return s.UserID, RemovedByLeaving
	case Kicked:
		return s.UserID, RemovedByKick
	}
	return 0, ""
}

// UserEvent is something that happened to a user: SessionEnded, OtherSessionsEnded,
// MemberAdded, MembershipChanged, ReadMarked, BlockChanged or UserChanged. Every node
// receives it.
type UserEvent interface{ userEvent() }

// SessionEnded closes the connections of one session of a user.
type SessionEnded struct {
	User    UserID
	Session SessionID
}

// OtherSessionsEnded closes the connections of all sessions of a user except Kept (0: of
// all).
type OtherSessionsEnded struct {
	User UserID
	Kept SessionID
}

// MemberAdded is sent to the connections of a new member, except Conn, on which the user
// joined ("" for none).
type MemberAdded struct {
	Room       Room
	Membership Membership
	Conn       string
}

// MembershipChanged is sent to the connections of the member.
type MembershipChanged struct{ Membership Membership }

// ReadMarked is sent to the connections of User except Conn, on which the user read ("" for
// none).
type ReadMarked struct {
	User  UserID
	Room  RoomID
	State ReadState
	Conn  string
}

// BlockChanged is sent to the connections of User, who has blocked Other or ended the block.
type BlockChanged struct {
	User, Other UserID
	Blocked     bool
}

// UserChanged is sent to the connections of User and, once each, to the live connections in
// Rooms.
type UserChanged struct {
	User  User
	Rooms []RoomID
}

func (SessionEnded) userEvent()       {}
func (OtherSessionsEnded) userEvent() {}
func (MemberAdded) userEvent()        {}
func (MembershipChanged) userEvent()  {}
func (ReadMarked) userEvent()         {}
func (BlockChanged) userEvent()       {}
func (UserChanged) userEvent()        {}

// ControlMessage is for the nodes themselves.
type ControlMessage uint8

// SettingsChanged makes the nodes read the settings of the admins again.
const SettingsChanged ControlMessage = 1

// Publisher sends events to the connections of this node and of all others. Publish after
// the commit: subscribers must not see an event of a rolled-back row.
type Publisher interface {
	PublishRoom(e RoomEvent)
	PublishUser(e UserEvent)
	PublishControl(m ControlMessage)
}
