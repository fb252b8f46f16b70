package chat

import "slices"

// Permission is an action in a room that needs a role.
type Permission string

const (
	ChangeRoom     Permission = "change room"    // name, description, privacy, password
	DeleteRoom     Permission = "delete room"    // with everything in it
	ChangeRole     Permission = "change role"    // of a member with a lower role, to a lower role
	RemoveMember   Permission = "remove member"  // with a lower role
	DeleteOthers   Permission = "delete others'" // messages
	TransferOwner  Permission = "transfer owner"
	BanUser        Permission = "ban"         // with a lower role, or no member
	MuteMember     Permission = "mute member" // with a lower role
	InviteUsers    Permission = "invite"
	ManageWebhooks Permission = "manage webhooks"
)

// minRole is the lowest role that has a permission. What every member may do (read, send,
// react, edit and delete its own messages) needs none.
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

// Can reports whether the role has permission d.
func (r RoomRole) Can(d Permission) bool {
	least, known := minRole[d]
	return known && rank[r] >= rank[least]
}

// RolesWith returns the roles that have permission d.
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

// Above reports whether r is higher than other.
func (r RoomRole) Above(other RoomRole) bool { return rank[r] > rank[other] }

// errNoPermission is FORBIDDEN and names the missing permission.
func errNoPermission(d Permission) error {
	return Errorf(Forbidden, "Your role in this room does not allow this (%s).", d)
}

// RequirePermission returns the rule that the actor has permission d.
func RequirePermission(d Permission) MemberRule {
	return func(by Membership, _ *Membership) error {
		if !by.Role.Can(d) {
			return errNoPermission(d)
		}
		return nil
	}
}

// CanSetRole returns the rule for giving a member the role: only the owner transfers the room;
// otherwise the actor is above both the present role and the new one.
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

// Outranks returns the rule that the actor has permission d and a higher role than the
// target. A user that is not a member is lower than every member.
func Outranks(d Permission) MemberRule {
	return func(by Membership, target *Membership) error {
		if !by.Role.Can(d) || target != nil && !by.Role.Above(target.Role) {
			return errNoPermission(d)
		}
		return nil
	}
}
