package chat

import "time"

// Limiter counts what a key does. Where it is too much, it says when to come
// again.
type Limiter[K comparable] interface {
	Allow(key K) (retryAfter time.Duration, ok bool)
}

// Budget is a Limiter of what is counted once it has happened: Ready tells
// whether anything is left for key, and takes nothing.
type Budget[K comparable] interface {
	Limiter[K]
	Ready(key K) (retryAfter time.Duration, ok bool)
}

// allow counts one deed of key, or refuses it.
func allow[K comparable](l Limiter[K], key K) error {
	if after, ok := l.Allow(key); !ok {
		return limited(after)
	}
	return nil
}

func limited(after time.Duration) *Error {
	return &Error{Code: RateLimited, Text: "That was too much at once. Please wait a moment.", RetryAfter: after}
}

// Guess is whose tries at which room's password are counted.
type Guess struct {
	Room RoomID
	User UserID // 0: of all users together
}

// Guesses limits the tries at room passwords.
type Guesses struct {
	OfCaller Limiter[UserID] // at all rooms, also those that do not exist
	OfUser   Limiter[Guess]  // in one room
	OfRoom   Limiter[Guess]  // by everybody
}

// allow counts a try at the password of one room.
func (g Guesses) allow(room RoomID, user UserID) error {
	if err := allow(g.OfUser, Guess{room, user}); err != nil {
		return err
	}
	return allow(g.OfRoom, Guess{Room: room})
}

// ChangeRates limit the durable changes that are no messages, so that nobody floods a
// room, the log or the disk with them. Each is counted before the room is locked.
type ChangeRates struct {
	// OfUser and OfRoom count reactions and the deletion of one's own messages, and
	// OfRoom also new names and descriptions of the room.
	OfUser Limiter[UserID]
	OfRoom Limiter[RoomID]
	// Leaves and Moderation count what must not wait for OfRoom, which others fill:
	// leaving, and the acts of those who have a role.
	Leaves     Limiter[UserID]
	Moderation Limiter[UserID]
	// Creations and RoomCreations count what leaves something behind even when it is
	// removed again: webhooks, invites, bots and their tokens.
	Creations     Limiter[UserID]
	RoomCreations Limiter[RoomID]
	// Renames count the names that a user tries for rooms: an answer tells that a room
	// of that name exists, and it may be a hidden one.
	Renames Limiter[UserID]
	// Profiles count what a user changes of itself: many are told.
	Profiles Limiter[UserID]
}

// change counts a change by a member of room.
func (r ChangeRates) change(user UserID, room RoomID) error {
	if err := allow(r.OfUser, user); err != nil {
		return err
	}
	return allow(r.OfRoom, room)
}

// creation counts a webhook or an invite of room.
func (r ChangeRates) creation(user UserID, room RoomID) error {
	if err := allow(r.Creations, user); err != nil {
		return err
	}
	return allow(r.RoomCreations, room)
}

// CountRead takes one read from the budget of caller's user. It returns RATE_LIMITED
// if none is left.
func (s *Service) CountRead(caller Caller) error { return allow(s.Reads, caller.User.ID) }
