package chat

import "context"

// Status is the presence of a user.
type Status string

const (
	Online  Status = "online"
	Away    Status = "away"
	Busy    Status = "busy"
	Offline Status = "offline"
	// Unknown is sent if presence cannot be read, for example while Redis is unreachable. It
	// is never stored.
	Unknown Status = "unknown"
)

// OnlineUsers contains the online users of a room with their status. A user with connections
// on several nodes has the most active status: online before busy before away.
type OnlineUsers map[UserID]Status

// Presence stores which users are online in which rooms, on all nodes. The entries of a node
// have a lease: they expire at most 30 s after the node has died.
type Presence interface {
	// Enter records that user has a live connection in room on this node, with status. To
	// enter again changes the status. Leave removes the entry. Neither blocks: Run writes
	// them, in order. The caller counts the user's connections and calls Leave for the last.
	Enter(room RoomID, user UserID, status Status)
	Leave(room RoomID, user UserID)
	// Online returns the online users of rooms, and possibly of others, in one round trip. The
	// map may be shared: callers must not change it. It returns an error if they cannot be
	// read. If only some of the rooms cannot be read, these are missing in the map.
	Online(ctx context.Context, rooms ...RoomID) (map[RoomID]OnlineUsers, error)
	// Run renews this node's lease and writes its entries until ctx ends; then it removes all
	// of them, within 1 s. It calls changed after entries of this node have been written, and
	// for rooms in which the lease of another node expired (best effort). changed must not
	// block. Run is called once.
	Run(ctx context.Context, changed func(rooms []RoomID)) error
}

// activity orders the statuses of one user on several nodes.
var activity = map[Status]int{Online: 3, Busy: 2, Away: 1}

// MoreActive returns the more active of two statuses.
func MoreActive(a, b Status) Status {
	if activity[b] > activity[a] {
		return b
	}
	return a
}
