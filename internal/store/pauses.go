package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// pausable are the tables of what pauses when its maker may not make such any more.
var pausable = []pauseSQL{
	newPauseSQL("incoming_hooks AS h", "h", hookMaker, hookMakerMay, "h.created_at <= $2"),
	newPauseSQL("outgoing_hooks AS h", "h", hookMaker, hookMakerMay, "h.created_at <= $2 AND h.disabled_at IS NULL"),
	newPauseSQL("invites AS i", "i", "i.created_by", inviterMay, inForce),
}

// pauseSQL are the statements about the rows of one table in their room r. A notice is
// only about rows that would work at the time $2 if their maker were allowed.
type pauseSQL struct {
	forget string // the notices of rows that are active again
	find   string // rooms and makers of paused rows without a notice
	notice string // marks those of room $1 and maker $3
}

func newPauseSQL(table, row, maker, active, works string) pauseSQL {
	return pauseSQL{
		forget: `UPDATE ` + table + ` SET pause_noticed = false FROM rooms r WHERE r.id = ` + row + `.room_id AND ` + row + `.pause_noticed AND ` + active,
		find: `SELECT r.id AS room, ` + maker + ` AS maker FROM ` + table + ` JOIN rooms r ON r.id = ` + row + `.room_id
			WHERE NOT ` + row + `.pause_noticed AND ` + works + ` AND NOT ` + active,
		notice: `UPDATE ` + table + ` SET pause_noticed = true FROM rooms r
			WHERE r.id = ` + row + `.room_id AND r.id = $1 AND ` + maker + ` = $3 AND NOT ` + row + `.pause_noticed AND ` + works + ` AND NOT ` + active,
	}
}

// ResumeIncoming makes by answer for an incoming webhook.
func (s *Store) ResumeIncoming(ctx context.Context, room chat.RoomID, id chat.WebhookID, by chat.UserID, rule chat.MemberRule) (hook chat.IncomingWebhook, err error) {
	err = s.resumeHook(ctx, room, id, by, rule, "incoming", `
		UPDATE incoming_hooks SET created_by = $3, pause_noticed = false WHERE id = $1 AND room_id = $2`, func(tx *roomTx) error {
		hook, err = scanIncoming(tx.QueryRowContext(ctx, incomingSelect+` WHERE h.id = $1`, int64(id)))
		return err
	})
	return hook, err
}

// ResumeOutgoing makes by answer for an outgoing webhook, which is due at once.
func (s *Store) ResumeOutgoing(ctx context.Context, room chat.RoomID, id chat.WebhookID, by chat.UserID, rule chat.MemberRule) (hook chat.OutgoingWebhook, err error) {
	err = s.resumeHook(ctx, room, id, by, rule, "outgoing", `
		UPDATE outgoing_hooks SET created_by = $3, pause_noticed = false, failures = 0, failing_since = NULL, last_error = '', disabled_at = NULL, next_at = 0
		WHERE id = $1 AND room_id = $2`, func(tx *roomTx) error {
		hook, err = scanOutgoing(tx.QueryRowContext(ctx, outgoingSelect+` WHERE h.id = $1`, int64(id)))
		return err
	})
	return hook, err
}

func (s *Store) resumeHook(ctx context.Context, room chat.RoomID, id chat.WebhookID, by chat.UserID, rule chat.MemberRule,
	kind, update string, read func(tx *roomTx) error,
) error {
	err := s.asMember(ctx, room, by, 0, rule, func(tx *roomTx) error {
		if err := affected(tx.ExecContext(ctx, update, int64(id), int64(room), int64(by))); err != nil {
			return err
		}
		if err := s.auditHook(ctx, tx, by, chat.AuditWebhookResumed, fmt.Sprintf("%s %d", kind, id)); err != nil {
			return err
		}
		return read(tx)
	})
	return s.fail("resume webhook", err)
}

// UnnoticedPauses returns rooms with paused webhooks or invites that have no notice yet.
func (s *Store) UnnoticedPauses(ctx context.Context, limit int) ([]chat.Pause, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var selects []string
	for _, p := range pausable {
		if _, err := s.write.ExecContext(ctx, p.forget); err != nil {
			return nil, s.fail("clear notices of pauses", err)
		}
		selects = append(selects, p.find)
	}
	pauses, err := readAll(ctx, s.read, func(r row) (p chat.Pause, err error) {
		err = r.Scan(&p.Room, &p.Maker)
		return p, err
	}, strings.Join(selects, ` UNION `)+` ORDER BY room, maker LIMIT $1`, limit, int64(s.clock()))
	return pauses, s.fail("find paused webhooks", err)
}

// NoticePause writes the notice that what a maker made in a room is paused, once.
func (s *Store) NoticePause(ctx context.Context, p chat.Pause) (notice *chat.Message, err error) {
	err = s.inRoom(ctx, p.Room, func(tx *roomTx) error {
		var changed int64
		for _, t := range pausable {
			result, err := tx.ExecContext(ctx, t.notice, int64(p.Room), int64(s.clock()), int64(p.Maker))
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			changed += n
		}
		if changed == 0 {
			return nil
		}
		notice, err = s.tell(ctx, tx, p.Maker, p.Maker, chat.Paused, "Webhooks and invites that {subject} made are paused, because {subject} may not manage them in this room any more.")
		return err
	})
	return notice, s.fail("notice pause", err)
}
