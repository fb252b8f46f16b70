package service

import (
	"github.com/chillin-chat/chillin/internal/chat"
)

// The reasons of RATE_LIMITED.
const (
	tooManyRequests = "Too many requests."
	sendingTooFast  = "You are sending too fast."
	roomTooBusy     = "Too many messages are being sent in this room."
)

// allow counts one action of key, or returns RATE_LIMITED.
func allow[K comparable](l chat.Limiter[K], key K) error { return allowOr(tooManyRequests, l, key) }

// allowOr is allow with a reason.
func allowOr[K comparable](reason string, l chat.Limiter[K], key K) error {
	if after, ok := l.Allow(key); !ok {
		return chat.ErrRateLimited(reason, after)
	}
	return nil
}

// RoomPasswordAttempt is the key of attempts at the password of a room.
type RoomPasswordAttempt struct {
	Room chat.RoomID
	User chat.UserID // 0: all users together
}

// RoomPasswordAttempts limits attempts at room passwords.
type RoomPasswordAttempts struct {
	PerCaller chat.Limiter[chat.UserID]         // at all rooms, including rooms that do not exist
	PerUser   chat.Limiter[RoomPasswordAttempt] // of one user at one room
	PerRoom   chat.Limiter[RoomPasswordAttempt] // of all users at one room
}

// allow counts an attempt at the password of one room.
func (g RoomPasswordAttempts) allow(room chat.RoomID, user chat.UserID) error {
	if err := allow(g.PerUser, RoomPasswordAttempt{room, user}); err != nil {
		return err
	}
	return allow(g.PerRoom, RoomPasswordAttempt{Room: room})
}

// ChangeRates limits the durable changes other than messages, which would fill a room, the
// audit log or the disk. A change is counted before the room is locked.
type ChangeRates struct {
	// PerUser and PerRoom count reactions and deletions of own messages. PerRoom also counts
	// new names and descriptions of the room.
	PerUser chat.Limiter[chat.UserID]
	PerRoom chat.Limiter[chat.RoomID]
	// Leaves and Moderation count changes that must not depend on PerRoom, which other
	// members use up: leaving, and actions that need a role.
	Leaves     chat.Limiter[chat.UserID]
	Moderation chat.Limiter[chat.UserID]
	// Creations and RoomCreations count what stays in the database even after its removal:
	// webhooks, invites, bots and their tokens.
	Creations     chat.Limiter[chat.UserID]
	RoomCreations chat.Limiter[chat.RoomID]
	// Renames counts the names that a user tries for rooms: ROOM_NAME_TAKEN reveals that a
	// room of that name exists, also a hidden one.
	Renames chat.Limiter[chat.UserID]
	// Profiles counts changes of profiles, which are sent to many users.
	Profiles chat.Limiter[chat.UserID]
	// Blocks counts blocks and their ends. It is a limit of its own, so that other changes
	// cannot prevent a block.
	Blocks chat.Limiter[chat.UserID]
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
