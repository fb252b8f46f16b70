package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Invites = (*Store)(nil)

// inForce is the test whether invite i can be used at the time that is argument 2.
const inForce = `i.expires_at > $2 AND (i.uses_left IS NULL OR i.uses_left > 0)`

// inviterMay is the condition that the maker of invite i may still invite to room r;
// without it the invite is paused.
var inviterMay = roleSuffices("i.created_by", chat.InviteUsers)

var inviteSelect = `
	SELECT i.id, i.expires_at, i.uses_left, i.created_at, c.id, c.username, c.display_name, c.avatar_key, NOT ` + inviterMay + `
	FROM invites i JOIN rooms r ON r.id = i.room_id JOIN users c ON c.id = i.created_by`

func scanInvite(r row) (chat.Invite, error) {
	var i chat.Invite
	var face string
	err := r.Scan(&i.ID, &i.ExpiresAt, &i.UsesLeft, &i.CreatedAt,
		&i.CreatedBy.ID, &i.CreatedBy.Username, &i.CreatedBy.DisplayName, &face, &i.Paused)
	i.CreatedBy.AvatarURL = avatarURL(face)
	return i, err
}

// CreateInvite makes an invite, and lets those of the room go that are over.
func (s *Store) CreateInvite(ctx context.Context, n chat.NewInvite, rule chat.MemberRule) (chat.Invite, error) {
	var invite chat.Invite
	err := s.asMember(ctx, n.Room, n.By, 0, rule, func(tx *roomTx) error {
		now := int64(s.clock())
		_, err := tx.ExecContext(ctx, `DELETE FROM invites AS i WHERE i.room_id = $1 AND NOT (`+inForce+`)`, int64(n.Room), now)
		if err != nil {
			return err
		}
		var id int64
		err = tx.QueryRowContext(ctx, `
			INSERT INTO invites (room_id, token_hash, created_by, created_at, expires_at, uses_left)
			SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM invites WHERE room_id = $1) < $7 RETURNING id`,
			int64(n.Room), n.TokenHash, int64(n.By), now, int64(n.ExpiresAt), n.Uses, chat.MaxInvites).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return chat.Errorf(chat.Forbidden, "A room has at most %d invites at a time. Revoke one first.", chat.MaxInvites)
		}
		if err != nil {
			return err
		}
		if invite, err = scanInvite(tx.QueryRowContext(ctx, inviteSelect+` WHERE i.id = $1`, id)); err != nil {
			return err
		}
		return s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: n.By, Action: chat.AuditInviteMade, Room: n.Room, Detail: fmt.Sprintf("invite %d", id)})
	})
	return invite, s.fail("create invite", err)
}

// Invites returns those of a room that are in force.
func (s *Store) Invites(ctx context.Context, room chat.RoomID) ([]chat.Invite, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	invites, err := readAll(ctx, s.read, scanInvite,
		inviteSelect+` WHERE i.room_id = $1 AND `+inForce+` ORDER BY i.id DESC`, int64(room), int64(s.clock()))
	return invites, s.fail("list invites", err)
}

// RevokeInvite ends an invite.
func (s *Store) RevokeInvite(ctx context.Context, room chat.RoomID, by chat.UserID, id chat.InviteID, rule chat.MemberRule) error {
	err := s.asMember(ctx, room, by, 0, rule, func(tx *roomTx) error {
		err := affected(tx.ExecContext(ctx, `DELETE FROM invites AS i WHERE i.id = $1 AND i.room_id = $3 AND `+inForce,
			int64(id), int64(s.clock()), int64(room)))
		if err != nil {
			return err
		}
		return s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: chat.AuditInviteRevoked, Room: room, Detail: fmt.Sprintf("invite %d", id)})
	})
	return s.fail("revoke invite", err)
}

// Invited returns the room to which a token invites. For a member an invite that is
// over is still known: its own retry may have been the last use.
func (s *Store) Invited(ctx context.Context, tokenHash []byte, viewer chat.UserID) (chat.Room, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	room, err := s.scanRoom(s.read.QueryRowContext(ctx, `
		SELECT `+roomColumns+` FROM invites i JOIN rooms r ON r.id = i.room_id WHERE i.token_hash = $1 AND (
			EXISTS (SELECT 1 FROM room_members m WHERE m.room_id = r.id AND m.user_id = $3)
			OR `+inForce+` AND `+inviterMay+` AND (NOT r.private OR NOT EXISTS (SELECT 1 FROM room_bans b WHERE b.room_id = r.id AND b.user_id = $3)))`,
		tokenHash, int64(s.clock()), int64(viewer)))
	return room, s.fail("find invite", err)
}

// JoinInvited makes user a member and takes a use, under the lock of the room:
// whoever revokes, bans or takes the last use comes before or after, never between.
func (s *Store) JoinInvited(ctx context.Context, tokenHash []byte, user chat.UserID) (chat.Membership, *chat.Message, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var room chat.RoomID
	err := s.read.QueryRowContext(ctx, `SELECT room_id FROM invites WHERE token_hash = $1`, tokenHash).Scan(&room)
	if err != nil {
		return chat.Membership{}, nil, s.fail("find invite", err)
	}
	membership, told, err := s.enter(ctx, room, user, func(tx *roomTx) error {
		return affected(tx.ExecContext(ctx, `
			UPDATE invites AS i SET uses_left = uses_left - 1 WHERE i.token_hash = $1 AND `+inForce+`
				AND EXISTS (SELECT 1 FROM rooms r WHERE r.id = i.room_id AND `+inviterMay+`)`, tokenHash, int64(s.clock())))
	})
	return membership, told, s.fail("join by invite", err)
}
