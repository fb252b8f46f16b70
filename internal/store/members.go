package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/chillin-chat/chillin/internal/chat"
)

func (s *Store) membership(ctx context.Context, tx *sql.Tx, room chat.RoomID, user chat.UserID) (chat.Membership, error) {
	var m chat.Membership
	err := inTurn(ctx, tx, s.askMembership(room, user, &m))
	return m, err
}

func (s *Store) askMembership(room chat.RoomID, user chat.UserID, into *chat.Membership) step {
	return reading(func(r row) error {
		m := chat.Membership{RoomID: room, UserID: user}
		err := r.Scan(&m.Role, &m.JoinedAt, &m.LastRead, &m.MutedUntil)
		m.MutedUntil = s.ahead(m.MutedUntil)
		*into = m
		return err
	}, `SELECT m.role, m.joined_at, m.last_read, `+mutedUntil("m")+` FROM room_members m WHERE m.room_id = $1 AND m.user_id = $2`,
		int64(room), int64(user))
}

// Members returns a page of members by username.
func (s *Store) Members(ctx context.Context, room chat.RoomID, limit int, cursor string) ([]chat.MemberView, string, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	after, err := afterName(cursor)
	if err != nil {
		return nil, "", err
	}
	members, err := readAll(ctx, s.read, func(r row) (m chat.MemberView, err error) {
		m.User, err = scanUser(r, &m.Role, &m.JoinedAt, &m.MutedUntil)
		m.MutedUntil = s.ahead(m.MutedUntil)
		return m, err
	}, `SELECT `+userColumns+`, m.role, m.joined_at, `+mutedUntil("m")+` FROM room_members m JOIN users u ON u.id = m.user_id
		WHERE m.room_id = $1 AND u.username > $2 ORDER BY u.username LIMIT $3`, int64(room), after, limit+1)
	page, next := pageByName(members, limit, func(m chat.MemberView) string { return m.User.Username })
	return page, next, s.fail("list members", err)
}

// Join makes user a member.
func (s *Store) Join(ctx context.Context, room chat.RoomID, user chat.UserID, rule chat.JoinRule) (chat.Membership, *chat.Message, error) {
	membership, told, err := s.enter(ctx, room, user, func(tx *roomTx) error {
		if rule == nil {
			return nil
		}
		now, err := s.scanRoom(tx.QueryRowContext(ctx, `SELECT `+roomColumns+` FROM rooms r WHERE r.id = $1`, int64(room)))
		if err != nil {
			return err
		}
		return rule(now)
	})
	return membership, told, s.fail("join room", err)
}

// enter makes user a member under the room's lock, unless it is banned or ticket
// refuses; for a member it changes nothing and asks no ticket.
func (s *Store) enter(ctx context.Context, room chat.RoomID, user chat.UserID, ticket func(tx *roomTx) error) (membership chat.Membership, told *chat.Message, err error) {
	err = s.inCrowdedRoom(ctx, room, func(tx *roomTx) error {
		var err error
		membership, err = s.membership(ctx, tx.Tx, room, user)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		banned, err := s.banned(ctx, tx, user)
		if err != nil {
			return err
		}
		if banned {
			return chat.Errorf(chat.Forbidden, "You are banned from this room.")
		}
		if err := ticket(tx); err != nil {
			return err
		}
		if told, err = s.tell(ctx, tx, user, user, chat.Joined, "{subject} joined the room."); err != nil {
			return err
		}
		tx.members++
		// Whoever joins has read what was before.
		membership, err = s.addMember(ctx, tx.Tx, room, user, chat.Member, tx.head)
		return err
	})
	return membership, told, err
}

// addMember returns the membership with a mute of before. It does not let in who is
// gone for good. The transaction has written a row that refers to the user before:
// until it ends the account cannot be closed (which changes its name, a key), and who
// closes it then finds the membership.
func (s *Store) addMember(ctx context.Context, tx *sql.Tx, room chat.RoomID, user chat.UserID, role chat.RoomRole, read chat.Seq) (chat.Membership, error) {
	m := chat.Membership{RoomID: room, UserID: user, Role: role, JoinedAt: s.clock(), LastRead: read}
	err := tx.QueryRowContext(ctx, `
		INSERT INTO room_members (room_id, user_id, role, joined_at, last_read)
		SELECT $1, u.id, $3, $4, $5 FROM users u WHERE u.id = $2 AND u.deleted_at IS NULL
		RETURNING COALESCE((SELECT x.muted_until FROM room_mutes x WHERE x.room_id = $1 AND x.user_id = $2), 0)`,
		int64(room), int64(user), string(role), int64(m.JoinedAt), int64(read)).Scan(&m.MutedUntil)
	m.MutedUntil = s.ahead(m.MutedUntil)
	return m, err
}

// Leave ends a membership.
func (s *Store) Leave(ctx context.Context, room chat.RoomID, user chat.UserID) (*chat.Message, error) {
	var told *chat.Message
	err := s.inRoom(ctx, room, func(tx *roomTx) error {
		membership, err := s.membership(ctx, tx.Tx, room, user)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if membership.Role == chat.Owner {
			return chat.Errorf(chat.Forbidden, "The owner cannot leave: hand the room over or delete it.")
		}
		if err := s.removeMember(ctx, tx, user); err != nil {
			return err
		}
		told, err = s.tell(ctx, tx, user, user, chat.Left, "{subject} left the room.")
		return err
	})
	return told, s.fail("leave room", err)
}

func (s *Store) removeMember(ctx context.Context, tx *roomTx, user chat.UserID) error {
	tx.members--
	_, err := tx.ExecContext(ctx, `DELETE FROM room_members WHERE room_id = $1 AND user_id = $2`, int64(tx.room), int64(user))
	return err
}

// MarkRead moves what a member has read last forward.
func (s *Store) MarkRead(ctx context.Context, room chat.RoomID, user chat.UserID, seq chat.Seq) (chat.ReadState, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `
		UPDATE room_members SET last_read = (SELECT CASE WHEN head < $3 THEN head ELSE $3 END FROM rooms WHERE id = $1)
		WHERE room_id = $1 AND user_id = $2 AND last_read < (SELECT CASE WHEN head < $3 THEN head ELSE $3 END FROM rooms WHERE id = $1)`,
		int64(room), int64(user), int64(seq))
	if err != nil {
		return chat.ReadState{}, s.fail("mark read", err)
	}
	var state chat.ReadState
	err = s.write.QueryRowContext(ctx, `SELECT me.last_read, `+unread+`, `+unreadMentions+` FROM room_members me WHERE me.room_id = $1 AND me.user_id = $2`,
		int64(room), int64(user)).Scan(&state.LastRead, &state.Unread, &state.Mentions)
	if errors.Is(err, sql.ErrNoRows) {
		return chat.ReadState{}, chat.ErrNotAMember()
	}
	return state, s.fail("read unread", err)
}
