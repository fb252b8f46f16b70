package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.AccountDeletion = (*Store)(nil)

// PendingDeletions returns the users whose expires_at has passed. FinishDeletion clears it.
func (s *Store) PendingDeletions(ctx context.Context, limit int) ([]chat.UserID, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	users, err := queryAll(ctx, s.read, scanValue[chat.UserID], `SELECT id FROM users WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2`, int64(s.clock()), limit)
	return users, s.fail("list pending deletions", err)
}

// CloseAccount anonymizes a user. If due is true, it returns NOT_FOUND unless the user's
// expires_at has passed.
func (s *Store) CloseAccount(ctx context.Context, id chat.UserID, username string, due bool) (chat.User, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var user chat.User
	err := s.tx(ctx, func(tx *sql.Tx) error {
		// Without the lock, the last two admins could leave at the same time.
		if err := lockInstance(ctx, tx); err != nil {
			return err
		}
		var closed, expired bool
		var err error
		user, err = scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+`, u.deleted_at IS NOT NULL, COALESCE(u.expires_at <= $2, false)
			FROM users u WHERE u.id = $1`+s.dialect.forUpdate(), int64(id), int64(s.clock())), &closed, &expired)
		switch {
		case err != nil:
			return err
		case due && !expired:
			return sql.ErrNoRows
		case closed:
			return nil
		}
		if err := s.requireOtherAdmin(ctx, tx, user); err != nil {
			return err
		}
		user, err = s.anonymize(ctx, tx, id, username)
		return err
	})
	return user, s.fail("close account", err)
}

// requireOtherAdmin returns an error if user is the last admin.
func (s *Store) requireOtherAdmin(ctx context.Context, tx *sql.Tx, user chat.User) error {
	other, err := s.otherAdmin(ctx, tx, user.ID)
	if err != nil {
		return err
	}
	return chat.Account{User: user}.CheckChange(chat.Account{User: user, Disabled: true}, other)
}

func (s *Store) anonymize(ctx context.Context, tx *sql.Tx, id chat.UserID, username string) (user chat.User, err error) {
	now := int64(s.clock())
	user, err = scanUser(tx.QueryRowContext(ctx, `
		UPDATE users SET username = $2, display_name = $3, email = NULL, password = NULL, status_message = '', time_zone = '',
			old_avatar = avatar_key, avatar_key = '', expires_at = $4, deleted_at = $4,
			role = CASE role WHEN 'admin' THEN 'user' ELSE role END
		WHERE id = $1 RETURNING `+returnedUser, int64(id), username, chat.DeletedUserName, now))
	if err != nil {
		return user, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM user_blocks WHERE blocker_id = $1 OR blocked_id = $1`, int64(id)); err != nil {
		return user, err
	}
	for _, statement := range []string{
		`UPDATE sessions SET ended_at = COALESCE(ended_at, $2), user_agent = '', ip = '' WHERE user_id = $1`,
		`UPDATE users SET expires_at = $2 WHERE owner_id = $1 AND deleted_at IS NULL`,
	} {
		if _, err := tx.ExecContext(ctx, statement, int64(id), now); err != nil {
			return user, err
		}
	}
	return user, nil
}

// RemoveFromRoom ends a membership under the room lock, whatever its role.
func (s *Store) RemoveFromRoom(ctx context.Context, room chat.RoomID, user chat.UserID) (chat.Removal, error) {
	var removal chat.Removal
	err := s.roomTx(ctx, room, func(tx *roomTx) error {
		membership, err := s.membership(ctx, tx.Tx, room, user)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		newOwner, err := s.nextOwner(ctx, tx, membership)
		if err != nil {
			return err
		}
		if newOwner == 0 {
			removal.Deleted = true
			return s.deleteRoom(ctx, tx, user)
		}
		if err := s.removeMember(ctx, tx, user); err != nil {
			return err
		}
		if membership.Role == chat.Owner {
			if removal.NewOwner, err = s.transferOwnership(ctx, tx, user, newOwner); err != nil {
				return err
			}
		}
		removal.SystemMessage, err = s.insertSystemMessage(ctx, tx, user, user, chat.Left, "{subject} left the room.")
		return err
	})
	return removal, s.fail("remove from room", err)
}

// nextOwner returns the owner of the room after m leaves: the current owner if that is
// another member, otherwise the next member. It returns 0 if there is none. Bots never become
// owner, and disabled users only if there is no other member. A direct room has no owner; for
// it the result is the remaining user.
func (s *Store) nextOwner(ctx context.Context, tx *roomTx, m chat.Membership) (id chat.UserID, err error) {
	err = tx.QueryRowContext(ctx, `
		SELECT m.user_id FROM room_members m JOIN users u ON u.id = m.user_id
		WHERE m.room_id = $1 AND m.user_id <> $2 AND (m.role = 'owner' OR u.deleted_at IS NULL AND u.role <> 'bot')
		ORDER BY CASE m.role WHEN 'owner' THEN 0 ELSE 1 END, u.disabled_at IS NOT NULL,
			CASE m.role WHEN 'admin' THEN 1 WHEN 'moderator' THEN 2 ELSE 3 END, m.joined_at, m.user_id
		LIMIT 1`, int64(m.RoomID), int64(m.UserID)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// transferOwnership makes newOwner the owner in place of an owner that is no longer a member.
func (s *Store) transferOwnership(ctx context.Context, tx *roomTx, owner, newOwner chat.UserID) (*chat.Membership, error) {
	if err := s.setRole(ctx, tx, newOwner, chat.Owner); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE rooms SET owner_id = $2 WHERE id = $1`, int64(tx.room), int64(newOwner)); err != nil {
		return nil, err
	}
	m, err := s.membership(ctx, tx.Tx, tx.room, newOwner)
	if err != nil {
		return nil, err
	}
	return &m, s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: owner, Action: chat.AuditRoomHandedOver, Room: tx.room, User: newOwner})
}

// FinishDeletion completes the deletion of a user that is not a member of any room.
func (s *Store) FinishDeletion(ctx context.Context, id chat.UserID) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `UPDATE users SET expires_at = NULL, old_avatar = ''
		WHERE id = $1 AND deleted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM room_members m WHERE m.user_id = $1)`, int64(id))
	return s.fail("finish account deletion", err)
}

// PurgeSessions deletes sessions that ended or expired longer ago than after.
func (s *Store) PurgeSessions(ctx context.Context, after time.Duration, limit int) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `DELETE FROM sessions WHERE id IN
		(SELECT id FROM sessions WHERE COALESCE(ended_at, expires_at) < $1 ORDER BY COALESCE(ended_at, expires_at) LIMIT $2)`,
		int64(s.clock())-after.Milliseconds(), limit)
	return s.fail("purge sessions", err)
}
