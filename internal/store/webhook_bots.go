package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/chillin-chat/chillin/internal/chat"
)

// webhookBot returns the bot for a new incoming webhook of the room. It reuses the bot of a
// deleted webhook that never sent a message, with the new name, or creates a user.
func (s *Store) webhookBot(ctx context.Context, tx *roomTx, a chat.NewAccount) (id chat.UserID, err error) {
	err = tx.QueryRowContext(ctx, `
		DELETE FROM spare_webhook_bots WHERE user_id =
			(SELECT b.user_id FROM spare_webhook_bots b WHERE b.room_id = $1
				AND NOT EXISTS (SELECT 1 FROM room_bans x WHERE x.room_id = b.room_id AND x.user_id = b.user_id)
				AND NOT EXISTS (SELECT 1 FROM room_mutes x WHERE x.room_id = b.room_id AND x.user_id = b.user_id)
			ORDER BY b.user_id LIMIT 1) RETURNING user_id`, int64(tx.room)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return s.addBot(ctx, tx.Tx, 0, a)
	}
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE users SET display_name = $2, disabled_at = NULL WHERE id = $1`, int64(id), a.DisplayName)
	return id, err
}

// retireBot disables the bot of a deleted webhook. A bot that has sent a message keeps its
// name, because the messages remain. Any other bot is kept for the next webhook.
func (s *Store) retireBot(ctx context.Context, tx *roomTx, bot chat.UserID) error {
	if _, err := tx.ExecContext(ctx, `UPDATE users SET disabled_at = $2 WHERE id = $1`, int64(bot), int64(s.clock())); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO spare_webhook_bots (room_id, user_id)
		SELECT $1, u.id FROM users u WHERE u.id = $2
			AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.author_id = u.id AND m.cid IS NOT NULL)`, int64(tx.room), int64(bot))
	return err
}
