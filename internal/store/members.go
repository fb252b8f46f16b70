package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

func (s *Store) membership(ctx context.Context, tx *sql.Tx, room chat.RoomID, user chat.UserID) (chat.Membership, error) {
	var m chat.Membership
	err := execAll(ctx, tx, s.selectMembership(room, user, &m))
	return m, err
}

// selectMembership reads a membership into dest.
func (s *Store) selectMembership(room chat.RoomID, user chat.UserID, dest *chat.Membership) stmt {
	return queryRow(func(r row) error {
		m := chat.Membership{RoomID: room, UserID: user}
		err := r.Scan(&m.Role, &m.JoinedAt, &m.LastRead, &m.MutedUntil, &m.Block)
		m.MutedUntil = s.ifFuture(m.MutedUntil)
		*dest = m
		return err
	}, `SELECT m.role, m.joined_at, m.last_read, `+mutedUntil("m")+`, `+directBlock+` FROM room_members m WHERE m.room_id = $1 AND m.user_id = $2`,
		int64(room), int64(user))
}

// Join makes user a member.
func (s *Store) Join(ctx context.Context, room chat.RoomID, user chat.UserID, rule chat.JoinRule) (chat.Membership, *chat.Message, error) {
	var current chat.Room
	reads := []stmt{queryRow(func(r row) (err error) {
		current, err = s.scanRoom(r)
		return err
	}, `SELECT `+roomColumns+` FROM rooms r WHERE r.id = $1`, int64(room))}
	membership, systemMsg, err := s.joinRoom(ctx, room, user, reads, func() error {
		if rule == nil {
			return nil
		}
		return rule(current)
	})
	return membership, systemMsg, s.fail("join room", err)
}

// joinRoom makes user a member under the room lock, unless the user is banned or admit returns an
// error. reads are executed first. If the user is a member already, it changes nothing, reverts reads
// and does not call admit. Many users can join at the same time: it takes two round trips.
func (s *Store) joinRoom(ctx context.Context, room chat.RoomID, user chat.UserID, reads []stmt, admit func() error) (membership chat.Membership, systemMsg *chat.Message, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	release, err := s.rooms.acquire(ctx, room, maxWaiting)
	if err != nil {
		return membership, nil, err
	}
	defer release()
	var head chat.Seq
	var joined, banned bool
	var author chat.Author
	first := []stmt{
		s.lockRoom(room, &head),
		ifAny(&joined, s.selectMembership(room, user, &membership)),
		selectBan(room, user, &banned),
		// Until the transaction ends, the account cannot be closed. A close that follows finds the membership.
		queryRow(scanAuthor(&author), `SELECT `+authorColumns+` FROM users u WHERE u.id = $1 AND u.deleted_at IS NULL`+s.dialect.forUpdate(), int64(user)),
	}
	err = s.batchTx(ctx, append(first, reads...), func() ([]stmt, error) {
		if joined {
			return nil, nil
		}
		if banned {
			return nil, chat.Errorf(chat.Forbidden, "You are banned from this room.")
		}
		if err := admit(); err != nil {
			return nil, err
		}
		systemMsg = s.newSystemMessage(room, head+1, author, user, chat.Joined, author.DisplayName+" joined the room.")
		return []stmt{
			insertSystemMessageStmt(systemMsg),
			// A new member has read everything before the join.
			s.insertMember(room, user, chat.Member, head+1, &membership),
			exec(`UPDATE rooms SET head = $2, member_count = member_count + 1 WHERE id = $1`, int64(room), int64(head+1)),
		}, nil
	})
	if err != nil {
		return chat.Membership{}, nil, err
	}
	return membership, systemMsg, nil
}

// addMember inserts a membership and returns it, with a mute of an earlier membership if it
// is still in force. It does not add a user whose account is deleted. The caller has already
// inserted a row that refers to the user. Until the transaction ends, the account therefore
// cannot be closed, because closing changes the username, which is a key. A close that
// follows finds the membership.
func (s *Store) addMember(ctx context.Context, tx *sql.Tx, room chat.RoomID, user chat.UserID, role chat.RoomRole, read chat.Seq) (chat.Membership, error) {
	var m chat.Membership
	err := execAll(ctx, tx, s.insertMember(room, user, role, read, &m))
	return m, err
}

// insertMember inserts a membership and reads it into dest.
func (s *Store) insertMember(room chat.RoomID, user chat.UserID, role chat.RoomRole, read chat.Seq, dest *chat.Membership) stmt {
	m := chat.Membership{RoomID: room, UserID: user, Role: role, JoinedAt: s.clock(), LastRead: read}
	return queryRow(func(r row) error {
		err := r.Scan(&m.MutedUntil)
		m.MutedUntil = s.ifFuture(m.MutedUntil)
		*dest = m
		return err
	}, `
		INSERT INTO room_members (room_id, user_id, role, joined_at, last_read)
		SELECT $1, u.id, $3, $4, $5 FROM users u WHERE u.id = $2 AND u.deleted_at IS NULL
		RETURNING COALESCE((SELECT x.muted_until FROM room_mutes x WHERE x.room_id = $1 AND x.user_id = $2), 0)`,
		int64(room), int64(user), string(role), int64(m.JoinedAt), int64(read))
}

// Leave ends a membership.
func (s *Store) Leave(ctx context.Context, room chat.RoomID, user chat.UserID) (*chat.Message, error) {
	var systemMsg *chat.Message
	err := s.roomTx(ctx, room, func(tx *roomTx) error {
		membership, err := s.membership(ctx, tx.Tx, room, user)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if membership.Role == chat.Owner {
			return chat.Errorf(chat.Forbidden, "The owner cannot leave. Transfer the room or delete it first.")
		}
		if err := s.removeMember(ctx, tx, user); err != nil {
			return err
		}
		systemMsg, err = s.insertSystemMessage(ctx, tx, user, user, chat.Left, "{subject} left the room.")
		return err
	})
	return systemMsg, s.fail("leave room", err)
}

func (s *Store) removeMember(ctx context.Context, tx *roomTx, user chat.UserID) error {
	tx.members--
	_, err := tx.ExecContext(ctx, `DELETE FROM room_members WHERE room_id = $1 AND user_id = $2`, int64(tx.room), int64(user))
	return err
}

// MarkRead moves the read marker of a member forward.
func (s *Store) MarkRead(ctx context.Context, room chat.RoomID, user chat.UserID, seq chat.Seq) (chat.ReadState, error) {
	ctx, cancel := withTimeout(ctx)
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
	return state, s.fail("count unread", err)
}

// SetRole sets the role of a member.
func (s *Store) SetRole(ctx context.Context, room chat.RoomID, by, member chat.UserID, role chat.RoomRole, rule chat.MemberRule) (chat.Membership, error) {
	var m chat.Membership
	err := s.asMember(ctx, room, by, member, rule, func(tx *roomTx) error {
		before, err := s.membership(ctx, tx.Tx, room, member)
		if err != nil {
			return err
		}
		if role == chat.Owner && by != member {
			// Demote the old owner first: a room never has two owners.
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

// Kick ends the membership of another user.
func (s *Store) Kick(ctx context.Context, room chat.RoomID, by, member chat.UserID, rule chat.MemberRule) (*chat.Message, error) {
	var systemMsg *chat.Message
	err := s.asMember(ctx, room, by, member, rule, func(tx *roomTx) error {
		var err error
		if systemMsg, err = s.kick(ctx, tx, by, member, "{author} removed {subject} from the room."); err != nil {
			return err
		}
		return s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: chat.AuditKicked, Room: room, User: member})
	})
	return systemMsg, s.fail("kick", err)
}
