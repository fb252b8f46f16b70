package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// audit writes an entry in the transaction of the action. The audit log has no foreign keys:
// its entries outlive rooms and users.
func (s *Store) audit(ctx context.Context, tx *sql.Tx, e chat.AuditEntry) error {
	if err := execAll(ctx, tx, s.auditStmts(e)...); err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	return nil
}

// auditStmts returns the statements that write an entry. For an entry about a room they
// delete the oldest entries with the same action in the same room above a limit, so that
// repeating one action cannot push out other entries.
func (s *Store) auditStmts(e chat.AuditEntry) []stmt {
	stmts := []stmt{exec(`
		INSERT INTO audit (at, actor_id, action, room_id, user_id, detail)
		VALUES ($1, NULLIF($2, CAST(0 AS bigint)), $3, NULLIF($4, CAST(0 AS bigint)), NULLIF($5, CAST(0 AS bigint)), $6)`,
		int64(s.clock()), int64(e.Actor), string(e.Action), int64(e.Room), int64(e.User), e.Detail)}
	if e.Room == 0 {
		return stmts
	}
	return append(stmts, exec(`
		DELETE FROM audit WHERE room_id = $1 AND action = $2 AND id <=
			(SELECT id FROM audit WHERE room_id = $1 AND action = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)`,
		int64(e.Room), string(e.Action), chat.MaxAuditEntries))
}

// PurgeAudit deletes entries about rooms that are older than after. Entries about the server
// are kept.
func (s *Store) PurgeAudit(ctx context.Context, after time.Duration, limit int) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `DELETE FROM audit WHERE id IN
		(SELECT id FROM audit WHERE room_id IS NOT NULL AND at < $1 ORDER BY at LIMIT $2)`, int64(s.clock())-after.Milliseconds(), limit)
	return s.fail("purge audit log", err)
}

// WriteAudit writes an entry for an action that does not change the database.
func (s *Store) WriteAudit(ctx context.Context, e chat.AuditEntry) error {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	return s.fail("write audit log", s.tx(ctx, func(tx *sql.Tx) error { return s.audit(ctx, tx, e) }))
}

// Audit returns a page of the log with current names: the entries with ids below before, or the
// newest.
func (s *Store) Audit(ctx context.Context, before *int64, limit int) ([]chat.AuditRecord, bool, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	if before == nil {
		before = new(int64(math.MaxInt64))
	}
	records, err := queryAll(ctx, s.read, scanAudit, `SELECT e.id, e.at, e.action, e.detail, e.room_id, COALESCE(r.name, ''),
			e.actor_id, COALESCE(a.username, ''), COALESCE(a.display_name, ''), COALESCE(a.avatar_key, ''),
			e.user_id, COALESCE(u.username, ''), COALESCE(u.display_name, ''), COALESCE(u.avatar_key, '')
		FROM audit e LEFT JOIN rooms r ON r.id = e.room_id
			LEFT JOIN users a ON a.id = e.actor_id LEFT JOIN users u ON u.id = e.user_id
		WHERE e.id < $1 ORDER BY e.id DESC LIMIT $2`, *before, limit+1)
	return records[:min(len(records), limit)], len(records) > limit, s.fail("read audit log", err)
}

func scanAudit(r row) (chat.AuditRecord, error) {
	var (
		e                 chat.AuditRecord
		room, actor, user sql.NullInt64
		name              string
		a, u              chat.Author
	)
	err := r.Scan(&e.ID, &e.At, &e.Action, &e.Detail, &room, &name,
		&actor, &a.Username, &a.DisplayName, &a.AvatarURL, &user, &u.Username, &u.DisplayName, &u.AvatarURL)
	if room.Valid {
		e.Room = &chat.AuditRoom{ID: chat.RoomID(room.Int64), Name: name}
	}
	if actor.Valid {
		a.ID, a.AvatarURL = chat.UserID(actor.Int64), avatarURL(a.AvatarURL)
		e.Actor = &a
	}
	if user.Valid {
		u.ID, u.AvatarURL = chat.UserID(user.Int64), avatarURL(u.AvatarURL)
		e.User = &u
	}
	return e, err
}
