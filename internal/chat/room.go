package chat

import "context"

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

	// Password is the PHC string, "" for none. It never leaves the server.
	Password string `json:"-"`
}

// RoomRole is what a member may do in a room.
type RoomRole string

const (
	Owner     RoomRole = "owner"
	RoomAdmin RoomRole = "admin"
	Moderator RoomRole = "moderator"
	Member    RoomRole = "member"
)

// Membership is a user's place in a room.
type Membership struct {
	RoomID   RoomID   `json:"roomId"`
	UserID   UserID   `json:"userId"`
	Role     RoomRole `json:"role" enum:"owner,admin,moderator,member"`
	JoinedAt Time     `json:"joinedAt" format:"date-time"`
	LastRead Seq      `json:"lastRead"`
	// MutedUntil is 0 where it has passed.
	MutedUntil Time `json:"mutedUntil,omitempty" format:"date-time" doc:"Until then the member only reads; missing where it may write."`
}

// MemberView is a member as the list of a room shows it.
type MemberView struct {
	User     User     `json:"user"`
	Role     RoomRole `json:"role" enum:"owner,admin,moderator,member"`
	Status   Status   `json:"status" enum:"online,away,busy,offline,unknown"`
	JoinedAt Time     `json:"joinedAt" format:"date-time"`
	// MutedUntil is 0 where it has passed.
	MutedUntil Time `json:"mutedUntil,omitempty" format:"date-time"`
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

// ReadState is how far a member has read.
type ReadState struct {
	LastRead Seq `json:"lastRead"`
	Unread   int `json:"unread" doc:"Texts of others after lastRead; counted among the newest 1000 messages."`
	Mentions int `json:"mentions" doc:"Those of them that mention the reader; at most 1000 are counted."`
}

// NewRoom is what the store needs to make a room. Names are clean already.
type NewRoom struct {
	Name        string
	NameKey     string // what must be unique: the folded name
	Description string
	Private     bool
	Password    string // PHC string, "" for none
	Owner       UserID
}

// RoomChange is what to change of a room; nil is left as it is. Values are clean
// already.
type RoomChange struct {
	Name, NameKey *string // both or none
	Description   *string
	Private       *bool
	Password      *string // PHC string, "" for none
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

// MemberRule tells whether a member may act upon a room or, where target is not
// nil, upon another member; a ban asks with nil for who is no member. It is asked
// under the room's lock.
type MemberRule func(by Membership, target *Membership) error

// JoinRule tells whether the room is open to who joins; nil is yes. It is asked under the
// room's lock: what was checked before may have changed.
type JoinRule func(now Room) error

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
	// is missing for everybody from then on, and goes by Remains.
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
	// MembersNamed returns those of names, in the form in which usernames are
	// stored, that are members' of a room.
	MembersNamed(ctx context.Context, room RoomID, names []string) (map[string]UserID, error)
	// Heads returns the heads of those of ids that exist, and perhaps of others. The
	// answer may be shared: nobody changes it.
	Heads(ctx context.Context, ids []RoomID) (map[RoomID]Seq, error)
}
