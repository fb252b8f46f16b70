package store

import (
	"context"
	"database/sql"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Profiles = (*Store)(nil)

// ChangeProfile changes the names of a user.
func (s *Store) ChangeProfile(ctx context.Context, id chat.UserID, p chat.ProfilePatch) (chat.User, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	user, err := scanUser(s.write.QueryRowContext(ctx, `
		UPDATE users AS u SET display_name = COALESCE($2, display_name), status_message = COALESCE($3, status_message)
		WHERE u.id = $1 AND deleted_at IS NULL RETURNING `+returnedUser, int64(id), p.DisplayName, p.StatusMessage))
	return user, s.fail("change profile", err)
}

// returnedUser is userColumns for RETURNING, where SQLite knows no alias.
const returnedUser = `id, username, display_name, avatar_key, guest, role, status_message, created_at`

// SetAvatar takes the user's row before it looks, so that of two at once each
// learns of another avatar before.
func (s *Store) SetAvatar(ctx context.Context, id chat.UserID, key string, size int64, quota chat.Quota) (chat.User, string, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var user chat.User
	var before string
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT avatar_key FROM users WHERE id = $1 AND deleted_at IS NULL`+s.engine.lockRoom(), int64(id)).Scan(&before)
		if err != nil {
			return err
		}
		// A trigger frees the bytes of the avatar before and schedules its deletion.
		user, err = scanUser(tx.QueryRowContext(ctx, `UPDATE users SET avatar_key = $2 WHERE id = $1 RETURNING `+returnedUser, int64(id), key))
		if err != nil || key == "" {
			return err
		}
		return s.recordBlobs(ctx, tx, id, quota, map[string]int64{avatarBlob(key): size})
	})
	return user, before, s.fail("set avatar", err)
}

// avatarBlob is the name under which the size of an avatar is recorded.
func avatarBlob(key string) string { return "avatars/" + key }
