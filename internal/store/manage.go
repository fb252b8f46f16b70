package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// ChangeRoom changes a room; a new name is told and takes a number.
func (s *Store) ChangeRoom(ctx context.Context, id chat.RoomID, by chat.UserID, c chat.RoomChange, rule chat.MemberRule) (chat.Room, *chat.Message, error) {
	var room chat.Room
	var told *chat.Message
	err := s.asMember(ctx, id, by, 0, rule, func(tx *roomTx) error {
		before, err := s.scanRoom(tx.QueryRowContext(ctx, `SELECT `+roomColumns+` FROM rooms r WHERE r.id = $1`, int64(id)))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE rooms SET name = COALESCE($2, name), name_key = COALESCE($3, name_key), description = COALESCE($4, description),
				private = COALESCE($5, private), password = CASE WHEN CAST($6 AS text) IS NULL THEN password ELSE NULLIF(CAST($6 AS text), '') END
			WHERE id = $1`, int64(id), c.Name, c.NameKey, c.Description, c.Private, (*string)(c.PasswordHash))
		if err != nil {
			return err
		}
		if c.Name != nil && *c.Name != before.Name {
			if told, err = s.tell(ctx, tx, by, by, chat.Named, "{author} named the room “"+*c.Name+"”."); err != nil {
				return err
			}
		}
		room, err = s.scanRoom(tx.QueryRowContext(ctx, `SELECT `+roomColumns+` FROM rooms r WHERE r.id = $1`, int64(id)))
		room.Head = tx.head
		if fields := differ(before, room); err == nil && fields != "" {
			err = s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: chat.AuditRoomChanged, Room: id, Detail: fields})
		}
		return err
	})
	return room, told, s.fail("change room", err)
}

// differ names the fields in which a room is not what it was.
func differ(before, after chat.Room) string {
	var fields []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"name", before.Name == after.Name},
		{"description", before.Description == after.Description},
		{"private", before.Private == after.Private},
		{"password", before.PasswordHash == after.PasswordHash},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return strings.Join(fields, ", ")
}

// DeleteRoom deletes a room with what is in it.
func (s *Store) DeleteRoom(ctx context.Context, id chat.RoomID, by chat.UserID, rule chat.MemberRule) error {
	err := s.asMember(ctx, id, by, 0, rule, func(tx *roomTx) error { return s.deleteRoom(ctx, tx, by) })
	return s.fail("delete room", err)
}

// RemoveRoom deletes a room for an admin of the server, who need not be a member.
func (s *Store) RemoveRoom(ctx context.Context, by chat.UserID, id chat.RoomID) error {
	err := s.inRoom(ctx, id, func(tx *roomTx) error {
		if err := s.requireAdmin(ctx, tx.Tx, by); err != nil {
			return err
		}
		return s.deleteRoom(ctx, tx, by)
	})
	return s.fail("remove room", err)
}

// SetRole gives a member another role.
func (s *Store) SetRole(ctx context.Context, room chat.RoomID, by, member chat.UserID, role chat.RoomRole, rule chat.MemberRule) (chat.Membership, error) {
	var m chat.Membership
	err := s.asMember(ctx, room, by, member, rule, func(tx *roomTx) error {
		before, err := s.membership(ctx, tx.Tx, room, member)
		if err != nil {
			return err
		}
		if role == chat.Owner && by != member {
			// The old owner first: a room never has two.
			if err := s.setRole(ctx, tx, by, chat.RoomAdmin); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE rooms SET owner_id = $2 WHERE id = $1`, int64(room), int64(member)); err != nil {
				return err
			}
		}
		if err := s.setRole(ctx, tx, member, role); err != nil {
			return err
		}
		if m, err = s.membership(ctx, tx.Tx, room, member); err != nil || m.Role == before.Role {
			return err
		}
		entry := chat.AuditEntry{Actor: by, Action: chat.AuditRoleSet, Room: room, User: member, Detail: fmt.Sprintf("%s → %s", before.Role, m.Role)}
		if m.Role == chat.Owner {
			entry.Action = chat.AuditRoomHandedOver
		}
		return s.audit(ctx, tx.Tx, entry)
	})
	return m, s.fail("set role", err)
}

func (s *Store) setRole(ctx context.Context, tx *roomTx, user chat.UserID, role chat.RoomRole) error {
	_, err := tx.ExecContext(ctx, `UPDATE room_members SET role = $3 WHERE room_id = $1 AND user_id = $2`,
		int64(tx.room), int64(user), string(role))
	return err
}

// Kick ends the membership of another.
func (s *Store) Kick(ctx context.Context, room chat.RoomID, by, member chat.UserID, rule chat.MemberRule) (*chat.Message, error) {
	var told *chat.Message
	err := s.asMember(ctx, room, by, member, rule, func(tx *roomTx) error {
		var err error
		if told, err = s.eject(ctx, tx, by, member, "{author} removed {subject} from the room."); err != nil {
			return err
		}
		return s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: chat.AuditKicked, Room: room, User: member})
	})
	return told, s.fail("kick", err)
}
