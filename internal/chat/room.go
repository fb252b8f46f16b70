package chat

import (
	"context"
	"errors"

	"github.com/chillin-chat/chillin/internal/markup"
)

// Room is a place where members talk in one sequence.
type Room struct {
	ID          RoomID `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Private     bool   `json:"private"`
	HasPassword bool   `json:"hasPassword"`
	OwnerID     UserID `json:"ownerId"`
	MemberCount int    `json:"memberCount"`
	// OnlineCount is nil where presence cannot be known.
	OnlineCount *int  `json:"onlineCount" nullable:"true" doc:"Users with a live connection in the room; null where that cannot be known."`
	Head        Seq   `json:"head" doc:"The last number taken in the room's sequence; 0 where nothing has happened yet."`
	Epoch       Epoch `json:"epoch"`
	CreatedAt   Time  `json:"createdAt" format:"date-time"`
	// Direct rooms have two members, With, and no name of their own.
	Direct bool     `json:"direct" doc:"The room of two users; name is then made of theirs."`
	With   []Author `json:"with,omitempty" doc:"The two of a direct room."`

	// PasswordHash is "" if the room has no password.
	PasswordHash PasswordHash `json:"-"`
}

// OwnRoom is one of a user's rooms with what is new in it for that user.
type OwnRoom struct {
	Room     Room     `json:"room"`
	Role     RoomRole `json:"role" enum:"owner,admin,moderator,member"`
	LastRead Seq      `json:"lastRead"`
	Unread   int      `json:"unread"`
	Mentions int      `json:"mentions"`
	// MutedUntil is 0 where it has passed.
	MutedUntil Time `json:"mutedUntil,omitempty" format:"date-time"`
}

// NewRoom is what the store needs to make a room. Names are clean already.
type NewRoom struct {
	Name         string
	NameKey      string // what must be unique: the folded name
	Description  string
	Private      bool
	PasswordHash PasswordHash // "" for none
	Owner        UserID
}

// RoomChange is what to change of a room; nil is left as it is. Values are clean
// already.
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
	Text   string // folded part of a name; "" for all
	Sort   RoomSort
	Limit  int
	Cursor string // opaque; "" for the first page
}

// Rooms is the store of rooms and memberships.
type Rooms interface {
	// CreateRoom makes a room with its owner as the only member. ROOM_NAME_TAKEN.
	CreateRoom(ctx context.Context, r NewRoom) (Room, Membership, error)
	// Room and RoomByNameKey return the room and the viewer's membership in it,
	// nil where there is none. NOT_FOUND.
	Room(ctx context.Context, id RoomID, viewer UserID) (Room, *Membership, error)
	RoomByNameKey(ctx context.Context, key string, viewer UserID) (Room, *Membership, error)
	// ListRooms returns a page of public rooms and the viewer's own, with the
	// cursor of the next page, "" at the end. BAD_REQUEST for a foreign cursor.
	ListRooms(ctx context.Context, q RoomQuery) ([]Room, string, error)
	// OwnRooms returns all rooms of a user with what is unread, by name.
	OwnRooms(ctx context.Context, user UserID) ([]OwnRoom, error)
	// RoomsOf returns the ids of a user's rooms, ascending.
	RoomsOf(ctx context.Context, user UserID) ([]RoomID, error)
	// Join makes user a member and takes a number for it. For a member it changes
	// nothing and the message is nil. FORBIDDEN for who is banned, or the error of rule.
	Join(ctx context.Context, room RoomID, user UserID, rule JoinRule) (Membership, *Message, error)
	// Leave ends a membership and takes a number for it. The message is nil where
	// there was none. FORBIDDEN for the owner.
	Leave(ctx context.Context, room RoomID, user UserID) (*Message, error)
	// ChangeRoom changes a room; a new name takes a number and is told by the
	// message, which is nil otherwise. ROOM_NAME_TAKEN, FORBIDDEN (rule),
	// NOT_A_MEMBER.
	ChangeRoom(ctx context.Context, room RoomID, by UserID, change RoomChange, rule MemberRule) (Room, *Message, error)
	// DeleteRoom deletes a room with everything in it. What is too much to go at once
	// is missing for everybody from then on, and goes by DeletedRooms.
	DeleteRoom(ctx context.Context, room RoomID, by UserID, rule MemberRule) error
	// SetRole gives a member another role. With Owner the room changes hands and
	// its owner becomes an admin. NOT_FOUND for who is no member.
	SetRole(ctx context.Context, room RoomID, by, member UserID, role RoomRole, rule MemberRule) (Membership, error)
	// Kick ends the membership of another and takes a number for it. NOT_FOUND for
	// who is no member.
	Kick(ctx context.Context, room RoomID, by, member UserID, rule MemberRule) (*Message, error)
	// MarkRead moves what a member has read last forward to seq, at most to the
	// head; never back. NOT_A_MEMBER.
	MarkRead(ctx context.Context, room RoomID, user UserID, seq Seq) (ReadState, error)
	// Members returns a page of members by username, with the next cursor.
	Members(ctx context.Context, room RoomID, limit int, cursor string) ([]MemberView, string, error)
	// MembersByName returns those of names, in the form in which usernames are
	// stored, that are members' of a room.
	MembersByName(ctx context.Context, room RoomID, names []string) (map[string]UserID, error)
	// Heads returns the heads of those of ids that exist, and perhaps of others. The
	// answer may be shared: nobody changes it.
	Heads(ctx context.Context, ids []RoomID) (map[RoomID]Seq, error)
}

// The limits of names that people give, in characters (Unicode code points).
const (
	MaxRoomName    = 30
	MaxDescription = 300
)

// RoomDraft is what a caller asks a new room to be.
type RoomDraft struct {
	Name        string
	Description string
	Private     bool
	Password    string
}

// CheckOpen is the rule for a join that was allowed when r was read: a room that has been
// hidden or locked since then is closed to it. now is the room under its lock.
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

// MaskError is err as it may be told to who is not in the room.
func (r Room) MaskError(err error) error {
	code := CodeOf(err)
	if err != nil && r.Private && (code == WrongPassword || code == PasswordRequired || code == RateLimited || code == Forbidden) {
		return ErrNotFound()
	}
	return err
}

// CleanLine cleans a one-line text that a person gave.
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

// RoomPatch is what a caller asks to change of a room; nil is left as it is.
type RoomPatch struct {
	Name        *string
	Description *string
	Private     *bool
	Password    *string // "" takes it away
}

// DeletedRooms is the store of what a deleted room leaves behind where it was too large to
// go at once.
type DeletedRooms interface {
	// PurgeDeletedRooms removes a bounded part of it and reports whether there may be more.
	PurgeDeletedRooms(ctx context.Context) (more bool, err error)
}
