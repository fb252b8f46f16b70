package store

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

// wantAudit fails unless the log contains exactly want, oldest first, as "actor action room
// user detail".
func wantAudit(t *testing.T, s *Store, want ...string) {
	t.Helper()
	var got []string
	err := forEachRow(t.Context(), s.read, func(r row) error {
		var e chat.AuditEntry
		err := r.Scan(&e.Actor, &e.Action, &e.Room, &e.User, &e.Detail)
		got = append(got, fmt.Sprintf("%d %s %d %d %s", e.Actor, e.Action, e.Room, e.User, e.Detail))
		return err
	}, `SELECT COALESCE(actor_id, 0), action, COALESCE(room_id, 0), COALESCE(user_id, 0), detail FROM audit ORDER BY id`)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("audit = %q, %v\nwant %q", got, err, want)
	}
}

func TestActionsOnOthersAreAudited(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice, bob, carol := register(t, s, "alice"), register(t, s, "bob"), register(t, s, "carol")
		room := createRoom(t, s, alice, "lobby")
		join(t, s, room, bob)
		join(t, s, room, carol)
		ctx, a, b, c := t.Context(), alice.User.ID, bob.User.ID, carol.User.ID
		name, key, description := "Den", "den", ""
		own, others := appendText(t, s, room, alice, "mine"), appendText(t, s, room, carol, "hers")
		refuse := func(chat.Membership, *chat.Membership) error { return chat.Errorf(chat.Forbidden, "no") }
		for _, action := range []func() error{
			func() error { _, _, err := s.Delete(ctx, own.Ref(), a, nil); return err },    // own message: not logged
			func() error { _, _, err := s.Delete(ctx, others.Ref(), a, nil); return err }, // logged once
			func() error { _, _, err := s.Delete(ctx, others.Ref(), a, nil); return err },
			func() error {
				_, _, err := s.ChangeRoom(ctx, room.ID, a, chat.RoomChange{Name: &name, NameKey: &key, Description: &description}, nil)
				return err
			},
			func() error { _, err := s.SetRole(ctx, room.ID, a, b, chat.Moderator, nil); return err },
			func() error { _, err := s.SetRole(ctx, room.ID, a, b, chat.Moderator, nil); return err }, // no change
			func() error { _, err := s.SetRole(ctx, room.ID, a, b, chat.Owner, nil); return err },
			func() error { _, err := s.Kick(ctx, room.ID, b, c, nil); return err },
			func() error {
				wantCode(t, s.DeleteRoom(ctx, room.ID, b, refuse), chat.Forbidden)
				return s.DeleteRoom(ctx, room.ID, b, nil)
			},
		} {
			if err := action(); err != nil {
				t.Fatal(err)
			}
		}
		wantAudit(t, s,
			fmt.Sprintf("%d message.delete %d %d message %d", a, room.ID, c, others.ID),
			fmt.Sprintf("%d room.change %d 0 name", a, room.ID),
			fmt.Sprintf("%d member.role %d %d member → moderator", a, room.ID, b),
			fmt.Sprintf("%d room.hand-over %d %d moderator → owner", a, room.ID, b),
			fmt.Sprintf("%d member.kick %d %d ", b, room.ID, c),
			fmt.Sprintf("%d room.delete %d 0 Den", b, room.ID),
		)
	})
}
