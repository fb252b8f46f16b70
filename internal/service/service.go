// Package service contains the use cases. REST and WebSocket call it alike, so that every
// rule is checked in one place.
package service

import (
	"log/slog"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Service checks, stores and publishes what callers request. Every method takes the caller
// and checks its permission.
type Service struct {
	Dependencies

	uploads      uploadPlaces
	searches     searchLocks
	nameSearches searchLocks
}

// New returns an error that names the dependencies which are missing.
func New(d Dependencies) (*Service, error) {
	if err := requireAll(d); err != nil {
		return nil, err
	}
	return &Service{Dependencies: d}, nil
}

// Dependencies are what Service uses. All are required.
type Dependencies struct {
	// The database. One call is one transaction.
	Accounts        chat.Accounts
	Profiles        chat.Profiles
	AccountDeletion chat.AccountDeletion
	Rooms           chat.Rooms
	Moderation      chat.Moderation
	Invites         chat.Invites
	Directs         chat.Directs
	Blocks          chat.Blocks
	Messages        chat.Messages
	Archive         chat.Archive
	Attachments     chat.Attachments
	Storage         chat.Storage
	Webhooks        chat.Webhooks
	Administration  chat.Administration

	// The state of this node and of the others.
	Presence      chat.Presence
	Publisher     chat.Publisher
	MessageCache  chat.MessageCache
	Subscriptions chat.Subscriptions
	Connections   chat.Connections

	// Files and pictures.
	Blobs            chat.Blobs
	Space            chat.Space
	GarbageCollector *GarbageCollector
	Pictures         chat.Pictures
	Media            chat.Media
	Links            Links

	// Settings and rates.
	Settings             *Settings
	MessageRate          chat.Limiter[chat.UserID]
	RoomMessageRate      chat.Budget[chat.RoomID] // the messages of all members of a room
	ChangeRates          ChangeRates              // all other durable changes
	UploadRate           chat.Limiter[chat.UserID]
	SearchRate           chat.Limiter[chat.UserID]
	NameSearchRate       chat.Limiter[chat.UserID]
	ReadRate             chat.Limiter[chat.UserID] // over REST and sockets
	JoinRate             chat.Limiter[chat.UserID]
	RoomCreationRate     chat.Limiter[chat.UserID]
	RoomPasswordAttempts RoomPasswordAttempts
	Passwords            chat.Passwords
	Targets              chat.Targets

	Log *slog.Logger
	Now func() time.Time
}
