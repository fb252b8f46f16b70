package store

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Moderation = (*Store)(nil)

// Ban keeps user out of a room.
func (s *Store) Ban(ctx context.Context, room chat.RoomID, by, user chat.UserID, reason string, rule chat.MemberRule) (chat.Ban, *chat.Message, error) {
	var ban chat.Ban
	var told *chat.Message
	err := s.uponUser(ctx, room, by, user, rule, func(tx *roomTx, target *chat.Membership) error {
		if err := s.putBan(ctx, tx, by, user, reason); err != nil {
			return err
		}
		if target != nil {
			var err error
			if told, err = s.eject(ctx, tx, by, user, "{author} banned {subject} from the room."); err != nil {
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
	return ban, told, s.fail("ban", err)
}

// putBan enters a ban of a user who exists, or changes the reason of one.
func (s *Store) putBan(ctx context.Context, tx *roomTx, by, user chat.UserID, reason string) error {
	result, err := tx.ExecContext(ctx, `
		INSERT INTO room_bans (room_id, user_id, by_id, reason, created_at)
		SELECT $1, u.id, $3, $4, $5 FROM users u WHERE u.id = $2 AND u.deleted_at IS NULL
		ON CONFLICT (room_id, user_id) DO UPDATE SET by_id = excluded.by_id, reason = excluded.reason`,
		int64(tx.room), int64(user), int64(by), reason, int64(s.clock()))
	return affected(result, err)
}

// eject ends the membership of another and tells it.
func (s *Store) eject(ctx context.Context, tx *roomTx, by, user chat.UserID, format string) (*chat.Message, error) {
	if err := s.removeMember(ctx, tx, user); err != nil {
		return nil, err
	}
	return s.tell(ctx, tx, by, user, chat.Kicked, format)
}

// banned tells whether user is kept out of the room; under its lock it stays so.
func (s *Store) banned(ctx context.Context, tx *roomTx, user chat.UserID) (banned bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM room_bans WHERE room_id = $1 AND user_id = $2)`,
		int64(tx.room), int64(user)).Scan(&banned)
	return banned, err
}

// Unban lets user join again.
func (s *Store) Unban(ctx context.Context, room chat.RoomID, by, user chat.UserID, rule chat.MemberRule) error {
	err := s.asMember(ctx, room, by, 0, rule, func(tx *roomTx) error {
		if err := affected(tx.ExecContext(ctx, `DELETE FROM room_bans WHERE room_id = $1 AND user_id = $2`, int64(room), int64(user))); err != nil {
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
	var face, byFace string
	err := r.Scan(&b.User.ID, &b.User.Username, &b.User.DisplayName, &face,
		&b.By.ID, &b.By.Username, &b.By.DisplayName, &byFace, &b.Reason, &b.CreatedAt)
	b.User.AvatarURL, b.By.AvatarURL = avatarURL(face), avatarURL(byFace)
	return b, err
}

// Bans returns a page of bans by username.
func (s *Store) Bans(ctx context.Context, room chat.RoomID, limit int, cursor string) ([]chat.Ban, string, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	after, err := afterName(cursor)
	if err != nil {
		return nil, "", err
	}
	bans, err := readAll(ctx, s.read, scanBan,
		banSelect+` WHERE b.room_id = $1 AND u.username > $2 ORDER BY u.username LIMIT $3`, int64(room), after, limit+1)
	page, next := pageByName(bans, limit, func(b chat.Ban) string { return b.User.Username })
	return page, next, s.fail("list bans", err)
}

// Mute silences a member until then; 0 ends it.
func (s *Store) Mute(ctx context.Context, room chat.RoomID, by, member chat.UserID, until chat.Time, rule chat.MemberRule) (chat.Membership, error) {
	var m chat.Membership
	err := s.asMember(ctx, room, by, member, rule, func(tx *roomTx) error {
		before, err := s.membership(ctx, tx.Tx, room, member)
		if err != nil {
			return err
		}
		if err := s.putMute(ctx, tx, member, until); err != nil {
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

// putMute enters a mute; until 0 removes it. Those of the room that are over go as well,
// so that mutes which come and go leave nothing behind.
func (s *Store) putMute(ctx context.Context, tx *roomTx, member chat.UserID, until chat.Time) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM room_mutes WHERE room_id = $1 AND (user_id = $2 OR muted_until <= $3)`,
		int64(tx.room), int64(member), int64(s.clock()))
	if err != nil || until == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO room_mutes (room_id, user_id, muted_until) VALUES ($1, $2, $3)`,
		int64(tx.room), int64(member), int64(until))
	return err
}

// mutedUntil reads until when the member of the row named alias is muted.
func mutedUntil(alias string) string {
	return `COALESCE((SELECT x.muted_until FROM room_mutes x WHERE x.room_id = ` + alias + `.room_id AND x.user_id = ` + alias + `.user_id), 0)`
}

// ahead is t, or 0 where it has passed.
func (s *Store) ahead(t chat.Time) chat.Time {
	if t <= s.clock() {
		return 0
	}
	return t
}
