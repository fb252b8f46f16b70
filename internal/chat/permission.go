package chat

import "slices"

// Permission is an action in a room that needs a role. Its value completes the sentence "You
// do not have permission to …".
type Permission string

const (
	ChangeRoom     Permission = "change this room" // name, description, privacy, password
	DeleteRoom     Permission = "delete this room"
	ChangeRole     Permission = "change roles in this room"   // of a member with a lower role, to a lower role
	RemoveMember   Permission = "remove members of this room" // with a lower role
	DeleteOthers   Permission = "delete messages of others"
	TransferOwner  Permission = "transfer this room"
	BanUser        Permission = "manage bans in this room"  // of non-members, and members with a lower role
	MuteMember     Permission = "mute members of this room" // with a lower role
	InviteUsers    Permission = "manage invites to this room"
	ManageWebhooks Permission = "manage webhooks of this room"
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

// Can reports whether the role has permission p.
func (r RoomRole) Can(p Permission) bool {
	lowest, known := minRole[p]
	return known && rank[r] >= rank[lowest]
}

// RolesWith returns the roles that have permission p.
func RolesWith(p Permission) []RoomRole {
	var roles []RoomRole
	for role := range rank {
		if role.Can(p) {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return roles
}

// Above reports whether r is higher than other.
func (r RoomRole) Above(other RoomRole) bool { return rank[r] > rank[other] }

// errNoPermission is FORBIDDEN because p is missing.
func errNoPermission(p Permission) error {
	return Errorf(Forbidden, "You do not have permission to %s.", p)
}

// errRoleTooLow is FORBIDDEN because the actor's role is not high enough for the target.
func errRoleTooLow() error {
	return Errorf(Forbidden, "Your role in this room must be higher than that of the member.")
}

// RequirePermission returns the rule that the actor has permission p.
func RequirePermission(p Permission) MemberRule {
	return func(by Membership, _ *Membership) error {
		if !by.Role.Can(p) {
			return errNoPermission(p)
		}
		return nil
	}
}

// CanSetRole returns the rule for giving a member the role. Only the owner transfers the
// room; otherwise the actor is above both the present role and the new one.
func CanSetRole(role RoomRole) MemberRule {
	return func(by Membership, target *Membership) error {
		switch {
		case role == Owner && !by.Role.Can(TransferOwner):
			return errNoPermission(TransferOwner)
		case role == Owner:
			return nil
		case !by.Role.Can(ChangeRole):
			return errNoPermission(ChangeRole)
		case !by.Role.Above(target.Role):
			return errRoleTooLow()
		case !by.Role.Above(role):
			return Errorf(Forbidden, "You can only give roles that are lower than your own.")
		}
		return nil
	}
}

// Outranks returns the rule that the actor has permission p and a higher role than the
// target. A user that is not a member is lower than every member.
func Outranks(p Permission) MemberRule {
	return func(by Membership, target *Membership) error {
		switch {
		case !by.Role.Can(p):
			return errNoPermission(p)
		case target != nil && !by.Role.Above(target.Role):
			return errRoleTooLow()
		}
		return nil
	}
}
