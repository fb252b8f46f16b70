package chat

import "github.com/chillin-chat/chillin/internal/markup"

// RoomRole is the role of a member in a room.
type RoomRole string

const (
	Owner     RoomRole = "owner"
	RoomAdmin RoomRole = "admin"
	Moderator RoomRole = "moderator"
	Member    RoomRole = "member"
)

// Membership is the membership of a user in a room.
type Membership struct {
	RoomID   RoomID   `json:"roomId"`
	UserID   UserID   `json:"userId"`
	Role     RoomRole `json:"role" enum:"owner,admin,moderator,member"`
	JoinedAt Time     `json:"joinedAt" format:"date-time"`
	LastRead Seq      `json:"lastRead"`
	// MutedUntil is 0 if the member is not muted.
	MutedUntil Time `json:"mutedUntil,omitempty" format:"date-time" doc:"The member can only read until then. Missing if the member is not muted."`

	// Block says whether one of the two users of a direct room has blocked the other one. It
	// is read with what a change of a message needs; otherwise it is NoBlock.
	Block DirectBlock `json:"-"`
}

// MemberView is a member in the list of a room's members.
type MemberView struct {
	User     User     `json:"user"`
	Role     RoomRole `json:"role" enum:"owner,admin,moderator,member"`
	Status   Status   `json:"status" enum:"online,away,busy,offline,unknown"`
	JoinedAt Time     `json:"joinedAt" format:"date-time"`
	// MutedUntil is 0 if the member is not muted.
	MutedUntil Time `json:"mutedUntil,omitempty" format:"date-time"`
}

// MemberQuery asks for a page of members.
type MemberQuery struct {
	Online []int64 // the online users; none if presence is unknown
	Limit  int
	Cursor string // opaque; "" for the first page
	// Rank reports whether the names of a user match a search, and how well: 0 is the best of
	// NameRanks. It is nil without a search.
	Rank func(username, displayName string) (rank int, ok bool)
}

// PeopleQuery asks for users that the viewer may write to.
type PeopleQuery struct {
	Viewer UserID
	Limit  int
	// Everyone adds accounts and their bots that share no room with the viewer.
	Everyone bool
	// Username is the username that the search may be, "" for none.
	Username string
	Rank     func(username, displayName string) (rank int, ok bool) // as in MemberQuery
}

// MaxCommonRooms is how many common rooms of two users are listed.
const MaxCommonRooms = 100

// NameRanks is the number of ranks of a MemberQuery.
const NameRanks = markup.NameRanks

// ReadState is how far a member has read.
type ReadState struct {
	LastRead Seq `json:"lastRead"`
	Unread   int `json:"unread" doc:"Texts of other users after lastRead, counted among the newest 1000 messages."`
	Mentions int `json:"mentions" doc:"Unread texts that mention the reader; at most 1000 are counted."`
}

// MemberRule returns an error if a member may not act on a room or, if target is not nil, on
// another member. It is called under the room's lock. For the ban of a user that is not a
// member target is nil.
type MemberRule func(by Membership, target *Membership) error

// JoinRule returns an error if a user may not join the room. It is called under the room's
// lock, because the room may have changed since the first check.
type JoinRule func(now Room) error
