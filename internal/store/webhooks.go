package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Webhooks = (*Store)(nil)

// webhookMaker is the user that created webhook h or took it over. The room owner is the
// maker of a webhook from an older version, which did not record it.
const webhookMaker = `COALESCE(h.created_by, r.owner_id)`

// webhookMakerAllowed is the condition that the maker of webhook h in room r may still manage
// webhooks there.
var webhookMakerAllowed = roleAllows(webhookMaker, chat.ManageWebhooks)

// roleAllows is the condition that maker, an SQL expression, is an active user whose role in
// room r has permission p.
func roleAllows(maker string, p chat.Permission) string {
	var roles []string
	for _, role := range chat.RolesWith(p) {
		roles = append(roles, "'"+string(role)+"'")
	}
	return `EXISTS (SELECT 1 FROM room_members k JOIN users u ON u.id = k.user_id WHERE k.room_id = r.id AND k.user_id = ` + maker +
		` AND k.role IN (` + strings.Join(roles, ", ") + `) AND ` + activeUser + `)`
}

// makerColumns are the maker m of webhook h and whether h is paused.
var makerColumns = `m.id, m.username, m.display_name, m.avatar_key, NOT ` + webhookMakerAllowed

var incomingSelect = `
	SELECT h.id, h.room_id, b.display_name, b.id, h.created_at, ` + makerColumns + `
	FROM incoming_hooks h JOIN rooms r ON r.id = h.room_id JOIN users b ON b.id = h.user_id JOIN users m ON m.id = ` + webhookMaker

var outgoingSelect = `
	SELECT h.id, h.room_id, h.url, h.delivered, h.failures, h.last_error,
		CASE WHEN h.failures > 0 AND h.disabled_at IS NULL THEN h.next_at ELSE 0 END, COALESCE(h.disabled_at, 0), h.created_at, ` + makerColumns + `
	FROM outgoing_hooks h JOIN rooms r ON r.id = h.room_id JOIN users m ON m.id = ` + webhookMaker

func scanIncoming(r row) (chat.IncomingWebhook, error) {
	var h chat.IncomingWebhook
	var m makerRow
	err := r.Scan(append([]any{&h.ID, &h.RoomID, &h.Name, &h.UserID, &h.CreatedAt}, m.dest()...)...)
	h.WebhookMaker = m.value()
	return h, err
}

func scanOutgoing(r row) (chat.OutgoingWebhook, error) {
	var h chat.OutgoingWebhook
	var m makerRow
	err := r.Scan(append([]any{&h.ID, &h.RoomID, &h.URL, &h.Delivered, &h.Failures, &h.LastError, &h.NextTryAt, &h.DisabledAt, &h.CreatedAt}, m.dest()...)...)
	h.WebhookMaker = m.value()
	return h, err
}

// makerRow scans makerColumns.
type makerRow struct {
	maker  chat.WebhookMaker
	avatar string
}

func (m *makerRow) dest() []any {
	by := &m.maker.CreatedBy
	return []any{&by.ID, &by.Username, &by.DisplayName, &m.avatar, &m.maker.Paused}
}

func (m *makerRow) value() chat.WebhookMaker {
	m.maker.CreatedBy.AvatarURL = avatarURL(m.avatar)
	return m.maker
}

// CreateIncoming creates an incoming webhook and its bot.
func (s *Store) CreateIncoming(ctx context.Context, n chat.NewIncomingWebhook, by chat.UserID, rule chat.MemberRule) (chat.IncomingWebhook, *chat.Message, error) {
	var webhook chat.IncomingWebhook
	var systemMsg *chat.Message
	err := s.asMember(ctx, n.Room, by, 0, rule, func(tx *roomTx) error {
		if err := s.checkWebhookLimit(ctx, tx, "incoming_hooks"); err != nil {
			return err
		}
		bot, err := s.webhookBot(ctx, tx, n.Bot)
		if err != nil {
			return err
		}
		if systemMsg, err = s.insertSystemMessage(ctx, tx, bot, bot, chat.Joined, "{subject} joined the room."); err != nil {
			return err
		}
		tx.members++
		if _, err = s.addMember(ctx, tx.Tx, n.Room, bot, chat.Member, tx.head); err != nil {
			return err
		}
		var id chat.WebhookID
		err = tx.QueryRowContext(ctx, `
			INSERT INTO incoming_hooks (room_id, user_id, token_hash, created_by, created_at) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
			int64(n.Room), int64(bot), n.TokenHash, int64(by), int64(s.clock())).Scan(&id)
		if err != nil {
			return err
		}
		if webhook, err = scanIncoming(tx.QueryRowContext(ctx, incomingSelect+` WHERE h.id = $1`, int64(id))); err != nil {
			return err
		}
		return s.auditWebhook(ctx, tx, by, chat.AuditWebhookMade, fmt.Sprintf("incoming %d: %s", webhook.ID, webhook.Name))
	})
	return webhook, systemMsg, s.fail("create webhook", err)
}

// checkWebhookLimit returns an error if the room cannot have another webhook. table is
// incoming_hooks or outgoing_hooks.
func (s *Store) checkWebhookLimit(ctx context.Context, tx *roomTx, table string) error {
	var count int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM `+table+` WHERE room_id = $1`, int64(tx.room)).Scan(&count); err != nil {
		return err
	}
	if count >= chat.MaxWebhooks {
		return chat.Errorf(chat.Forbidden, "A room can have at most %d webhooks of each kind.", chat.MaxWebhooks)
	}
	return nil
}

func (s *Store) auditWebhook(ctx context.Context, tx *roomTx, by chat.UserID, action chat.AuditAction, detail string) error {
	return s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: action, Room: tx.room, Detail: detail})
}

// Incoming returns the incoming webhooks of a room.
func (s *Store) Incoming(ctx context.Context, room chat.RoomID) ([]chat.IncomingWebhook, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	webhooks, err := queryAll(ctx, s.read, scanIncoming, incomingSelect+` WHERE h.room_id = $1 ORDER BY h.id`, int64(room))
	return webhooks, s.fail("list webhooks", err)
}

// DeleteIncoming deletes an incoming webhook and disables its bot.
func (s *Store) DeleteIncoming(ctx context.Context, room chat.RoomID, id chat.WebhookID, by chat.UserID, rule chat.MemberRule) (*chat.Message, error) {
	var systemMsg *chat.Message
	err := s.asMember(ctx, room, by, 0, rule, func(tx *roomTx) error {
		var bot chat.UserID
		err := tx.QueryRowContext(ctx, `DELETE FROM incoming_hooks WHERE id = $1 AND room_id = $2 RETURNING user_id`,
			int64(id), int64(room)).Scan(&bot)
		if err != nil {
			return err // no rows: NOT_FOUND
		}
		if err := s.retireBot(ctx, tx, bot); err != nil {
			return err
		}
		if err := s.auditWebhook(ctx, tx, by, chat.AuditWebhookDeleted, fmt.Sprintf("incoming %d", id)); err != nil {
			return err
		}
		if _, err := s.membership(ctx, tx.Tx, room, bot); errors.Is(err, sql.ErrNoRows) {
			return nil // the bot was kicked before
		} else if err != nil {
			return err
		}
		if err := s.removeMember(ctx, tx, bot); err != nil {
			return err
		}
		systemMsg, err = s.insertSystemMessage(ctx, tx, by, bot, chat.Kicked, "{author} removed {subject} from the room.")
		return err
	})
	return systemMsg, s.fail("delete webhook", err)
}

// IncomingByToken returns the incoming webhook with a token hash, and its bot.
func (s *Store) IncomingByToken(ctx context.Context, hash []byte) (chat.IncomingWebhook, chat.User, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var webhook chat.IncomingWebhook
	var maker makerRow
	bot, err := scanUser(s.read.QueryRowContext(ctx, `
		SELECT `+userColumns+`, h.id, h.room_id, h.created_at, `+makerColumns+`
		FROM incoming_hooks h JOIN rooms r ON r.id = h.room_id JOIN users u ON u.id = h.user_id JOIN users m ON m.id = `+webhookMaker+`
		WHERE h.token_hash = $1 AND `+activeUser, hash), append([]any{&webhook.ID, &webhook.RoomID, &webhook.CreatedAt}, maker.dest()...)...)
	webhook.Name, webhook.UserID, webhook.WebhookMaker = bot.DisplayName, bot.ID, maker.value()
	return webhook, bot, s.fail("find webhook", err)
}

// CreateOutgoing creates an outgoing webhook. Its deliveries start after the room's current
// head.
func (s *Store) CreateOutgoing(ctx context.Context, n chat.NewOutgoingWebhook, by chat.UserID, rule chat.MemberRule) (chat.OutgoingWebhook, error) {
	var webhook chat.OutgoingWebhook
	err := s.asMember(ctx, n.Room, by, 0, rule, func(tx *roomTx) error {
		if err := s.checkWebhookLimit(ctx, tx, "outgoing_hooks"); err != nil {
			return err
		}
		var id chat.WebhookID
		err := tx.QueryRowContext(ctx, `
			INSERT INTO outgoing_hooks (room_id, url, secret, delivered, next_at, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $5) RETURNING id`,
			int64(n.Room), n.URL, n.Secret, int64(tx.head), int64(s.clock()), int64(by)).Scan(&id)
		if err != nil {
			return err
		}
		if webhook, err = scanOutgoing(tx.QueryRowContext(ctx, outgoingSelect+` WHERE h.id = $1`, int64(id))); err != nil {
			return err
		}
		return s.auditWebhook(ctx, tx, by, chat.AuditWebhookMade, fmt.Sprintf("outgoing %d: %s", webhook.ID, hostOf(n.URL)))
	})
	return webhook, s.fail("create webhook", err)
}

// hostOf returns the part of a URL that may be in the audit log. The rest can contain
// secrets.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// Outgoing returns the outgoing webhooks of a room.
func (s *Store) Outgoing(ctx context.Context, room chat.RoomID) ([]chat.OutgoingWebhook, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	webhooks, err := queryAll(ctx, s.read, scanOutgoing, outgoingSelect+` WHERE h.room_id = $1 ORDER BY h.id`, int64(room))
	return webhooks, s.fail("list webhooks", err)
}

// DeleteOutgoing deletes an outgoing webhook.
func (s *Store) DeleteOutgoing(ctx context.Context, room chat.RoomID, id chat.WebhookID, by chat.UserID, rule chat.MemberRule) error {
	err := s.asMember(ctx, room, by, 0, rule, func(tx *roomTx) error {
		err := tx.QueryRowContext(ctx, `DELETE FROM outgoing_hooks WHERE id = $1 AND room_id = $2 RETURNING id`, int64(id), int64(room)).Scan(&id)
		if err != nil {
			return err // no rows: NOT_FOUND
		}
		return s.auditWebhook(ctx, tx, by, chat.AuditWebhookDeleted, fmt.Sprintf("outgoing %d", id))
	})
	return s.fail("delete webhook", err)
}
