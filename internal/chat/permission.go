package chat

import "slices"

// Deed is something that a member may do in a room.
type Deed string

const (
	ChangeRoom    Deed = "change room"    // name, description, privacy, password
	DeleteRoom    Deed = "delete room"    // with everything in it
	ChangeRole    Deed = "change role"    // of a member below oneself, to one below oneself
	RemoveMember  Deed = "remove member"  // one below oneself
	DeleteOthers  Deed = "delete others'" // messages
	TransferOwner Deed = "transfer owner"
	BanUser       Deed = "ban"         // one below oneself, or no member
	MuteMember    Deed = "mute member" // one below oneself
	InviteUsers   Deed = "invite"
	ManageHooks   Deed = "manage webhooks"
)

// leastRole is who may do what: the least role for each deed. What every member
// may (read, send, react, edit and delete its own) is not in it.
var leastRole = map[Deed]RoomRole{
	ChangeRoom:    RoomAdmin,
	DeleteRoom:    Owner,
	ChangeRole:    RoomAdmin,
	RemoveMember:  Moderator,
	DeleteOthers:  Moderator,
	TransferOwner: Owner,
	BanUser:       Moderator,
	MuteMember:    Moderator,
	InviteUsers:   Moderator,
	ManageHooks:   RoomAdmin,
}

// rank orders the roles.
var rank = map[RoomRole]int{Member: 1, Moderator: 2, RoomAdmin: 3, Owner: 4}

// May tells whether the role is enough for a deed.
func (r RoomRole) May(d Deed) bool {
	least, known := leastRole[d]
	return known && rank[r] >= rank[least]
}

// RolesWith returns the roles that are enough for d.
func RolesWith(d Deed) []RoomRole {
	var roles []RoomRole
	for role := range rank {
		if role.May(d) {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return roles
}

// Above tells whether the role stands above another one: whom it may act upon.
func (r RoomRole) Above(other RoomRole) bool { return rank[r] > rank[other] }

// forbidden says what a role is not enough for.
func forbidden(d Deed) error {
	return Fault(Forbidden, "Your role in this room does not allow this (%s).", d)
}
