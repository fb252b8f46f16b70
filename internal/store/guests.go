package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/chillin-chat/chillin/internal/chat"
)

// UpgradeGuest turns a guest into an account.
func (s *Store) UpgradeGuest(ctx context.Context, guest chat.UserID, a chat.NewAccount, sessionExpiry chat.Time) (chat.User, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var user chat.User
	err := s.tx(ctx, func(tx *sql.Tx) error {
		if err := lockInstance(ctx, tx); err != nil {
			return err
		}
		var err error
		user, err = scanUser(tx.QueryRowContext(ctx, `
			UPDATE users SET username = $2, email = NULLIF($3, ''), password = $4, guest = false, expires_at = NULL,
				display_name = CASE WHEN $5 <> '' THEN $5 WHEN display_name = username THEN $2 ELSE display_name END,
				role = CASE WHEN EXISTS (SELECT 1 FROM users WHERE NOT guest) THEN role ELSE 'admin' END
			WHERE id = $1 AND guest AND deleted_at IS NULL AND expires_at > $6 RETURNING `+returnedUser,
			int64(guest), a.Username, a.Email, string(a.PasswordHash), a.DisplayName, int64(s.clock())))
		if errors.Is(err, sql.ErrNoRows) {
			return chat.Errorf(chat.Forbidden, "Only a guest can be upgraded to an account.")
		}
		if err != nil {
			return err
		}
		if a.OnlyFirst && user.Role != chat.Admin {
			return chat.ErrSignUpClosed()
		}
		_, err = tx.ExecContext(ctx, `UPDATE sessions SET expires_at = $2 WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $3`,
			int64(guest), int64(sessionExpiry), int64(s.clock()))
		return err
	})
	return user, s.fail("upgrade guest", err)
}
