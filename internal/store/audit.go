package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// audit writes down a deed in its own transaction. The log refers to nothing by
// key: what it tells outlives rooms and users.
func (s *Store) audit(ctx context.Context, tx *sql.Tx, e chat.AuditEntry) error {
	if err := inTurn(ctx, tx, s.writeDown(e)...); err != nil {
		return fmt.Errorf("write audit log: %w", err)
	}
	return nil
}

// writeDown are the steps of an entry. What one kind of act in one room takes is bounded,
// whoever repeats it; other kinds and other rooms lose nothing by that.
func (s *Store) writeDown(e chat.AuditEntry) []step {
	steps := []step{do(`
		INSERT INTO audit (at, actor_id, action, room_id, user_id, detail)
		VALUES ($1, NULLIF($2, CAST(0 AS bigint)), $3, NULLIF($4, CAST(0 AS bigint)), NULLIF($5, CAST(0 AS bigint)), $6)`,
		int64(s.clock()), int64(e.Actor), string(e.Action), int64(e.Room), int64(e.User), e.Detail)}
	if e.Room == 0 {
		return steps
	}
	return append(steps, do(`
		DELETE FROM audit WHERE room_id = $1 AND action = $2 AND id <=
			(SELECT id FROM audit WHERE room_id = $1 AND action = $2 ORDER BY id DESC LIMIT 1 OFFSET $3)`,
		int64(e.Room), string(e.Action), chat.MaxAuditEntries))
}

// PurgeAudit removes entries about rooms that are older than after. Those about the
// whole server stay.
func (s *Store) PurgeAudit(ctx context.Context, after time.Duration, limit int) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	_, err := s.write.ExecContext(ctx, `DELETE FROM audit WHERE id IN
		(SELECT id FROM audit WHERE room_id IS NOT NULL AND at < $1 ORDER BY at LIMIT $2)`, int64(s.clock())-after.Milliseconds(), limit)
	return s.fail("forget audit entries", err)
}

// WriteAudit logs a deed that is not of the database.
func (s *Store) WriteAudit(ctx context.Context, e chat.AuditEntry) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	return s.fail("write down", s.inTx(ctx, func(tx *sql.Tx) error { return s.audit(ctx, tx, e) }))
}

// Audit returns a page of the log with the names of today.
func (s *Store) Audit(ctx context.Context, before int64, limit int) ([]chat.AuditRecord, bool, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	if before == 0 {
		before = math.MaxInt64
	}
	records, err := readAll(ctx, s.read, scanAudit, `SELECT e.id, e.at, e.action, e.detail, e.room_id, COALESCE(r.name, ''),
			e.actor_id, COALESCE(a.username, ''), COALESCE(a.display_name, ''), COALESCE(a.avatar_key, ''),
			e.user_id, COALESCE(u.username, ''), COALESCE(u.display_name, ''), COALESCE(u.avatar_key, '')
		FROM audit e LEFT JOIN rooms r ON r.id = e.room_id
			LEFT JOIN users a ON a.id = e.actor_id LEFT JOIN users u ON u.id = e.user_id
		WHERE e.id < $1 ORDER BY e.id DESC LIMIT $2`, before, limit+1)
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
