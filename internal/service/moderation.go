package service

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// allowModeration checks the permission and counts the action, before the room is locked.
// The store checks the permission again under the lock.
func (s *Service) allowModeration(ctx context.Context, caller chat.Caller, id chat.RoomID, p chat.Permission) error {
	if err := s.requirePermission(ctx, caller, id, p); err != nil {
		return err
	}
	return allow(s.ChangeRates.Moderation, caller.User.ID)
}

// allowCreation is allowModeration for the creation of a webhook or an invite.
func (s *Service) allowCreation(ctx context.Context, caller chat.Caller, id chat.RoomID, p chat.Permission) error {
	if err := s.requirePermission(ctx, caller, id, p); err != nil {
		return err
	}
	return s.ChangeRates.allowCreation(caller.User.ID, id)
}

// Ban removes user from a room and bans it. Every later join checks the ban under the same
// lock.
func (s *Service) Ban(ctx context.Context, caller chat.Caller, id chat.RoomID, user chat.UserID, reason string) (chat.Ban, error) {
	reason, err := chat.CleanLine(reason, chat.MaxReason, "reason")
	if err != nil {
		return chat.Ban{}, err
	}
	if err := s.allowModeration(ctx, caller, id, chat.BanUser); err != nil {
		return chat.Ban{}, err
	}
	ban, systemMsg, err := s.Moderation.Ban(ctx, id, caller.User.ID, user, reason, chat.Outranks(chat.BanUser))
	if err != nil {
		return chat.Ban{}, s.maskNotMember(ctx, caller, id, err)
	}
	s.publishMessage(systemMsg)
	return ban, nil
}

// Unban removes a ban, so that user may join again.
func (s *Service) Unban(ctx context.Context, caller chat.Caller, id chat.RoomID, user chat.UserID) error {
	if err := s.allowModeration(ctx, caller, id, chat.BanUser); err != nil {
		return err
	}
	return s.maskNotMember(ctx, caller, id, s.Moderation.Unban(ctx, id, caller.User.ID, user, chat.RequirePermission(chat.BanUser)))
}

// Bans returns a page of the bans of a room. It needs the permission to ban.
func (s *Service) Bans(ctx context.Context, caller chat.Caller, id chat.RoomID, limit int, cursor string) ([]chat.Ban, string, error) {
	if err := s.requirePermission(ctx, caller, id, chat.BanUser); err != nil {
		return nil, "", err
	}
	return s.Moderation.Bans(ctx, id, limit, cursor)
}

// Mute mutes a member for d. A muted member can read, but not send, edit, react or type.
func (s *Service) Mute(ctx context.Context, caller chat.Caller, id chat.RoomID, member chat.UserID, d time.Duration) (chat.Membership, error) {
	if d < time.Second || d > chat.MaxMute {
		return chat.Membership{}, chat.Errorf(chat.BadRequest, "A mute can last 1 to %d seconds.", int(chat.MaxMute.Seconds())).WithField("seconds")
	}
	return s.setMute(ctx, caller, id, member, chat.At(s.Now().Add(d)))
}

// Unmute ends a mute. It changes nothing if the member is not muted.
func (s *Service) Unmute(ctx context.Context, caller chat.Caller, id chat.RoomID, member chat.UserID) (chat.Membership, error) {
	return s.setMute(ctx, caller, id, member, 0)
}

func (s *Service) setMute(ctx context.Context, caller chat.Caller, id chat.RoomID, member chat.UserID, until chat.Time) (chat.Membership, error) {
	if err := s.allowModeration(ctx, caller, id, chat.MuteMember); err != nil {
		return chat.Membership{}, err
	}
	m, err := s.Moderation.Mute(ctx, id, caller.User.ID, member, until, chat.Outranks(chat.MuteMember))
	if err != nil {
		return chat.Membership{}, s.maskNotMember(ctx, caller, id, err)
	}
	s.publishMembershipChange(ctx, m)
	return m, nil
}

// publishMembershipChange publishes a changed membership to the member, and a change of the
// room to everyone in it.
func (s *Service) publishMembershipChange(ctx context.Context, m chat.Membership) {
	s.publishMembership(m)
	if room, _, err := s.Rooms.Room(ctx, m.RoomID, m.UserID); err == nil {
		s.Publisher.PublishRoom(chat.RoomChanged{Room: s.withOnline(ctx, room)})
	}
}

func (s *Service) publishMembership(m chat.Membership) {
	s.Publisher.PublishUser(chat.MembershipChanged{Membership: m})
}

// MayType returns an error if the caller may not send typing events in a room.
func (s *Service) MayType(ctx context.Context, caller chat.Caller, id chat.RoomID) error {
	room, membership, err := s.memberRoom(ctx, caller, id)
	if err == nil && room.Direct {
		membership.Block, err = s.Blocks.BlockIn(ctx, id, caller.User.ID)
	}
	if err != nil {
		return err
	}
	return membership.CheckMayWrite(chat.At(s.Now()))
}

// requirePermission returns FORBIDDEN if the caller does not have a permission in a room,
// and NOT_FOUND if the caller may not see the room.
func (s *Service) requirePermission(ctx context.Context, caller chat.Caller, id chat.RoomID, p chat.Permission) error {
	_, membership, err := s.memberRoom(ctx, caller, id)
	if err != nil {
		return err
	}
	return chat.RequirePermission(p)(membership, nil)
}
