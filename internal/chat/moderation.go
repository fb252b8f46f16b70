package chat

import (
	"context"
	"time"
)

// The limits of what moderators may do.
const (
	MaxReason = 300 // characters
	MaxMute   = 28 * 24 * time.Hour
)

// Ban keeps a user out of a room.
type Ban struct {
	User      Author `json:"user"`
	By        Author `json:"by" doc:"Who banned."`
	Reason    string `json:"reason" doc:"For moderators; the banned user is not told."`
	CreatedAt Time   `json:"createdAt" format:"date-time"`
}

// Moderation is the store of who is kept out of a room or silent in it.
type Moderation interface {
	// Ban keeps user out, whether a member or not; a membership ends as by a kick,
	// and the message tells it, nil where there was none. To ban again changes the
	// reason only. NOT_FOUND for unknown users.
	Ban(ctx context.Context, room RoomID, by, user UserID, reason string, rule MemberRule) (Ban, *Message, error)
	// Unban lets user join again. NOT_FOUND for who is not banned.
	Unban(ctx context.Context, room RoomID, by, user UserID, rule MemberRule) error
	// Bans returns a page of bans by username, with the next cursor.
	Bans(ctx context.Context, room RoomID, limit int, cursor string) ([]Ban, string, error)
	// Mute silences a member until then; 0 ends it. It outlives the membership.
	// NOT_FOUND for who is no member.
	Mute(ctx context.Context, room RoomID, by, member UserID, until Time, rule MemberRule) (Membership, error)
}

// Ban keeps user out of a room from now on: whoever joins afterwards, by whatever
// way, is refused under the same lock.
func (s *Service) Ban(ctx context.Context, caller Caller, id RoomID, user UserID, reason string) (Ban, error) {
	reason, err := line(reason, MaxReason, "reason")
	if err != nil {
		return Ban{}, err
	}
	if err := s.mayModerate(ctx, caller, id, BanUser); err != nil {
		return Ban{}, err
	}
	ban, told, err := s.Moderation.Ban(ctx, id, caller.User.ID, user, reason, upon(BanUser))
	if err != nil {
		return Ban{}, s.hiding(ctx, caller, id, err)
	}
	s.announce(told)
	return ban, nil
}

// Unban lets user join again.
func (s *Service) Unban(ctx context.Context, caller Caller, id RoomID, user UserID) error {
	if err := s.mayModerate(ctx, caller, id, BanUser); err != nil {
		return err
	}
	return s.hiding(ctx, caller, id, s.Moderation.Unban(ctx, id, caller.User.ID, user, roleFor(BanUser)))
}

// Bans returns a page of who is kept out, to those who may ban.
func (s *Service) Bans(ctx context.Context, caller Caller, id RoomID, limit int, cursor string) ([]Ban, string, error) {
	if err := s.entitled(ctx, caller, id, BanUser); err != nil {
		return nil, "", err
	}
	return s.Moderation.Bans(ctx, id, limit, cursor)
}

// Mute silences a member for a while: it reads, and writes, edits, reacts and
// types no more.
func (s *Service) Mute(ctx context.Context, caller Caller, id RoomID, member UserID, d time.Duration) (Membership, error) {
	if d < time.Second || d > MaxMute {
		return Membership{}, Fault(BadRequest, "A mute lasts 1 to %d seconds.", int(MaxMute.Seconds())).In("seconds")
	}
	return s.setMute(ctx, caller, id, member, At(s.Now().Add(d)))
}

// Unmute ends a mute. Where there is none it changes nothing.
func (s *Service) Unmute(ctx context.Context, caller Caller, id RoomID, member UserID) (Membership, error) {
	return s.setMute(ctx, caller, id, member, 0)
}

func (s *Service) setMute(ctx context.Context, caller Caller, id RoomID, member UserID, until Time) (Membership, error) {
	if err := s.mayModerate(ctx, caller, id, MuteMember); err != nil {
		return Membership{}, err
	}
	m, err := s.Moderation.Mute(ctx, id, caller.User.ID, member, until, upon(MuteMember))
	if err != nil {
		return Membership{}, s.hiding(ctx, caller, id, err)
	}
	s.membershipChanged(ctx, m)
	return m, nil
}

// membershipChanged tells a member what it may now, and everybody else in the room
// to look again.
func (s *Service) membershipChanged(ctx context.Context, m Membership) {
	s.tellMember(m)
	if room, _, err := s.Rooms.Room(ctx, m.RoomID, m.UserID); err == nil {
		s.Announcer.Announce(Event{Kind: RoomChanged, Room: m.RoomID, Frame: Frame("room:updated", RoomUpdated{s.withOnline(ctx, room)})})
	}
}

func (s *Service) tellMember(m Membership) {
	s.Announcer.Notify(Notice{Kind: ForUser, User: m.UserID, Frame: Frame("membership:updated", MembershipUpdated{m})})
}

// MayType tells whether caller may say that it types in a room.
func (s *Service) MayType(ctx context.Context, caller Caller, id RoomID) error {
	_, membership, err := s.inside(ctx, caller, id)
	if err != nil {
		return err
	}
	return membership.silent(At(s.Now()))
}

// silent is the rule that a muted member only reads.
func (m Membership) silent(now Time) error {
	if m.MutedUntil > now {
		return Muted(m.MutedUntil, now)
	}
	return nil
}

// Muted says that a member is silent until then.
func Muted(until, now Time) *Error {
	e := Fault(Forbidden, "You are muted in this room until %s.", until.Std().Format("2 January 2006, 15:04:05 UTC"))
	e.RetryAfter = until.Std().Sub(now.Std())
	return e
}

// entitled refuses who may not do a deed in a room; a room that caller may not see
// is missing.
func (s *Service) entitled(ctx context.Context, caller Caller, id RoomID, d Deed) error {
	_, membership, err := s.inside(ctx, caller, id)
	if err != nil {
		return err
	}
	return roleFor(d)(membership, nil)
}
