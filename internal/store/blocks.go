package store

import (
	"context"
	"database/sql"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Blocks = (*Store)(nil)

// directBlock is the chat.DirectBlock of the member m of a direct room, 0 in other rooms. Only in
// direct rooms it reads blocks. While the room is locked it stays valid: Block locks the room, too.
const directBlock = `COALESCE((SELECT max(CASE WHEN b.blocker_id = m.user_id THEN 2 ELSE 1 END) FROM direct_rooms d JOIN user_blocks b
	ON b.blocker_id = d.low_id AND b.blocked_id = d.high_id OR b.blocker_id = d.high_id AND b.blocked_id = d.low_id WHERE d.room_id = m.room_id), 0)`

// Block records that by has blocked user.
func (s *Store) Block(ctx context.Context, by, user chat.UserID) (changed bool, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if err := s.lockPair(ctx, tx, by, user); err != nil {
			return err
		}
		// A send locks the room before it reads the block: it commits before, or is refused.
		key := directKey(min(by, user), max(by, user))
		var room int64
		_, err := rowFound(tx.QueryRowContext(ctx, `SELECT id FROM rooms WHERE name_key = $1`+s.dialect.forUpdate(), key).Scan(&room))
		if err != nil {
			return err
		}
		var count int
		var known bool
		err = tx.QueryRowContext(ctx, `SELECT count(*), COALESCE(max(CASE blocked_id WHEN $2 THEN 1 ELSE 0 END), 0) = 1
			FROM user_blocks WHERE blocker_id = $1`, int64(by), int64(user)).Scan(&count, &known)
		switch {
		case err != nil || known:
			return err
		case count >= chat.MaxBlocks:
			return chat.Errorf(chat.Forbidden, "You can block at most %d people.", chat.MaxBlocks)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO user_blocks (blocker_id, blocked_id, created_at) VALUES ($1, $2, $3)`,
			int64(by), int64(user), int64(s.clock()))
		changed = err == nil
		return err
	})
	return changed && err == nil, s.fail("block user", err)
}

// lockPair locks the rows of two users until the transaction ends. It returns sql.ErrNoRows
// if one of them is unknown or deleted. While it holds the locks, none of the two accounts is
// closed, and no direct room of the two is created or blocked elsewhere.
func (s *Store) lockPair(ctx context.Context, tx *sql.Tx, a, b chat.UserID) error {
	found := 0
	err := forEachRow(ctx, tx, func(r row) error {
		found++
		var id int64
		return r.Scan(&id)
	}, `SELECT id FROM users WHERE id IN ($1, $2) AND deleted_at IS NULL ORDER BY id`+s.dialect.forUpdate(), int64(a), int64(b))
	if err == nil && found < 2 {
		err = sql.ErrNoRows
	}
	return err
}

// Unblock ends a block.
func (s *Store) Unblock(ctx context.Context, by, user chat.UserID) (bool, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	changed, err := rowFound(requireAffected(s.write.ExecContext(ctx, `DELETE FROM user_blocks WHERE blocker_id = $1 AND blocked_id = $2`,
		int64(by), int64(user))))
	return changed, s.fail("unblock user", err)
}

// Blocked returns the users that by has blocked.
func (s *Store) Blocked(ctx context.Context, by chat.UserID) ([]chat.User, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	users, err := s.queryUsers(ctx, `SELECT `+userColumns+` FROM user_blocks b JOIN users u ON u.id = b.blocked_id WHERE b.blocker_id = $1 ORDER BY u.username`, int64(by))
	return users, s.fail("list blocked users", err)
}

// BlockedIDs returns the ids of the users that by has blocked.
func (s *Store) BlockedIDs(ctx context.Context, by chat.UserID) ([]chat.UserID, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	blocked, err := s.blocks.Load(ctx, by)
	return blocked[by], s.fail("read blocked users", err)
}

func (s *Store) readBlocks(ctx context.Context, users []chat.UserID) (map[chat.UserID][]chat.UserID, error) {
	blocked := map[chat.UserID][]chat.UserID{}
	err := forEachRow(ctx, s.byKey, func(r row) error {
		var by, user chat.UserID
		err := r.Scan(&by, &user)
		blocked[by] = append(blocked[by], user)
		return err
	}, `SELECT blocker_id, blocked_id FROM user_blocks WHERE `+s.dialect.in("blocker_id", 1, bigintList)+` ORDER BY blocked_id`,
		s.dialect.list(int64s(users)))
	return blocked, err
}

// BlockIn returns the block of a member of a direct room.
func (s *Store) BlockIn(ctx context.Context, room chat.RoomID, member chat.UserID) (block chat.DirectBlock, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err = s.byKey.QueryRowContext(ctx, `SELECT `+directBlock+` FROM room_members m WHERE m.room_id = $1 AND m.user_id = $2`,
		int64(room), int64(member)).Scan(&block)
	return block, s.fail("read block", err)
}

// blockBetween returns the block of two users, as by sees it.
func blockBetween(ctx context.Context, from querier, by, with chat.UserID) (block chat.DirectBlock, err error) {
	err = from.QueryRowContext(ctx, `SELECT COALESCE(max(CASE blocker_id WHEN $1 THEN 2 ELSE 1 END), 0) FROM user_blocks
		WHERE blocker_id = $1 AND blocked_id = $2 OR blocker_id = $2 AND blocked_id = $1`, int64(by), int64(with)).Scan(&block)
	return block, err
}
