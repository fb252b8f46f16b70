package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.DeletedRooms = (*Store)(nil)

const (
	// maxInlineDelete is the number of changes up to which a room is deleted in one
	// statement. The statement holds the room lock, and sends to the room wait for it.
	maxInlineDelete = 2000
	// purgeBatch is the number of messages of a deleted room that are deleted at a time.
	purgeBatch = 500
)

// roomExists is the condition that a room r is not deleted, see closeRoom. Folded names of
// users never start with a space.
const roomExists = `r.name_key NOT LIKE ' gone %'`

// deleteRoom deletes the room. For a large room it closes the room and leaves the rest to
// PurgeDeletedRooms.
func (s *Store) deleteRoom(ctx context.Context, tx *roomTx, by chat.UserID) error {
	// The bots of the webhooks are deleted, because their messages are deleted with the room.
	if _, err := tx.ExecContext(ctx, `UPDATE users SET expires_at = $2 WHERE id IN
		(SELECT user_id FROM incoming_hooks WHERE room_id = $1 UNION ALL SELECT user_id FROM spare_webhook_bots WHERE room_id = $1)`,
		int64(tx.room), int64(s.clock())); err != nil {
		return err
	}
	statement := `DELETE FROM rooms WHERE id = $1 RETURNING name`
	if tx.head > maxInlineDelete {
		if err := s.closeRoom(ctx, tx); err != nil {
			return err
		}
		statement = `UPDATE rooms SET name_key = ' gone ' || id, private = true, password = NULL, member_count = 0 WHERE id = $1 RETURNING name`
	}
	var name string
	if err := tx.QueryRowContext(ctx, statement, int64(tx.room)).Scan(&name); err != nil {
		return err
	}
	return s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: chat.AuditRoomDeleted, Room: tx.room, Detail: name})
}

// closeRoom removes all members of the room and every way to join it. Together with the
// change of its name the room no longer exists for users. PurgeDeletedRooms deletes the rest.
func (s *Store) closeRoom(ctx context.Context, tx *roomTx) error {
	for _, table := range []string{"room_members", "invites", "incoming_hooks", "outgoing_hooks", "spare_webhook_bots", "direct_rooms"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE room_id = $1`, int64(tx.room)); err != nil {
			return err
		}
	}
	return nil
}

// PurgeDeletedRooms deletes a part of the rooms that are marked as deleted. Several nodes can
// run it at the same time; each deletes other rows.
func (s *Store) PurgeDeletedRooms(ctx context.Context) (more bool, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var room int64
	err = s.read.QueryRowContext(ctx, `SELECT r.id FROM rooms r WHERE NOT (`+roomExists+`) ORDER BY r.id LIMIT 1`).Scan(&room)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, s.fail("find deleted room", err)
	}
	batch, n := `SELECT id FROM messages WHERE room_id = $1 ORDER BY id LIMIT $2`+s.dialect.skipLocked(""), 0
	err = forEachRow(ctx, s.write, func(row) error { n++; return nil },
		`DELETE FROM messages WHERE id IN (`+batch+`) RETURNING id`, room, purgeBatch)
	if err != nil || n == purgeBatch {
		return true, s.fail("purge messages of deleted room", err)
	}
	_, err = s.write.ExecContext(ctx, `DELETE FROM rooms WHERE id = $1`, room)
	return true, s.fail("purge deleted room", err)
}
