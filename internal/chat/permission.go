package chat

import "slices"

// Permission is something that a member may do in a room.
type Permission string

const (
	ChangeRoom     Permission = "change room"    // name, description, privacy, password
	DeleteRoom     Permission = "delete room"    // with everything in it
	ChangeRole     Permission = "change role"    // of a member below oneself, to one below oneself
	RemoveMember   Permission = "remove member"  // one below oneself
	DeleteOthers   Permission = "delete others'" // messages
	TransferOwner  Permission = "transfer owner"
	BanUser        Permission = "ban"         // one below oneself, or no member
	MuteMember     Permission = "mute member" // one below oneself
	InviteUsers    Permission = "invite"
	ManageWebhooks Permission = "manage webhooks"
)

// minRole is who may do what: the least role for each deed. What every member
// may (read, send, react, edit and delete its own) is not in it.
var minRole = map[Permission]RoomRole{
	ChangeRoom:     RoomAdmin,
	DeleteRoom:     Owner,
	ChangeRole:     RoomAdmin,
	RemoveMember:   Moderator,
	DeleteOthers:   Moderator,
	TransferOwner:  Owner,
	BanUser:        Moderator,
	MuteMember:     Moderator,
	InviteUsers:    Moderator,
	ManageWebhooks: RoomAdmin,
}

// rank orders the roles.
var rank = map[RoomRole]int{Member: 1, Moderator: 2, RoomAdmin: 3, Owner: 4}

// Valid reports whether r is a known role.
func (r RoomRole) Valid() bool { return rank[r] != 0 }

// Can tells whether the role is enough for a deed.
func (r RoomRole) Can(d Permission) bool {
	least, known := minRole[d]
	return known && rank[r] >= rank[least]
}

// RolesWith returns the roles that are enough for d.
func RolesWith(d Permission) []RoomRole {
	var roles []RoomRole
	for role := range rank {
		if role.Can(d) {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return roles
}

// Above tells whether the role stands above another one: whom it may act upon.
func (r RoomRole) Above(other RoomRole) bool { return rank[r] > rank[other] }

// errNoPermission says what a role is not enough for.
func errNoPermission(d Permission) error {
	return Errorf(Forbidden, "Your role in this room does not allow this (%s).", d)
}

// RequirePermission is the rule that the role of who acts is enough for a deed.
func RequirePermission(d Permission) MemberRule {
	return func(by Membership, _ *Membership) error {
		if !by.Role.Can(d) {
			return errNoPermission(d)
		}
		return nil
	}
}

func CanSetRole(role RoomRole) MemberRule {
	return func(by Membership, target *Membership) error {
		switch {
		case role == Owner && !by.Role.Can(TransferOwner):
			return errNoPermission(TransferOwner)
		case role == Owner:
			return nil
		case !by.Role.Can(ChangeRole), !by.Role.Above(target.Role), !by.Role.Above(role):
			return errNoPermission(ChangeRole)
		}
		return nil
	}
}

// Outranks is the rule for a deed upon somebody below oneself; who is no member is
// below everybody.
func Outranks(d Permission) MemberRule {
	return func(by Membership, target *Membership) error {
		if !by.Role.Can(d) || target != nil && !by.Role.Above(target.Role) {
			return errNoPermission(d)
		}
		return nil
	}
}
