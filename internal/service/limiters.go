package service

import (
	"github.com/chillin-chat/chillin/internal/chat"
)

// allow counts one deed of key, or refuses it.
func allow[K comparable](l chat.Limiter[K], key K) error {
	if after, ok := l.Allow(key); !ok {
		return chat.ErrRateLimited(after)
	}
	return nil
}

// RoomPasswordAttempt is whose tries at which room's password are counted.
type RoomPasswordAttempt struct {
	Room chat.RoomID
	User chat.UserID // 0: of all users together
}

// RoomPasswordAttempts limits the tries at room passwords.
type RoomPasswordAttempts struct {
	PerCaller chat.Limiter[chat.UserID]         // at all rooms, also those that do not exist
	PerUser   chat.Limiter[RoomPasswordAttempt] // in one room
	PerRoom   chat.Limiter[RoomPasswordAttempt] // by everybody
}

// allow counts a try at the password of one room.
func (g RoomPasswordAttempts) allow(room chat.RoomID, user chat.UserID) error {
	if err := allow(g.PerUser, RoomPasswordAttempt{room, user}); err != nil {
		return err
	}
	return allow(g.PerRoom, RoomPasswordAttempt{Room: room})
}

// ChangeRates limit the durable changes that are no messages, so that nobody floods a
// room, the log or the disk with them. Each is counted before the room is locked.
type ChangeRates struct {
	// OfUser and OfRoom count reactions and the deletion of one's own messages, and
	// OfRoom also new names and descriptions of the room.
	PerUser chat.Limiter[chat.UserID]
	PerRoom chat.Limiter[chat.RoomID]
	// Leaves and Moderation count what must not wait for OfRoom, which others fill:
	// leaving, and the acts of those who have a role.
	Leaves     chat.Limiter[chat.UserID]
	Moderation chat.Limiter[chat.UserID]
	// Creations and RoomCreations count what leaves something behind even when it is
	// removed again: webhooks, invites, bots and their tokens.
	Creations     chat.Limiter[chat.UserID]
	RoomCreations chat.Limiter[chat.RoomID]
	// Renames count the names that a user tries for rooms: an answer tells that a room
	// of that name exists, and it may be a hidden one.
	Renames chat.Limiter[chat.UserID]
	// Profiles count what a user changes of itself: many are told.
	Profiles chat.Limiter[chat.UserID]
}

// allowChange counts a change by a member of room.
func (r ChangeRates) allowChange(user chat.UserID, room chat.RoomID) error {
	if err := allow(r.PerUser, user); err != nil {
		return err
	}
	return allow(r.PerRoom, room)
}

// allowCreation counts a webhook or an invite of room.
func (r ChangeRates) allowCreation(user chat.UserID, room chat.RoomID) error {
	if err := allow(r.Creations, user); err != nil {
		return err
	}
	return allow(r.RoomCreations, room)
}

// CountRead takes one read from the budget of caller's user. It returns RATE_LIMITED
// if none is left.
func (s *Service) CountRead(caller chat.Caller) error { return allow(s.ReadRate, caller.User.ID) }
