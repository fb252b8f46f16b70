package chat

import "context"

// Status is what a user's presence shows.
type Status string

const (
	Online  Status = "online"
	Away    Status = "away"
	Busy    Status = "busy"
	Offline Status = "offline"
	// Unknown is told where presence cannot be known, as while Redis is away. It
	// is never stored.
	Unknown Status = "unknown"
)

// OnlineUsers is who is online in a room; offline users are not in it. A user with
// connections on several nodes shows the liveliest status: online before busy
// before away.
type OnlineUsers map[UserID]Status

// Presence knows who is online in which room, over all nodes. What a node
// entered is a lease: it holds while the node lives and is gone by itself at
// most 30 s after the node died.
type Presence interface {
	// Enter records that user has a live connection in room on this node, with
	// status; entering again changes the status. Leave takes it back. Neither
	// blocks: Run brings them into force in order. The caller counts the user's
	// connections and calls Leave with the last.
	Enter(room RoomID, user UserID, status Status)
	Leave(room RoomID, user UserID)
	// Online returns the roster of each of rooms, and perhaps of others (one round
	// trip for all). The answer may be shared: nobody changes it. An error means that
	// it cannot be known now.
	Online(ctx context.Context, rooms ...RoomID) (map[RoomID]OnlineUsers, error)
	// Run keeps this node's lease and writes what was entered and left, until ctx
	// ends; then it takes back everything of this node (bounded, 1 s). It calls
	// changed after writes of this node have come into force, and for rooms whose
	// roster changed because another node's lease ended (best effort). It is
	// called once; changed must not block.
	Run(ctx context.Context, changed func(rooms []RoomID)) error
}

// activity orders what one user shows on several nodes.
var activity = map[Status]int{Online: 3, Busy: 2, Away: 1}

// MoreActive returns the livelier of two statuses of one user.
func MoreActive(a, b Status) Status {
	if activity[b] > activity[a] {
		return b
	}
	return a
}
