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

// CheckMuted is the rule that a muted member only reads.
func (m Membership) CheckMuted(now Time) error {
	if m.MutedUntil > now {
		return Muted(m.MutedUntil, now)
	}
	return nil
}

// Muted says that a member is silent until then.
func Muted(until, now Time) *Error {
	e := Errorf(Forbidden, "You are muted in this room until %s.", until.Std().Format("2 January 2006, 15:04:05 UTC"))
	e.RetryAfter = until.Std().Sub(now.Std())
	return e
}
