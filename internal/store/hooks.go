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

// A webhook of unknown maker is the room owner's.
const hookMaker = `COALESCE(h.created_by, r.owner_id)`

// hookMakerMay is the condition that the maker of webhook h in room r may still
// manage webhooks there.
var hookMakerMay = roleSuffices(hookMaker, chat.ManageWebhooks)

// roleSuffices is the condition that maker, an SQL expression, is an active user
// whose role in room r is enough for d.
func roleSuffices(maker string, d chat.Permission) string {
	var roles []string
	for _, role := range chat.RolesWith(d) {
		roles = append(roles, "'"+string(role)+"'")
	}
	return `EXISTS (SELECT 1 FROM room_members k JOIN users u ON u.id = k.user_id WHERE k.room_id = r.id AND k.user_id = ` + maker +
		` AND k.role IN (` + strings.Join(roles, ", ") + `) AND ` + living + `)`
}

// makerColumns are the maker m of webhook h and whether h is paused.
var makerColumns = `m.id, m.username, m.display_name, m.avatar_key, NOT ` + hookMakerMay

var incomingSelect = `
	SELECT h.id, h.room_id, b.display_name, b.id, h.created_at, ` + makerColumns + `
	FROM incoming_hooks h JOIN rooms r ON r.id = h.room_id JOIN users b ON b.id = h.user_id JOIN users m ON m.id = ` + hookMaker

var outgoingSelect = `
	SELECT h.id, h.room_id, h.url, h.delivered, h.failures, h.last_error,
		CASE WHEN h.failures > 0 AND h.disabled_at IS NULL THEN h.next_at ELSE 0 END, COALESCE(h.disabled_at, 0), h.created_at, ` + makerColumns + `
	FROM outgoing_hooks h JOIN rooms r ON r.id = h.room_id JOIN users m ON m.id = ` + hookMaker

func scanIncoming(r row) (chat.IncomingWebhook, error) {
	var h chat.IncomingWebhook
	var m madeRow
	err := r.Scan(append([]any{&h.ID, &h.RoomID, &h.Name, &h.UserID, &h.CreatedAt}, m.dest()...)...)
	h.WebhookMaker = m.value()
	return h, err
}

func scanOutgoing(r row) (chat.OutgoingWebhook, error) {
	var h chat.OutgoingWebhook
	var m madeRow
	err := r.Scan(append([]any{&h.ID, &h.RoomID, &h.URL, &h.Delivered, &h.Failures, &h.LastError, &h.NextTryAt, &h.DisabledAt, &h.CreatedAt}, m.dest()...)...)
	h.WebhookMaker = m.value()
	return h, err
}

// madeRow receives makerColumns.
type madeRow struct {
	made   chat.WebhookMaker
	avatar string
}

func (m *madeRow) dest() []any {
	by := &m.made.CreatedBy
	return []any{&by.ID, &by.Username, &by.DisplayName, &m.avatar, &m.made.Paused}
}

func (m *madeRow) value() chat.WebhookMaker {
	m.made.CreatedBy.AvatarURL = avatarURL(m.avatar)
	return m.made
}

// CreateIncoming makes an incoming webhook with its bot.
func (s *Store) CreateIncoming(ctx context.Context, n chat.NewIncomingWebhook, by chat.UserID, rule chat.MemberRule) (chat.IncomingWebhook, *chat.Message, error) {
	var hook chat.IncomingWebhook
	var told *chat.Message
	err := s.asMember(ctx, n.Room, by, 0, rule, func(tx *roomTx) error {
		if err := s.roomForHook(ctx, tx, "incoming_hooks"); err != nil {
			return err
		}
		bot, err := s.webhookBot(ctx, tx, n.Bot)
		if err != nil {
			return err
		}
		if told, err = s.tell(ctx, tx, bot, bot, chat.Joined, "{subject} joined the room."); err != nil {
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
		if hook, err = scanIncoming(tx.QueryRowContext(ctx, incomingSelect+` WHERE h.id = $1`, int64(id))); err != nil {
			return err
		}
		return s.auditHook(ctx, tx, by, chat.AuditWebhookMade, fmt.Sprintf("incoming %d: %s", hook.ID, hook.Name))
	})
	return hook, told, s.fail("create webhook", err)
}

// roomForHook tells whether a room may have one more webhook.
func (s *Store) roomForHook(ctx context.Context, tx *roomTx, table string) error {
	var has int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM `+table+` WHERE room_id = $1`, int64(tx.room)).Scan(&has); err != nil {
		return err
	}
	if has >= chat.MaxWebhooks {
		return chat.Errorf(chat.Forbidden, "A room has at most %d webhooks of each kind.", chat.MaxWebhooks)
	}
	return nil
}

func (s *Store) auditHook(ctx context.Context, tx *roomTx, by chat.UserID, action chat.AuditAction, detail string) error {
	return s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: action, Room: tx.room, Detail: detail})
}

// Incoming returns the incoming webhooks of a room.
func (s *Store) Incoming(ctx context.Context, room chat.RoomID) ([]chat.IncomingWebhook, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	hooks, err := readAll(ctx, s.read, scanIncoming, incomingSelect+` WHERE h.room_id = $1 ORDER BY h.id`, int64(room))
	return hooks, s.fail("list webhooks", err)
}

// DeleteIncoming ends an incoming webhook and its bot.
func (s *Store) DeleteIncoming(ctx context.Context, room chat.RoomID, id chat.WebhookID, by chat.UserID, rule chat.MemberRule) (*chat.Message, error) {
	var told *chat.Message
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
		if err := s.auditHook(ctx, tx, by, chat.AuditWebhookDeleted, fmt.Sprintf("incoming %d", id)); err != nil {
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
func (s *Store) IncomingByToken(ctx context.Context, hash []byte) (chat.IncomingWebhook, chat.User, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var hook chat.IncomingWebhook
	var madeBy madeRow
	bot, err := scanUser(s.read.QueryRowContext(ctx, `
		SELECT `+userColumns+`, h.id, h.room_id, h.created_at, `+makerColumns+`
		FROM incoming_hooks h JOIN rooms r ON r.id = h.room_id JOIN users u ON u.id = h.user_id JOIN users m ON m.id = `+hookMaker+`
		WHERE h.token_hash = $1 AND `+living, hash), append([]any{&hook.ID, &hook.RoomID, &hook.CreatedAt}, madeBy.dest()...)...)
	hook.Name, hook.UserID, hook.WebhookMaker = bot.DisplayName, bot.ID, madeBy.value()
	return hook, bot, s.fail("find webhook", err)
}

// CreateOutgoing makes an outgoing webhook, which begins after the room's head.
func (s *Store) CreateOutgoing(ctx context.Context, n chat.NewOutgoingWebhook, by chat.UserID, rule chat.MemberRule) (chat.OutgoingWebhook, error) {
	var hook chat.OutgoingWebhook
	err := s.asMember(ctx, n.Room, by, 0, rule, func(tx *roomTx) error {
		if err := s.roomForHook(ctx, tx, "outgoing_hooks"); err != nil {
			return err
		}
		var id chat.WebhookID
		err := tx.QueryRowContext(ctx, `
			INSERT INTO outgoing_hooks (room_id, url, secret, delivered, next_at, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $5) RETURNING id`,
			int64(n.Room), n.URL, n.Secret, int64(tx.head), int64(s.clock()), int64(by)).Scan(&id)
		if err != nil {
			return err
		}
		if hook, err = scanOutgoing(tx.QueryRowContext(ctx, outgoingSelect+` WHERE h.id = $1`, int64(id))); err != nil {
			return err
		}
		return s.auditHook(ctx, tx, by, chat.AuditWebhookMade, fmt.Sprintf("outgoing %d: %s", hook.ID, hostOf(n.URL)))
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
func (s *Store) Outgoing(ctx context.Context, room chat.RoomID) ([]chat.OutgoingWebhook, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	hooks, err := readAll(ctx, s.read, scanOutgoing, outgoingSelect+` WHERE h.room_id = $1 ORDER BY h.id`, int64(room))
	return hooks, s.fail("list webhooks", err)
}

// DeleteOutgoing ends an outgoing webhook.
func (s *Store) DeleteOutgoing(ctx context.Context, room chat.RoomID, id chat.WebhookID, by chat.UserID, rule chat.MemberRule) error {
	err := s.asMember(ctx, room, by, 0, rule, func(tx *roomTx) error {
		err := tx.QueryRowContext(ctx, `DELETE FROM outgoing_hooks WHERE id = $1 AND room_id = $2 RETURNING id`, int64(id), int64(room)).Scan(&id)
		if err != nil {
			return err // no rows: NOT_FOUND
		}
		return s.auditHook(ctx, tx, by, chat.AuditWebhookDeleted, fmt.Sprintf("outgoing %d", id))
	})
	return s.fail("delete webhook", err)
}
