// Package chat holds the words and the rules: users, rooms, messages, who may do
// what, and the Service through which REST and WebSocket alike do it. It knows no
// technology; it names as interfaces what it needs from one.
package chat

import (
	"context"
	"log/slog"
	"time"
)

// Service does what callers ask: check, store, announce. Everything that enters
// by REST or WebSocket goes through it, so that a rule stands in one place.
type Service struct {
	Accounts  Accounts
	Rooms     Rooms
	Messages  Messages
	Recent    Recent
	Seats     Seats
	Archive   Archive
	Profiles  Profiles
	Blobs     Blobs
	Pictures  Pictures
	Hooks     Hooks
	Targets   Targets
	Presence  Presence
	Announcer Announcer
	Passwords Passwords
	Sends     Limiter[UserID]
	Uploads   Limiter[UserID]
	Joins     Limiter[UserID]
	Foundings Limiter[UserID] // rooms that a user makes
	Floods    Budget[RoomID]  // messages of all in one room
	Searches  Limiter[UserID]
	Guesses   Guesses
	Limits    *LimitsInForce
	Log       *slog.Logger
	Now       func() time.Time

	Administration Administration
	Connections    Connections
	Moderation     Moderation
	Invites        Invites
	Directs        Directs
	Departures     Departures

	Attachments Attachments
	Sweeper     *Sweeper
	Links       Links
	uploads     turns
}

// Guess is whose tries at which room's password are counted.
type Guess struct {
	Room RoomID
	User UserID // 0: of all users together
}

// Guesses limits the tries at room passwords.
type Guesses struct {
	OfUser Limiter[Guess] // in one room
	OfRoom Limiter[Guess] // by everybody
}

func (g Guesses) allow(room RoomID, user UserID) error {
	if after, ok := g.OfUser.Allow(Guess{room, user}); !ok {
		return limited(after)
	}
	if after, ok := g.OfRoom.Allow(Guess{Room: room}); !ok {
		return limited(after)
	}
	return nil
}

// Announcer tells this node and all others what has been committed.
type Announcer interface {
	// Announce hands e to the sockets of this node and publishes it. Call it
	// after the commit: an event for a rolled-back row is a lie.
	Announce(e Event)
	// Notify hands n to every node.
	Notify(n Notice)
}

// Passwords hashes and checks passwords at a cost that a guesser feels.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
	Verify(ctx context.Context, password, phc string) (bool, error)
}

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

func limited(after time.Duration) *Error {
	return &Error{Code: RateLimited, Text: "That was too much at once. Please wait a moment.", RetryAfter: after}
}
