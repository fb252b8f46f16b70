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
	// The truth: each call is one unit of work in the database.
	Accounts       Accounts
	Profiles       Profiles
	Departures     Departures
	Rooms          Rooms
	Moderation     Moderation
	Invites        Invites
	Directs        Directs
	Messages       Messages
	Archive        Archive
	Attachments    Attachments
	Storage        Storage
	Hooks          Hooks
	Administration Administration

	// What this node and the others know at this moment.
	Presence    Presence
	Announcer   Announcer
	Recent      Recent
	Seats       Seats
	Connections Connections

	// Files and pictures.
	Blobs    Blobs
	Space    Space
	Sweeper  *Sweeper
	Pictures Pictures
	Links    Links
	uploads  uploadPlaces

	// What is refused, and how much is too much.
	Limits    *LimitsInForce
	Sends     Limiter[UserID]
	Floods    Budget[RoomID] // messages of all in one room
	Rates     ChangeRates    // all other durable changes
	Uploads   Limiter[UserID]
	Searches  Limiter[UserID]
	Reads     Limiter[UserID] // over REST and sockets
	searching searching
	Joins     Limiter[UserID]
	Foundings Limiter[UserID] // rooms that a user makes
	Guesses   Guesses
	Passwords Passwords
	Targets   Targets

	Log *slog.Logger
	Now func() time.Time
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
	// VerifyDummy costs what Verify costs, for a room that has no password or does not
	// exist: the time of an answer must not tell which.
	VerifyDummy(ctx context.Context, password string) error
}
