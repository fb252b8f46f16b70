package service

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// allowModeration refuses, before the room is locked, who may not do d in it, and counts d.
// The rule is asked again under the lock.
func (s *Service) allowModeration(ctx context.Context, caller chat.Caller, id chat.RoomID, d chat.Permission) error {
	if err := s.requirePermission(ctx, caller, id, d); err != nil {
		return err
	}
	return allow(s.ChangeRates.Moderation, caller.User.ID)
}

// allowCreation is mayModerate for what is made in a room.
func (s *Service) allowCreation(ctx context.Context, caller chat.Caller, id chat.RoomID, d chat.Permission) error {
	if err := s.requirePermission(ctx, caller, id, d); err != nil {
		return err
	}
	return s.ChangeRates.allowCreation(caller.User.ID, id)
}

// Ban keeps user out of a room from now on: whoever joins afterwards, by whatever
// way, is refused under the same lock.
func (s *Service) Ban(ctx context.Context, caller chat.Caller, id chat.RoomID, user chat.UserID, reason string) (chat.Ban, error) {
	reason, err := chat.CleanLine(reason, chat.MaxReason, "reason")
	if err != nil {
		return chat.Ban{}, err
	}
	if err := s.allowModeration(ctx, caller, id, chat.BanUser); err != nil {
		return chat.Ban{}, err
	}
	ban, told, err := s.Moderation.Ban(ctx, id, caller.User.ID, user, reason, chat.Outranks(chat.BanUser))
	if err != nil {
		return chat.Ban{}, s.maskNotMember(ctx, caller, id, err)
	}
	s.publishMessage(told)
	return ban, nil
}

// Unban lets user join again.
func (s *Service) Unban(ctx context.Context, caller chat.Caller, id chat.RoomID, user chat.UserID) error {
	if err := s.allowModeration(ctx, caller, id, chat.BanUser); err != nil {
		return err
	}
	return s.maskNotMember(ctx, caller, id, s.Moderation.Unban(ctx, id, caller.User.ID, user, chat.RequirePermission(chat.BanUser)))
}

// Bans returns a page of who is kept out, to those who may ban.
func (s *Service) Bans(ctx context.Context, caller chat.Caller, id chat.RoomID, limit int, cursor string) ([]chat.Ban, string, error) {
	if err := s.requirePermission(ctx, caller, id, chat.BanUser); err != nil {
		return nil, "", err
	}
	return s.Moderation.Bans(ctx, id, limit, cursor)
}

// Mute silences a member for a while: it reads, and writes, edits, reacts and
// types no more.
func (s *Service) Mute(ctx context.Context, caller chat.Caller, id chat.RoomID, member chat.UserID, d time.Duration) (chat.Membership, error) {
	if d < time.Second || d > chat.MaxMute {
		return chat.Membership{}, chat.Errorf(chat.BadRequest, "A mute lasts 1 to %d seconds.", int(chat.MaxMute.Seconds())).WithField("seconds")
	}
	return s.setMute(ctx, caller, id, member, chat.At(s.Now().Add(d)))
}

// Unmute ends a mute. Where there is none it changes nothing.
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

// publishMembershipChange tells a member what it may now, and everybody else in the room
// to look again.
func (s *Service) publishMembershipChange(ctx context.Context, m chat.Membership) {
	s.publishMembership(m)
	if room, _, err := s.Rooms.Room(ctx, m.RoomID, m.UserID); err == nil {
		s.Publisher.PublishRoom(chat.RoomChanged{Room: s.withOnline(ctx, room)})
	}
}

func (s *Service) publishMembership(m chat.Membership) {
	s.Publisher.PublishUser(chat.MembershipChanged{Membership: m})
}

// MayType tells whether caller may say that it types in a room.
func (s *Service) MayType(ctx context.Context, caller chat.Caller, id chat.RoomID) error {
	_, membership, err := s.memberRoom(ctx, caller, id)
	if err != nil {
		return err
	}
	return membership.CheckMuted(chat.At(s.Now()))
}

// requirePermission refuses who may not do a deed in a room; a room that caller may not see
// is missing.
func (s *Service) requirePermission(ctx context.Context, caller chat.Caller, id chat.RoomID, d chat.Permission) error {
	_, membership, err := s.memberRoom(ctx, caller, id)
	if err != nil {
		return err
	}
	return chat.RequirePermission(d)(membership, nil)
}
