package store

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Moderation = (*Store)(nil)

// Ban bans a user from a room and ends its membership.
func (s *Store) Ban(ctx context.Context, room chat.RoomID, by, user chat.UserID, reason string, rule chat.MemberRule) (chat.Ban, *chat.Message, error) {
	var ban chat.Ban
	var systemMsg *chat.Message
	err := s.withTarget(ctx, room, by, user, rule, func(tx *roomTx, target *chat.Membership) error {
		if err := s.upsertBan(ctx, tx, by, user, reason); err != nil {
			return err
		}
		if target != nil {
			var err error
			if systemMsg, err = s.kick(ctx, tx, by, user, "{author} banned {subject} from the room."); err != nil {
				return err
			}
		}
		if err := s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: chat.AuditBanned, Room: room, User: user}); err != nil {
			return err
		}
		var err error
		ban, err = scanBan(tx.QueryRowContext(ctx, banSelect+` WHERE b.room_id = $1 AND b.user_id = $2`, int64(room), int64(user)))
		return err
	})
	return ban, systemMsg, s.fail("ban", err)
}

// upsertBan bans an existing user, or changes the reason of a ban.
func (s *Store) upsertBan(ctx context.Context, tx *roomTx, by, user chat.UserID, reason string) error {
	result, err := tx.ExecContext(ctx, `
		INSERT INTO room_bans (room_id, user_id, by_id, reason, created_at)
		SELECT $1, u.id, $3, $4, $5 FROM users u WHERE u.id = $2 AND u.deleted_at IS NULL
		ON CONFLICT (room_id, user_id) DO UPDATE SET by_id = excluded.by_id, reason = excluded.reason`,
		int64(tx.room), int64(user), int64(by), reason, int64(s.clock()))
	return requireAffected(result, err)
}

// kick ends the membership of another user and writes a system message.
func (s *Store) kick(ctx context.Context, tx *roomTx, by, user chat.UserID, format string) (*chat.Message, error) {
	if err := s.removeMember(ctx, tx, user); err != nil {
		return nil, err
	}
	return s.insertSystemMessage(ctx, tx, by, user, chat.Kicked, format)
}

// isBanned reports whether user is banned from the room. The result is valid while the room
// is locked.
// selectBan reads whether a user is banned.
func selectBan(room chat.RoomID, user chat.UserID, dest *bool) stmt {
	return queryRow(func(r row) error { return r.Scan(dest) },
		`SELECT EXISTS (SELECT 1 FROM room_bans WHERE room_id = $1 AND user_id = $2)`, int64(room), int64(user))
}

// Unban removes a ban.
func (s *Store) Unban(ctx context.Context, room chat.RoomID, by, user chat.UserID, rule chat.MemberRule) error {
	err := s.asMember(ctx, room, by, 0, rule, func(tx *roomTx) error {
		if err := requireAffected(tx.ExecContext(ctx, `DELETE FROM room_bans WHERE room_id = $1 AND user_id = $2`, int64(room), int64(user))); err != nil {
			return err
		}
		return s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: chat.AuditUnbanned, Room: room, User: user})
	})
	return s.fail("unban", err)
}

const banSelect = `
	SELECT u.id, u.username, u.display_name, u.avatar_key, a.id, a.username, a.display_name, a.avatar_key, b.reason, b.created_at
	FROM room_bans b JOIN users u ON u.id = b.user_id JOIN users a ON a.id = b.by_id`

func scanBan(r row) (chat.Ban, error) {
	var b chat.Ban
	var avatar, byAvatar string
	err := r.Scan(&b.User.ID, &b.User.Username, &b.User.DisplayName, &avatar,
		&b.By.ID, &b.By.Username, &b.By.DisplayName, &byAvatar, &b.Reason, &b.CreatedAt)
	b.User.AvatarURL, b.By.AvatarURL = avatarURL(avatar), avatarURL(byAvatar)
	return b, err
}

// Bans returns a page of bans, ordered by username.
func (s *Store) Bans(ctx context.Context, room chat.RoomID, limit int, cursor string) ([]chat.Ban, string, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	after, err := nameAfter(cursor)
	if err != nil {
		return nil, "", err
	}
	bans, err := queryAll(ctx, s.read, scanBan,
		banSelect+` WHERE b.room_id = $1 AND u.username > $2 ORDER BY u.username LIMIT $3`, int64(room), after, limit+1)
	page, next := pageByName(bans, limit, func(b chat.Ban) string { return b.User.Username })
	return page, next, s.fail("list bans", err)
}

// Mute mutes a member until a time; 0 ends the mute.
func (s *Store) Mute(ctx context.Context, room chat.RoomID, by, member chat.UserID, until chat.Time, rule chat.MemberRule) (chat.Membership, error) {
	var m chat.Membership
	err := s.asMember(ctx, room, by, member, rule, func(tx *roomTx) error {
		before, err := s.membership(ctx, tx.Tx, room, member)
		if err != nil {
			return err
		}
		if err := s.setMute(ctx, tx, member, until); err != nil {
			return err
		}
		if m, err = s.membership(ctx, tx.Tx, room, member); err != nil || m.MutedUntil == before.MutedUntil {
			return err
		}
		entry := chat.AuditEntry{Actor: by, Action: chat.AuditUnmuted, Room: room, User: member}
		if m.MutedUntil != 0 {
			entry.Action, entry.Detail = chat.AuditMuted, "until "+until.Std().Format("2006-01-02 15:04:05 UTC")
		}
		return s.audit(ctx, tx.Tx, entry)
	})
	return m, s.fail("mute", err)
}

// setMute stores a mute; until 0 removes it. It also deletes the expired mutes of the room,
// so that they do not accumulate.
func (s *Store) setMute(ctx context.Context, tx *roomTx, member chat.UserID, until chat.Time) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM room_mutes WHERE room_id = $1 AND (user_id = $2 OR muted_until <= $3)`,
		int64(tx.room), int64(member), int64(s.clock()))
	if err != nil || until == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO room_mutes (room_id, user_id, muted_until) VALUES ($1, $2, $3)`,
		int64(tx.room), int64(member), int64(until))
	return err
}

// mutedUntil is the time until which the member in the row alias is muted, 0 if it is not.
func mutedUntil(alias string) string {
	return `COALESCE((SELECT x.muted_until FROM room_mutes x WHERE x.room_id = ` + alias + `.room_id AND x.user_id = ` + alias + `.user_id), 0)`
}
