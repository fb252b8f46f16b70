package service

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// CreateInvite creates an invite. A lifetime of 0 means InviteLifetime, nil uses mean no
// limit. The token is returned only here.
func (s *Service) CreateInvite(ctx context.Context, caller chat.Caller, id chat.RoomID, lifetime time.Duration, uses *int) (chat.Invite, string, error) {
	switch {
	case lifetime == 0:
		lifetime = chat.InviteLifetime
	case lifetime < time.Second || lifetime > chat.MaxInviteLifetime:
		return chat.Invite{}, "", chat.Errorf(chat.BadRequest, "An invite can be valid for 1 to %d seconds.", int(chat.MaxInviteLifetime.Seconds())).WithField("expiresIn")
	}
	if uses != nil && (*uses < 1 || *uses > chat.MaxInviteUses) {
		return chat.Invite{}, "", chat.Errorf(chat.BadRequest, "An invite can have 1 to %d uses.", chat.MaxInviteUses).WithField("uses")
	}
	if err := s.allowCreation(ctx, caller, id, chat.InviteUsers); err != nil {
		return chat.Invite{}, "", err
	}
	token, hash := chat.NewInviteToken()
	invite, err := s.Invites.CreateInvite(ctx, chat.NewInvite{
		Room: id, By: caller.User.ID, TokenHash: hash, ExpiresAt: chat.At(s.Now().Add(lifetime)), Uses: uses,
	}, chat.RequirePermission(chat.InviteUsers))
	if err != nil {
		return chat.Invite{}, "", s.maskNotMember(ctx, caller, id, err)
	}
	return invite, token, nil
}

// ListInvites returns the valid invites of a room. It needs the permission to invite.
func (s *Service) ListInvites(ctx context.Context, caller chat.Caller, id chat.RoomID) ([]chat.Invite, error) {
	if err := s.requirePermission(ctx, caller, id, chat.InviteUsers); err != nil {
		return nil, err
	}
	return s.Invites.Invites(ctx, id)
}

// RevokeInvite makes an invite invalid.
func (s *Service) RevokeInvite(ctx context.Context, caller chat.Caller, id chat.RoomID, invite chat.InviteID) error {
	if err := s.allowModeration(ctx, caller, id, chat.InviteUsers); err != nil {
		return err
	}
	return s.maskNotMember(ctx, caller, id, s.Invites.RevokeInvite(ctx, id, caller.User.ID, invite, chat.RequirePermission(chat.InviteUsers)))
}

// RoomByInvite returns the room to which a token invites.
func (s *Service) RoomByInvite(ctx context.Context, caller chat.Caller, token string) (chat.Room, error) {
	return s.Invites.RoomByInvite(ctx, chat.TokenHash(token), caller.User.ID)
}

// JoinByInvite makes the caller a member of the room to which a token invites, also if the
// room is private or has a password.
func (s *Service) JoinByInvite(ctx context.Context, caller chat.Caller, token string) (chat.Room, chat.Membership, error) {
	room, err := s.Invites.RoomByInvite(ctx, chat.TokenHash(token), caller.User.ID)
	if err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	if err := allow(s.JoinRate, caller.User.ID); err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	membership, systemMsg, err := s.Invites.JoinByInvite(ctx, chat.TokenHash(token), caller.User.ID)
	if err != nil {
		return chat.Room{}, chat.Membership{}, room.MaskError(err)
	}
	room, err = s.completeJoin(ctx, caller, membership, systemMsg, "")
	if err != nil {
		return chat.Room{}, chat.Membership{}, err
	}
	return s.withOnline(ctx, room), membership, nil
}
