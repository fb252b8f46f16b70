package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Hooks = (*Store)(nil)

// CreateIncoming makes an incoming webhook with its bot.
func (s *Store) CreateIncoming(ctx context.Context, n chat.NewIncomingHook, by chat.UserID, rule chat.MemberRule) (chat.IncomingHook, *chat.Message, error) {
	hook := chat.IncomingHook{RoomID: n.Room, Name: n.Bot.DisplayName, CreatedAt: s.clock()}
	var told *chat.Message
	err := s.asMember(ctx, n.Room, by, 0, rule, func(tx *roomTx) error {
		if err := s.roomForHook(ctx, tx, "incoming_hooks"); err != nil {
			return err
		}
		var err error
		if hook.UserID, err = s.addBot(ctx, tx.Tx, 0, n.Bot); err != nil {
			return err
		}
		if told, err = s.tell(ctx, tx, hook.UserID, hook.UserID, chat.Joined, "{subject} joined the room."); err != nil {
			return err
		}
		tx.members++
		if _, err = s.addMember(ctx, tx.Tx, n.Room, hook.UserID, chat.Member, tx.head); err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, `INSERT INTO incoming_hooks (room_id, user_id, token_hash, created_at) VALUES ($1, $2, $3, $4) RETURNING id`,
			int64(n.Room), int64(hook.UserID), n.TokenHash, int64(hook.CreatedAt)).Scan(&hook.ID)
		if err != nil {
			return err
		}
		return s.auditHook(ctx, tx, by, chat.AuditHookMade, fmt.Sprintf("incoming %d: %s", hook.ID, hook.Name))
	})
	return hook, told, s.fail("create webhook", err)
}

// roomForHook tells whether a room may have one more webhook.
func (s *Store) roomForHook(ctx context.Context, tx *roomTx, table string) error {
	var has int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM `+table+` WHERE room_id = $1`, int64(tx.room)).Scan(&has); err != nil {
		return err
	}
	if has >= chat.MaxHooks {
		return chat.Fault(chat.Forbidden, "A room has at most %d webhooks of each kind.", chat.MaxHooks)
	}
	return nil
}

func (s *Store) auditHook(ctx context.Context, tx *roomTx, by chat.UserID, action chat.AuditAction, detail string) error {
	return s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: action, Room: tx.room, Detail: detail})
}

// Incoming returns the incoming webhooks of a room.
func (s *Store) Incoming(ctx context.Context, room chat.RoomID) ([]chat.IncomingHook, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	hooks, err := readAll(ctx, s.read, func(r row) (chat.IncomingHook, error) {
		hook := chat.IncomingHook{RoomID: room}
		err := r.Scan(&hook.ID, &hook.Name, &hook.UserID, &hook.CreatedAt)
		return hook, err
	}, `SELECT h.id, u.display_name, u.id, h.created_at FROM incoming_hooks h JOIN users u ON u.id = h.user_id
		WHERE h.room_id = $1 ORDER BY h.id`, int64(room))
	return hooks, s.fail("list webhooks", err)
}

// DeleteIncoming ends an incoming webhook and its bot.
func (s *Store) DeleteIncoming(ctx context.Context, room chat.RoomID, id chat.HookID, by chat.UserID, rule chat.MemberRule) (*chat.Message, error) {
	var told *chat.Message
	err := s.asMember(ctx, room, by, 0, rule, func(tx *roomTx) error {
		var bot chat.UserID
		err := tx.QueryRowContext(ctx, `DELETE FROM incoming_hooks WHERE id = $1 AND room_id = $2 RETURNING user_id`,
			int64(id), int64(room)).Scan(&bot)
		if err != nil {
			return err // no rows: NOT_FOUND
		}
		// It keeps its name, because what it said stays.
		if _, err := tx.ExecContext(ctx, `UPDATE users SET disabled_at = $2 WHERE id = $1`, int64(bot), int64(s.clock())); err != nil {
			return err
		}
		if err := s.auditHook(ctx, tx, by, chat.AuditHookDeleted, fmt.Sprintf("incoming %d", id)); err != nil {
			return err
		}
		if _, err := s.membership(ctx, tx.Tx, room, bot); errors.Is(err, sql.ErrNoRows) {
			return nil // kicked before
		} else if err != nil {
			return err
		}
		if err := s.removeMember(ctx, tx, bot); err != nil {
			return err
		}
		told, err = s.tell(ctx, tx, by, bot, chat.Kicked, "{author} removed {subject} from the room.")
		return err
	})
	return told, s.fail("delete webhook", err)
}

// IncomingByToken finds an incoming webhook and its bot.
func (s *Store) IncomingByToken(ctx context.Context, hash []byte) (chat.IncomingHook, chat.User, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var hook chat.IncomingHook
	bot, err := scanUser(s.read.QueryRowContext(ctx, `
		SELECT `+userColumns+`, h.id, h.room_id, h.created_at FROM incoming_hooks h JOIN users u ON u.id = h.user_id
		WHERE h.token_hash = $1 AND `+living, hash), &hook.ID, &hook.RoomID, &hook.CreatedAt)
	hook.Name, hook.UserID = bot.DisplayName, bot.ID
	return hook, bot, s.fail("find webhook", err)
}

// CreateOutgoing makes an outgoing webhook, which begins after the room's head.
func (s *Store) CreateOutgoing(ctx context.Context, n chat.NewOutgoingHook, by chat.UserID, rule chat.MemberRule) (chat.OutgoingHook, error) {
	hook := chat.OutgoingHook{RoomID: n.Room, URL: n.URL, CreatedAt: s.clock()}
	err := s.asMember(ctx, n.Room, by, 0, rule, func(tx *roomTx) error {
		if err := s.roomForHook(ctx, tx, "outgoing_hooks"); err != nil {
			return err
		}
		hook.Delivered = tx.head
		err := tx.QueryRowContext(ctx, `
			INSERT INTO outgoing_hooks (room_id, url, secret, delivered, next_at, created_at) VALUES ($1, $2, $3, $4, $5, $5) RETURNING id`,
			int64(n.Room), n.URL, n.Secret, int64(tx.head), int64(hook.CreatedAt)).Scan(&hook.ID)
		if err != nil {
			return err
		}
		return s.auditHook(ctx, tx, by, chat.AuditHookMade, fmt.Sprintf("outgoing %d: %s", hook.ID, hostOf(n.URL)))
	})
	return hook, s.fail("create webhook", err)
}

// hostOf is what the log of deeds may keep of a URL: the rest may hold secrets.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// Outgoing returns the outgoing webhooks of a room.
func (s *Store) Outgoing(ctx context.Context, room chat.RoomID) ([]chat.OutgoingHook, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	hooks, err := readAll(ctx, s.read, func(r row) (chat.OutgoingHook, error) {
		hook := chat.OutgoingHook{RoomID: room}
		err := r.Scan(&hook.ID, &hook.URL, &hook.Delivered, &hook.Failures, &hook.LastError, &hook.NextTryAt, &hook.DisabledAt, &hook.CreatedAt)
		return hook, err
	}, `SELECT id, url, delivered, failures, last_error, CASE WHEN failures > 0 AND disabled_at IS NULL THEN next_at ELSE 0 END,
			COALESCE(disabled_at, 0), created_at
		FROM outgoing_hooks WHERE room_id = $1 ORDER BY id`, int64(room))
	return hooks, s.fail("list webhooks", err)
}

// DeleteOutgoing ends an outgoing webhook.
func (s *Store) DeleteOutgoing(ctx context.Context, room chat.RoomID, id chat.HookID, by chat.UserID, rule chat.MemberRule) error {
	err := s.asMember(ctx, room, by, 0, rule, func(tx *roomTx) error {
		err := tx.QueryRowContext(ctx, `DELETE FROM outgoing_hooks WHERE id = $1 AND room_id = $2 RETURNING id`, int64(id), int64(room)).Scan(&id)
		if err != nil {
			return err // no rows: NOT_FOUND
		}
		return s.auditHook(ctx, tx, by, chat.AuditHookDeleted, fmt.Sprintf("outgoing %d", id))
	})
	return s.fail("delete webhook", err)
}
