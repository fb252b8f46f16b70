package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Invites = (*Store)(nil)

// inviteValid is the condition that invite i can be used at the time in argument 2.
const inviteValid = `i.expires_at > $2 AND (i.uses_left IS NULL OR i.uses_left > 0)`

// inviterAllowed is the condition that the creator of invite i may still invite users to room
// r. Otherwise the invite is paused.
var inviterAllowed = roleAllows("i.created_by", chat.InviteUsers)

var inviteSelect = `
	SELECT i.id, i.expires_at, i.uses_left, i.created_at, c.id, c.username, c.display_name, c.avatar_key, NOT ` + inviterAllowed + `
	FROM invites i JOIN rooms r ON r.id = i.room_id JOIN users c ON c.id = i.created_by`

func scanInvite(r row) (chat.Invite, error) {
	var i chat.Invite
	var avatar string
	err := r.Scan(&i.ID, &i.ExpiresAt, &i.UsesLeft, &i.CreatedAt,
		&i.CreatedBy.ID, &i.CreatedBy.Username, &i.CreatedBy.DisplayName, &avatar, &i.Paused)
	i.CreatedBy.AvatarURL = avatarURL(avatar)
	return i, err
}

// CreateInvite creates an invite and deletes the invites of the room that can no longer be
// used.
func (s *Store) CreateInvite(ctx context.Context, n chat.NewInvite, rule chat.MemberRule) (chat.Invite, error) {
	var invite chat.Invite
	err := s.asMember(ctx, n.Room, n.By, 0, rule, func(tx *roomTx) error {
		now := int64(s.clock())
		_, err := tx.ExecContext(ctx, `DELETE FROM invites AS i WHERE i.room_id = $1 AND NOT (`+inviteValid+`)`, int64(n.Room), now)
		if err != nil {
			return err
		}
		var id int64
		err = tx.QueryRowContext(ctx, `
			INSERT INTO invites (room_id, token_hash, created_by, created_at, expires_at, uses_left)
			SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM invites WHERE room_id = $1) < $7 RETURNING id`,
			int64(n.Room), n.TokenHash, int64(n.By), now, int64(n.ExpiresAt), n.Uses, chat.MaxInvites).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return chat.Errorf(chat.Forbidden, "A room can have at most %d invites. Revoke one first.", chat.MaxInvites)
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

// Invites returns the valid invites of a room.
func (s *Store) Invites(ctx context.Context, room chat.RoomID) ([]chat.Invite, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	invites, err := queryAll(ctx, s.read, scanInvite,
		inviteSelect+` WHERE i.room_id = $1 AND `+inviteValid+` ORDER BY i.id DESC`, int64(room), int64(s.clock()))
	return invites, s.fail("list invites", err)
}

// RevokeInvite deletes an invite.
func (s *Store) RevokeInvite(ctx context.Context, room chat.RoomID, by chat.UserID, id chat.InviteID, rule chat.MemberRule) error {
	err := s.asMember(ctx, room, by, 0, rule, func(tx *roomTx) error {
		err := requireAffected(tx.ExecContext(ctx, `DELETE FROM invites AS i WHERE i.id = $1 AND i.room_id = $3 AND `+inviteValid,
			int64(id), int64(s.clock()), int64(room)))
		if err != nil {
			return err
		}
		return s.audit(ctx, tx.Tx, chat.AuditEntry{Actor: by, Action: chat.AuditInviteRevoked, Room: room, Detail: fmt.Sprintf("invite %d", id)})
	})
	return s.fail("revoke invite", err)
}

// RoomByInvite returns the room of an invite token. For a member it also accepts an invite that is
// used up: the member may repeat the request that took the last use.
func (s *Store) RoomByInvite(ctx context.Context, tokenHash []byte, viewer chat.UserID) (chat.Room, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	room, err := s.scanRoom(s.read.QueryRowContext(ctx, `
		SELECT `+roomColumns+` FROM invites i JOIN rooms r ON r.id = i.room_id WHERE i.token_hash = $1 AND (
			EXISTS (SELECT 1 FROM room_members m WHERE m.room_id = r.id AND m.user_id = $3)
			OR `+inviteValid+` AND `+inviterAllowed+` AND (NOT r.private OR NOT EXISTS (SELECT 1 FROM room_bans b WHERE b.room_id = r.id AND b.user_id = $3)))`,
		tokenHash, int64(s.clock()), int64(viewer)))
	return room, s.fail("find invite", err)
}

// JoinByInvite makes user a member and takes one use of the invite. It does both under the
// room lock, so that a revocation, a ban or another use happens before or after, not in
// between.
func (s *Store) JoinByInvite(ctx context.Context, tokenHash []byte, user chat.UserID) (chat.Membership, *chat.Message, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var room chat.RoomID
	err := s.read.QueryRowContext(ctx, `SELECT room_id FROM invites WHERE token_hash = $1`, tokenHash).Scan(&room)
	if err != nil {
		return chat.Membership{}, nil, s.fail("find invite", err)
	}
	var id int64
	var valid bool
	use := queryRow(func(r row) error { return r.Scan(&id) }, `
		UPDATE invites AS i SET uses_left = uses_left - 1 WHERE i.token_hash = $1 AND `+inviteValid+`
			AND EXISTS (SELECT 1 FROM rooms r WHERE r.id = i.room_id AND `+inviterAllowed+`) RETURNING id`, tokenHash, int64(s.clock()))
	membership, systemMsg, err := s.joinRoom(ctx, room, user, []stmt{ifAny(&valid, use)}, func() error {
		if !valid {
			return chat.ErrNotFound()
		}
		return nil
	})
	return membership, systemMsg, s.fail("join by invite", err)
}
