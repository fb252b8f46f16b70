package chat

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

// ReadState is how far a member has read.
type ReadState struct {
	LastRead Seq `json:"lastRead"`
	Unread   int `json:"unread" doc:"Texts of others after lastRead; counted among the newest 1000 messages."`
	Mentions int `json:"mentions" doc:"Those of them that mention the reader; at most 1000 are counted."`
}

// MemberRule tells whether a member may act upon a room or, where target is not
// nil, upon another member; a ban asks with nil for who is no member. It is asked
// under the room's lock.
type MemberRule func(by Membership, target *Membership) error

// JoinRule tells whether the room is open to who joins; nil is yes. It is asked under the
// room's lock: what was checked before may have changed.
type JoinRule func(now Room) error
