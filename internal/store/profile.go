package store

import (
	"context"
	"database/sql"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Profiles = (*Store)(nil)

// ChangeProfile changes the display name, status message and time zone of a user.
func (s *Store) ChangeProfile(ctx context.Context, id chat.UserID, p chat.ProfilePatch) (chat.User, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	user, err := scanUser(s.write.QueryRowContext(ctx, `
		UPDATE users AS u SET display_name = COALESCE($2, display_name), status_message = COALESCE($3, status_message),
			time_zone = COALESCE($4, time_zone)
		WHERE u.id = $1 AND deleted_at IS NULL RETURNING `+returnedUser, int64(id), p.DisplayName, p.StatusMessage, p.TimeZone))
	return user, s.fail("change profile", err)
}

// returnedUser is userColumns for RETURNING, where SQLite does not support an alias.
const returnedUser = `id, username, display_name, avatar_key, guest, role, status_message, created_at, time_zone`

// SetAvatar sets the avatar of a user. It locks the user's row before it reads the old
// avatar, so that of several concurrent calls each returns a different old avatar.
func (s *Store) SetAvatar(ctx context.Context, id chat.UserID, key string, size int64, quota chat.Quota) (chat.User, string, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var user chat.User
	var before string
	err := s.tx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT avatar_key FROM users WHERE id = $1 AND deleted_at IS NULL`+s.dialect.forUpdate(), int64(id)).Scan(&before)
		if err != nil {
			return err
		}
		// A trigger subtracts the size of the old avatar and schedules its deletion.
		user, err = scanUser(tx.QueryRowContext(ctx, `UPDATE users SET avatar_key = $2 WHERE id = $1 RETURNING `+returnedUser, int64(id), key))
		if err != nil || key == "" {
			return err
		}
		return s.recordBlobs(ctx, tx, id, quota, map[string]int64{avatarBlob(key): size})
	})
	return user, before, s.fail("set avatar", err)
}

// avatarBlob returns the key under which the size of an avatar is recorded.
func avatarBlob(key string) string { return "avatars/" + key }
