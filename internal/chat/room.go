package chat

import (
	"context"
	"errors"

	"github.com/chillin-chat/chillin/internal/markup"
)

// Room is a chat room. Its changes have consecutive numbers (see Seq).
type Room struct {
	ID          RoomID `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Private     bool   `json:"private"`
	HasPassword bool   `json:"hasPassword"`
	OwnerID     UserID `json:"ownerId"`
	MemberCount int    `json:"memberCount"`
	// OnlineCount is nil if presence cannot be read.
	OnlineCount *int  `json:"onlineCount" nullable:"true" doc:"Users with a live connection in the room; null if that is not known."`
	Head        Seq   `json:"head" doc:"The last number in the room's sequence; 0 if there is none yet."`
	Epoch       Epoch `json:"epoch"`
	CreatedAt   Time  `json:"createdAt" format:"date-time"`
	// A direct room has the two members With and no name of its own.
	Direct bool     `json:"direct" doc:"Whether it is the direct conversation of two users. Then name consists of their names."`
	With   []Author `json:"with,omitempty" doc:"The two users of a direct conversation."`

	// PasswordHash is "" if the room has no password.
	PasswordHash PasswordHash `json:"-"`
}

// OwnRoom is one of a user's rooms with the user's role and unread counts.
type OwnRoom struct {
	Room     Room     `json:"room"`
	Role     RoomRole `json:"role" enum:"owner,admin,moderator,member"`
	LastRead Seq      `json:"lastRead"`
	Unread   int      `json:"unread"`
	Mentions int      `json:"mentions"`
	// MutedUntil is 0 if the member is not muted.
	MutedUntil Time `json:"mutedUntil,omitempty" format:"date-time"`
}

// NewRoom is a room to be stored, with clean values.
type NewRoom struct {
	Name         string
	NameKey      string // the folded name, which must be unique
	Description  string
	Private      bool
	PasswordHash PasswordHash // "" for none
	Owner        UserID
}

// RoomChange is a change of a room, with clean values. Fields that are nil do not change.
type RoomChange struct {
	Name, NameKey *string // both or none
	Description   *string
	Private       *bool
	PasswordHash  *PasswordHash // "" for none
}

// RoomSort is the order of a list of rooms.
type RoomSort string

const (
	ByName    RoomSort = "name"
	ByMembers RoomSort = "members"
	ByActive  RoomSort = "active"
)

// RoomQuery asks for a page of the rooms that a user may see.
type RoomQuery struct {
	Viewer UserID
	All    bool   // also private rooms of others: for admins of the server
	Text   string // folded part of a name, which direct rooms do not have; "" for all
	// WithoutDirect leaves out direct rooms.
	WithoutDirect bool
	Sort          RoomSort
	Limit         int
	Cursor        string // opaque; "" for the first page
}

// Rooms is the store of rooms and memberships.
type Rooms interface {
	// CreateRoom creates a room with its owner as the only member. It returns ROOM_NAME_TAKEN
	// if the name is not unique.
	CreateRoom(ctx context.Context, r NewRoom) (Room, Membership, error)
	// Room and RoomByNameKey return a room and the viewer's membership in it, nil if there is
	// none. They return NOT_FOUND if there is no room.
	Room(ctx context.Context, id RoomID, viewer UserID) (Room, *Membership, error)
	RoomByNameKey(ctx context.Context, key string, viewer UserID) (Room, *Membership, error)
	// ListRooms returns a page of public rooms and the viewer's own, with the cursor of the
	// next page, "" at the end. It returns BAD_REQUEST if the cursor is not valid for the
	// list.
	ListRooms(ctx context.Context, q RoomQuery) ([]Room, string, error)
	// OwnRooms returns all rooms of a user with their unread counts, by name.
	OwnRooms(ctx context.Context, user UserID) ([]OwnRoom, error)
	// RoomsOf returns the ids of a user's rooms, ascending.
	RoomsOf(ctx context.Context, user UserID) ([]RoomID, error)
	// MembershipsSince returns the memberships of users that began at since or later, oldest
	// first.
	MembershipsSince(ctx context.Context, users []UserID, since Time) ([]MemberAdded, error)
	// Join makes user a member and takes the next number of the room. If user is a member
	// already, it changes nothing and the message is nil. It returns FORBIDDEN if user is
	// banned, or the error of rule.
	Join(ctx context.Context, room RoomID, user UserID, rule JoinRule) (Membership, *Message, error)
	// Leave ends a membership and takes the next number of the room. The message is nil if
	// there was none. It returns FORBIDDEN for the owner.
	Leave(ctx context.Context, room RoomID, user UserID) (*Message, error)
	// ChangeRoom changes a room. A new name takes the next number of the room; otherwise the
	// message is nil. It returns ROOM_NAME_TAKEN, NOT_A_MEMBER or the error of rule.
	ChangeRoom(ctx context.Context, room RoomID, by UserID, change RoomChange, rule MemberRule) (Room, *Message, error)
	// DeleteRoom deletes a room with everything in it. What is too large to delete at once is
	// invisible from then on, and is removed by DeletedRooms.
	DeleteRoom(ctx context.Context, room RoomID, by UserID, rule MemberRule) error
	// SetRole changes the role of a member. With Owner it transfers the room, and the previous
	// owner becomes an admin. It returns NOT_FOUND if the user is not a member.
	SetRole(ctx context.Context, room RoomID, by, member UserID, role RoomRole, rule MemberRule) (Membership, error)
	// Kick ends the membership of another user and takes the next number of the room. It
	// returns NOT_FOUND if the user is not a member.
	Kick(ctx context.Context, room RoomID, by, member UserID, rule MemberRule) (*Message, error)
	// MarkRead sets the last read number of a member to seq, at most to the head. It never
	// decreases it. It returns NOT_A_MEMBER.
	MarkRead(ctx context.Context, room RoomID, user UserID, seq Seq) (ReadState, error)
	// Members returns a page of members, with the next cursor: the online ones first, each group
	// by username, or with a search by rank and username. A member whose presence changes between
	// two pages can be on both or on none.
	Members(ctx context.Context, room RoomID, q MemberQuery) ([]MemberView, string, error)
	// Member returns one member. It returns NOT_FOUND if user is not a member of the room.
	Member(ctx context.Context, room RoomID, user UserID) (MemberView, error)
	// CommonRooms returns the first rooms, by name, in which both users are members, without
	// direct rooms.
	CommonRooms(ctx context.Context, a, b UserID, limit int) ([]Room, error)
	// People returns the users of a query that the viewer may write to: those that share a room
	// with the viewer, then the others; each group by rank and username.
	People(ctx context.Context, q PeopleQuery) ([]User, error)
	// MembersByName returns the members of a room among names. The names have the form in
	// which usernames are stored.
	MembersByName(ctx context.Context, room RoomID, names []string) (map[string]UserID, error)
	// Heads returns the heads of the rooms of ids that exist, and possibly of others. The map
	// may be shared: callers must not change it.
	Heads(ctx context.Context, ids []RoomID) (map[RoomID]Seq, error)
}

// The maximum lengths of names and descriptions, in characters (Unicode code points).
const (
	MaxRoomName    = 30
	MaxDescription = 300
)

// RoomDraft is a room that a caller wants to create.
type RoomDraft struct {
	Name        string
	Description string
	Private     bool
	Password    string
}

// CheckOpen is the JoinRule of a join that was allowed when r was read. It returns an error
// if the room has been hidden or locked since then. now is the room as read under its lock.
func (r Room) CheckOpen(now Room) error {
	switch {
	case now.PasswordHash == "" && now.Private:
		return ErrNotFound()
	case now.PasswordHash == "" || now.PasswordHash == r.PasswordHash:
		return nil
	case r.PasswordHash == "":
		return now.MaskError(ErrPasswordRequired())
	}
	return now.MaskError(ErrWrongRoomPassword())
}

// ErrPasswordRequired is PASSWORD_REQUIRED.
func ErrPasswordRequired() error {
	return Errorf(PasswordRequired, "This room requires a password.").WithField("password")
}

// ErrWrongRoomPassword is WRONG_PASSWORD.
func ErrWrongRoomPassword() error {
	return Errorf(WrongPassword, "Incorrect room password.").WithField("password")
}

// MaskError returns err as it may be returned to a user who is not a member: NOT_FOUND if err
// would reveal a private room.
func (r Room) MaskError(err error) error {
	code := CodeOf(err)
	if err != nil && r.Private && (code == WrongPassword || code == PasswordRequired || code == RateLimited || code == Forbidden) {
		return ErrNotFound()
	}
	return err
}

// CleanLine returns a one-line input in the form in which it is stored. field is the JSON
// name of the input, for errors.
func CleanLine(text string, limit int, field string) (string, error) {
	clean, err := markup.Line(text, limit)
	switch {
	case err == nil:
		return clean, nil
	case errors.Is(err, markup.ErrEmpty):
		return "", nil
	case errors.Is(err, markup.ErrTooLong):
		return "", Errorf(TooLong, "This text can have at most %d characters.", limit).WithField(field)
	default:
		return "", Errorf(BadRequest, "This text contains characters that are not allowed.").WithField(field)
	}
}

// RoomPatch is a change of a room that a caller wants. Fields that are nil do not change.
type RoomPatch struct {
	Name        *string
	Description *string
	Private     *bool
	Password    *string // "" removes it
}

// DeletedRooms is the store of the remains of deleted rooms that were too large to delete at
// once.
type DeletedRooms interface {
	// PurgeDeletedRooms removes a bounded part of them and reports whether there may be more.
	PurgeDeletedRooms(ctx context.Context) (more bool, err error)
}
