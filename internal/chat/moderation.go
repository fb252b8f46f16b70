package chat

import (
	"context"
	"time"
)

// The limits of bans and mutes.
const (
	MaxReason = 300 // characters
	MaxMute   = 28 * 24 * time.Hour
)

// Ban is the ban of a user from a room.
type Ban struct {
	User      Author `json:"user"`
	By        Author `json:"by" doc:"The user who set the ban."`
	Reason    string `json:"reason" doc:"For moderators. It is not shown to the banned user."`
	CreatedAt Time   `json:"createdAt" format:"date-time"`
}

// Moderation is the store of bans and mutes.
type Moderation interface {
	// Ban bans a user, member or not. It ends a membership like a kick; the message is nil if
	// there was none. A second ban only changes the reason. It returns NOT_FOUND for unknown
	// users.
	Ban(ctx context.Context, room RoomID, by, user UserID, reason string, rule MemberRule) (Ban, *Message, error)
	// Unban removes a ban. It returns NOT_FOUND if user is not banned.
	Unban(ctx context.Context, room RoomID, by, user UserID, rule MemberRule) error
	// Bans returns a page of bans by username, with the next cursor.
	Bans(ctx context.Context, room RoomID, limit int, cursor string) ([]Ban, string, error)
	// Mute mutes a member until the given time; 0 ends the mute. The mute stays if the member
	// leaves and joins again. It returns NOT_FOUND if the user is not a member.
	Mute(ctx context.Context, room RoomID, by, member UserID, until Time, rule MemberRule) (Membership, error)
}

// CheckMayWrite returns FORBIDDEN if the member is muted, or if one of the two users of a
// direct room has blocked the other one.
func (m Membership) CheckMayWrite(now Time) error {
	if err := m.Block.Check(); err != nil {
		return err
	}
	if m.MutedUntil > now {
		return Muted(m.MutedUntil, now)
	}
	return nil
}

// Muted is FORBIDDEN: the member is muted until the given time.
func Muted(until, now Time) *Error {
	e := Errorf(Forbidden, "You are muted in this room until %s.", until.Std().Format("2 January 2006, 15:04:05 UTC"))
	e.RetryAfter = until.Std().Sub(now.Std())
	return e
}
