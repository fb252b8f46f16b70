package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Directs = (*Store)(nil)

// directKey returns the name_key of a direct room. Folded names never start with a space, so
// that no user can use or find this key by typing a name.
func directKey(low, high chat.UserID) string { return fmt.Sprintf(" direct %d %d", low, high) }

// OpenDirect returns the direct room of two users and creates it if necessary. If both create
// it at the same time, the second waits for the unique key and gets the room of the first.
func (s *Store) OpenDirect(ctx context.Context, by, with chat.UserID) (chat.Room, [2]chat.Membership, bool, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var id chat.RoomID
	var room chat.Room
	var memberships [2]chat.Membership
	created := false
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var err error
		if id, created, err = s.findOrCreateDirect(ctx, tx, by, with); err != nil {
			return err
		}
		for i, user := range []chat.UserID{by, with} {
			if created {
				memberships[i], err = s.addMember(ctx, tx, id, user, chat.Member, 0)
			} else {
				memberships[i], err = s.membership(ctx, tx, id, user)
			}
			if err != nil && (i == 0 || !errors.Is(err, sql.ErrNoRows)) {
				return err
			}
		}
		room, err = s.oneRoom(ctx, tx, `SELECT `+roomColumns+` FROM rooms r WHERE r.id = $1`, int64(id))
		return err
	})
	return room, memberships, created, s.fail("open direct room", err)
}

// findOrCreateDirect returns the id of the direct room of two users and whether it is new.
func (s *Store) findOrCreateDirect(ctx context.Context, tx *sql.Tx, by, with chat.UserID) (id chat.RoomID, created bool, err error) {
	key := directKey(min(by, with), max(by, with))
	find := func() error {
		return tx.QueryRowContext(ctx, `SELECT id FROM rooms WHERE name_key = $1`, key).Scan(&id)
	}
	exists, err := rowFound(find())
	if err == nil && !exists {
		err = s.lockPair(ctx, tx, by, with) // no block is added until the room exists
	}
	if err != nil {
		return 0, false, err
	}
	block, err := blockBetween(ctx, tx, by, with)
	if err == nil {
		err = block.CheckOpen()
	}
	if err != nil || exists {
		return id, false, err
	}
	now := int64(s.clock())
	var active int
	err = tx.QueryRowContext(ctx, `SELECT 1 FROM users WHERE id = $1 AND deleted_at IS NULL AND disabled_at IS NULL
		AND (expires_at IS NULL OR expires_at > $2)`, int64(with), now).Scan(&active)
	if err != nil {
		return 0, false, err
	}
	err = tx.QueryRowContext(ctx, `
		INSERT INTO rooms (name, name_key, private, owner_id, member_count, active_at, created_at)
		VALUES ('direct', $1, true, $2, 2, $3, $3) ON CONFLICT (name_key) DO NOTHING RETURNING id`, key, int64(by), now).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return id, false, find()
	}
	if err != nil {
		return 0, false, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO direct_rooms (room_id, low_id, high_id) VALUES ($1, $2, $3)`,
		int64(id), int64(min(by, with)), int64(max(by, with)))
	return id, true, err
}

// addDirectNames sets the name and the two users of each direct room in rooms. The same room
// can occur several times.
func (s *Store) addDirectNames(ctx context.Context, from querier, rooms []*chat.Room) error {
	var ids []int64
	direct := map[chat.RoomID][]chat.Author{}
	for _, r := range rooms {
		if r.Direct {
			ids = append(ids, int64(r.ID))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	err := forEachRow(ctx, from, func(r row) error {
		var id chat.RoomID
		var a chat.Author
		var avatar string
		err := r.Scan(&id, &a.ID, &a.Username, &a.DisplayName, &avatar)
		if err == nil {
			a.AvatarURL = avatarURL(avatar)
			direct[id] = append(direct[id], a)
		}
		return err
	}, `SELECT d.room_id, u.id, u.username, u.display_name, u.avatar_key
		FROM direct_rooms d JOIN users u ON u.id IN (d.low_id, d.high_id)
		WHERE `+s.dialect.in("d.room_id", 1, bigintList)+` ORDER BY u.id`, s.dialect.list(ids))
	for _, r := range rooms {
		if r.Direct {
			r.With = direct[r.ID]
			r.Name = chat.DirectName(r.With)
		}
	}
	return err
}
