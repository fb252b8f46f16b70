package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

// audit writes down a deed in its own transaction. The log refers to nothing by
// key: what it tells outlives rooms and users.
func (s *Store) audit(ctx context.Context, tx *sql.Tx, e chat.AuditEntry) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO audit (at, actor_id, action, room_id, user_id, detail)
		VALUES ($1, NULLIF($2, CAST(0 AS bigint)), $3, NULLIF($4, CAST(0 AS bigint)), NULLIF($5, CAST(0 AS bigint)), $6)`,
		int64(s.clock()), int64(e.Actor), string(e.Action), int64(e.Room), int64(e.User), e.Detail)
	if err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	return nil
}
