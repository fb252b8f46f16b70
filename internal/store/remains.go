package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.DeletedRooms = (*Store)(nil)

const (
	// removedAtOnce is how many changes a room may have had to be deleted in one
	// statement: that holds the room, and whoever sends waits behind it.
	removedAtOnce = 2000
	// remainsBatch is how many messages of a gone room go at once.
	remainsBatch = 500
)

// there is the test that a room r is not gone: see empty. Names that people give do
// not begin with a space once they are folded.
const there = `r.name_key NOT LIKE ' gone %'`

// deleteRoom deletes the room, a large one but for its remains.
func (s *Store) deleteRoom(ctx context.Context, tx *roomTx, by chat.UserID) error {
	// The bots of its webhooks go for good: what they said goes with the room.
	if _, err := tx.ExecContext(ctx, `UPDATE users SET expires_at = $2 WHERE id IN
		(SELECT user_id FROM incoming_hooks WHERE room_id = $1 UNION ALL SELECT user_id FROM spare_webhook_bots WHERE room_id = $1)`,
		int64(tx.room), int64(s.clock())); err != nil {
		return err
	}
	remove := `DELETE FROM rooms WHERE id = $1 RETURNING name`
	if tx.head > removedAtOnce {
		if err := s.empty(ctx, tx); err != nil {
			return err
		}
		remove = `UPDATE rooms SET name_key = ' gone ' || id, private = true, password = NULL, member_count = 0 WHERE id = $1 RETURNING name`
	}
	var name string
	if err := tx.QueryRowContext(ctx, remove, int64(tx.room)).Scan(&name); err != nil {
		return err
	}
	return s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: chat.AuditRoomDeleted, Room: tx.room, Detail: name})
}

// empty takes everybody out of the room and closes every way in: with its name gone
// too, the room is missing for all, and what is left of it waits for PurgeDeletedRooms.
func (s *Store) empty(ctx context.Context, tx *roomTx) error {
	for _, table := range []string{"room_members", "invites", "incoming_hooks", "outgoing_hooks", "spare_webhook_bots", "direct_rooms"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE room_id = $1`, int64(tx.room)); err != nil {
			return err
		}
	}
	return nil
}

// PurgeDeletedRooms removes some of what is left of rooms that are gone. Several nodes
// at once each take their own part.
func (s *Store) PurgeDeletedRooms(ctx context.Context) (more bool, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var room int64
	err = s.read.QueryRowContext(ctx, `SELECT r.id FROM rooms r WHERE NOT (`+there+`) ORDER BY r.id LIMIT 1`).Scan(&room)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, s.fail("find gone room", err)
	}
	some, n := `SELECT id FROM messages WHERE room_id = $1 ORDER BY id LIMIT $2`+s.engine.lockIdle(), 0
	err = each(ctx, s.write, func(row) error { n++; return nil },
		`DELETE FROM messages WHERE id IN (`+some+`) RETURNING id`, room, remainsBatch)
	if err != nil || n == remainsBatch {
		return true, s.fail("remove remains", err)
	}
	_, err = s.write.ExecContext(ctx, `DELETE FROM rooms WHERE id = $1`, room)
	return true, s.fail("remove gone room", err)
}
