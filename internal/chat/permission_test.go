package chat

import "testing"

// The table of the permissions of all roles. Change a cell only on purpose.
func TestPermissions(t *testing.T) {
	roles := []RoomRole{Member, Moderator, RoomAdmin, Owner}
	table := map[Permission][4]bool{
		DeleteOthers:   {false, true, true, true},
		RemoveMember:   {false, true, true, true},
		BanUser:        {false, true, true, true},
		MuteMember:     {false, true, true, true},
		InviteUsers:    {false, true, true, true},
		ChangeRoom:     {false, false, true, true},
		ChangeRole:     {false, false, true, true},
		ManageWebhooks: {false, false, true, true},
		DeleteRoom:     {false, false, false, true},
		TransferOwner:  {false, false, false, true},
	}
	if len(table) != len(minRole) {
		t.Fatalf("permissions in the table = %d, in minRole = %d", len(table), len(minRole))
	}
	for permission, row := range table {
		for i, role := range roles {
			if got := role.Can(permission); got != row[i] {
				t.Errorf("%s can %s = %v, want %v", role, permission, got, row[i])
			}
		}
	}
	if RoomRole("").Can(RemoveMember) || Owner.Can("fly") {
		t.Error("Can = true without a role or for an unknown permission, want false")
	}
}

func TestActionsOnMembersNeedAHigherRole(t *testing.T) {
	roles := []RoomRole{Member, Moderator, RoomAdmin, Owner}
	kick := map[RoomRole]string{Member: "----", Moderator: "y---", RoomAdmin: "yy--", Owner: "yyy-"}
	for actor, row := range kick {
		for i, target := range roles {
			for _, permission := range []Permission{RemoveMember, BanUser, MuteMember} {
				err := Outranks(permission)(Membership{Role: actor}, &Membership{Role: target})
				if (err == nil) != (row[i] == 'y') {
					t.Errorf("%s with %q on %s: err = %v, want %c", actor, permission, target, err, row[i])
				}
			}
		}
		if err := Outranks(BanUser)(Membership{Role: actor}, nil); (err == nil) != (actor != Member) {
			t.Errorf("%s bans a non-member: err = %v", actor, err)
		}
	}
	// Rows: the role of the actor; columns: the new role of a plain member.
	promote := map[RoomRole]string{Member: "----", Moderator: "----", RoomAdmin: "yy--", Owner: "yyyy"}
	for actor, row := range promote {
		for i, role := range roles {
			err := CanSetRole(role)(Membership{Role: actor}, &Membership{Role: Member})
			if (err == nil) != (row[i] == 'y') {
				t.Errorf("%s gives a member the role %s: err = %v, want %c", actor, role, err, row[i])
			}
		}
	}
}
