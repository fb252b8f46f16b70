package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// pausable lists the tables whose rows are paused while their maker does not have the
// permission that is needed to create them.
var pausable = []pauseSQL{
	newPauseSQL("incoming_hooks AS h", "h", webhookMaker, webhookMakerAllowed, "h.created_at <= $2"),
	newPauseSQL("outgoing_hooks AS h", "h", webhookMaker, webhookMakerAllowed, "h.created_at <= $2 AND h.disabled_at IS NULL"),
	newPauseSQL("invites AS i", "i", "i.created_by", inviterAllowed, inviteValid),
}

// pauseSQL are the statements for one table, with room r of each row. A notice is written
// only for rows that would work at time $2 if their maker had the permission.
type pauseSQL struct {
	clear  string // clears the notice of rows that are active again
	find   string // selects rooms and makers of paused rows without a notice
	notice string // marks the rows of room $1 and maker $3 as noticed
}

func newPauseSQL(table, row, maker, active, works string) pauseSQL {
	return pauseSQL{
		clear: `UPDATE ` + table + ` SET pause_noticed = false FROM rooms r WHERE r.id = ` + row + `.room_id AND ` + row + `.pause_noticed AND ` + active,
		find: `SELECT r.id AS room, ` + maker + ` AS maker FROM ` + table + ` JOIN rooms r ON r.id = ` + row + `.room_id
			WHERE NOT ` + row + `.pause_noticed AND ` + works + ` AND NOT ` + active,
		notice: `UPDATE ` + table + ` SET pause_noticed = true FROM rooms r
			WHERE r.id = ` + row + `.room_id AND r.id = $1 AND ` + maker + ` = $3 AND NOT ` + row + `.pause_noticed AND ` + works + ` AND NOT ` + active,
	}
}

// ResumeIncoming resumes an incoming webhook and makes by its maker.
func (s *Store) ResumeIncoming(ctx context.Context, room chat.RoomID, id chat.WebhookID, by chat.UserID, rule chat.MemberRule) (webhook chat.IncomingWebhook, err error) {
	err = s.resumeWebhook(ctx, room, id, by, rule, "incoming", `
		UPDATE incoming_hooks SET created_by = $3, pause_noticed = false WHERE id = $1 AND room_id = $2`, func(tx *roomTx) error {
		webhook, err = scanIncoming(tx.QueryRowContext(ctx, incomingSelect+` WHERE h.id = $1`, int64(id)))
		return err
	})
	return webhook, err
}

// ResumeOutgoing resumes an outgoing webhook and makes by its maker. It is due at once.
func (s *Store) ResumeOutgoing(ctx context.Context, room chat.RoomID, id chat.WebhookID, by chat.UserID, rule chat.MemberRule) (webhook chat.OutgoingWebhook, err error) {
	err = s.resumeWebhook(ctx, room, id, by, rule, "outgoing", `
		UPDATE outgoing_hooks SET created_by = $3, pause_noticed = false, failures = 0, failing_since = NULL, last_error = '', disabled_at = NULL, next_at = 0
		WHERE id = $1 AND room_id = $2`, func(tx *roomTx) error {
		webhook, err = scanOutgoing(tx.QueryRowContext(ctx, outgoingSelect+` WHERE h.id = $1`, int64(id)))
		return err
	})
	return webhook, err
}

func (s *Store) resumeWebhook(ctx context.Context, room chat.RoomID, id chat.WebhookID, by chat.UserID, rule chat.MemberRule,
	kind, update string, read func(tx *roomTx) error,
) error {
	err := s.asMember(ctx, room, by, 0, rule, func(tx *roomTx) error {
		if err := requireAffected(tx.ExecContext(ctx, update, int64(id), int64(room), int64(by))); err != nil {
			return err
		}
		if err := s.auditWebhook(ctx, tx, by, chat.AuditWebhookResumed, fmt.Sprintf("%s %d", kind, id)); err != nil {
			return err
		}
		return read(tx)
	})
	return s.fail("resume webhook", err)
}

// UnnoticedPauses returns rooms with paused webhooks or invites that have no notice yet.
func (s *Store) UnnoticedPauses(ctx context.Context, limit int) ([]chat.Pause, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var selects []string
	for _, p := range pausable {
		if _, err := s.write.ExecContext(ctx, p.clear); err != nil {
			return nil, s.fail("clear pause notices", err)
		}
		selects = append(selects, p.find)
	}
	pauses, err := queryAll(ctx, s.read, func(r row) (p chat.Pause, err error) {
		err = r.Scan(&p.Room, &p.Maker)
		return p, err
	}, strings.Join(selects, ` UNION `)+` ORDER BY room, maker LIMIT $1`, limit, int64(s.clock()))
	return pauses, s.fail("list pauses", err)
}

// WritePauseNotice writes a system message that the webhooks and invites of a maker in a room are
// paused. It writes the message once.
func (s *Store) WritePauseNotice(ctx context.Context, p chat.Pause) (notice *chat.Message, err error) {
	err = s.roomTx(ctx, p.Room, func(tx *roomTx) error {
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
		notice, err = s.insertSystemMessage(ctx, tx, p.Maker, p.Maker, chat.Paused, "Webhooks and invites by {subject} are paused because {subject} no longer has permission to manage them in this room.")
		return err
	})
	return notice, s.fail("write pause notice", err)
}
