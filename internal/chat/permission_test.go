package chat

import "testing"

// The committed table of who may do what in a room. A cell that changes is a
// decision, not an accident.
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
		t.Fatalf("the table has %d deeds, leastRole %d", len(table), len(minRole))
	}
	for deed, row := range table {
		for i, role := range roles {
			if got := role.Can(deed); got != row[i] {
				t.Errorf("%s may %s = %v, want %v", role, deed, got, row[i])
			}
		}
	}
	if RoomRole("").Can(RemoveMember) || Owner.Can("fly") {
		t.Error("who has no role, or a deed that is not known, is let through")
	}
}

func TestWhoMayActUponWhom(t *testing.T) {
	roles := []RoomRole{Member, Moderator, RoomAdmin, Owner}
	kick := map[RoomRole]string{Member: "----", Moderator: "y---", RoomAdmin: "yy--", Owner: "yyy-"}
	for actor, row := range kick {
		for i, target := range roles {
			for _, deed := range []Permission{RemoveMember, BanUser, MuteMember} {
				err := Outranks(deed)(Membership{Role: actor}, &Membership{Role: target})
				if (err == nil) != (row[i] == 'y') {
					t.Errorf("%s does %q upon %s: %v, want %c", actor, deed, target, err, row[i])
				}
			}
		}
		if err := Outranks(BanUser)(Membership{Role: actor}, nil); (err == nil) != (actor != Member) {
			t.Errorf("%s bans who is no member: %v", actor, err)
		}
	}
	// Rows: who acts; columns: the new role of somebody who is a plain member.
	promote := map[RoomRole]string{Member: "----", Moderator: "----", RoomAdmin: "yy--", Owner: "yyyy"}
	for actor, row := range promote {
		for i, role := range roles {
			err := CanSetRole(role)(Membership{Role: actor}, &Membership{Role: Member})
			if (err == nil) != (row[i] == 'y') {
				t.Errorf("%s makes a member %s: %v, want %c", actor, role, err, row[i])
			}
		}
	}
}
