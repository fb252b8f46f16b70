package service

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// CreateInvite makes an invite; life 0 is InviteLife, uses nil any number. The
// token is returned here and never again.
func (s *Service) CreateInvite(ctx context.Context, caller chat.Caller, id chat.RoomID, life time.Duration, uses *int) (chat.Invite, string, error) {
	switch {
	case life == 0:
		life = chat.InviteLifetime
	case life < time.Second || life > chat.MaxInviteLifetime:
		return chat.Invite{}, "", chat.Errorf(chat.BadRequest, "An invite lives 1 to %d seconds.", int(chat.MaxInviteLifetime.Seconds())).WithField("expiresIn")
	}
	if uses != nil && (*uses < 1 || *uses > chat.MaxInviteUses) {
		return chat.Invite{}, "", chat.Errorf(chat.BadRequest, "An invite has 1 to %d uses.", chat.MaxInviteUses).WithField("uses")
	}
	if err := s.allowCreation(ctx, caller, id, chat.InviteUsers); err != nil {
		return chat.Invite{}, "", err
	}
	token, hash := chat.NewInviteToken()
	invite, err := s.Invites.CreateInvite(ctx, chat.NewInvite{
		Room: id, By: caller.User.ID, TokenHash: hash, ExpiresAt: chat.At(s.Now().Add(life)), Uses: uses,
	}, chat.RequirePermission(chat.InviteUsers))
	if err != nil {
		return chat.Invite{}, "", s.maskNotMember(ctx, caller, id, err)
	}
	return invite, token, nil
}

// ListInvites returns a room's invites in force, to those who may invite.
func (s *Service) ListInvites(ctx context.Context, caller chat.Caller, id chat.RoomID) ([]chat.Invite, error) {
	if err := s.requirePermission(ctx, caller, id, chat.InviteUsers); err != nil {
		return nil, err
	}
	return s.Invites.Invites(ctx, id)
}

// RevokeInvite ends an invite: nobody joins by it from now on.
func (s *Service) RevokeInvite(ctx context.Context, caller chat.Caller, id chat.RoomID, invite chat.InviteID) error {
	if err := s.allowModeration(ctx, caller, id, chat.InviteUsers); err != nil {
		return err
	}
	return s.maskNotMember(ctx, caller, id, s.Invites.RevokeInvite(ctx, id, caller.User.ID, invite, chat.RequirePermission(chat.InviteUsers)))
}

// RoomByInvite shows to what a token invites.
func (s *Service) RoomByInvite(ctx context.Context, caller chat.Caller, token string) (chat.Room, error) {
	return s.Invites.RoomByInvite(ctx, chat.TokenHash(token), caller.User.ID)
}

// JoinByInvite makes caller a member of the room to which a token invites: public or
// private, with a password or without.
func (s *Service) JoinByInvite(ctx context.Context, caller chat.Caller, token string) (chat.Room, chat.Membership, error) {
	room, err := s.Invites.RoomByInvite(ctx, chat.TokenHash(token), caller.User.ID)
	if err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	if err := allow(s.JoinRate, caller.User.ID); err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	membership, told, err := s.Invites.JoinByInvite(ctx, chat.TokenHash(token), caller.User.ID)
	if err != nil {
		return chat.Room{}, chat.Membership{}, room.MaskError(err)
	}
	room, err = s.completeJoin(ctx, caller, membership, told, "")
	if err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	return s.withOnline(ctx, room), membership, nil
}
