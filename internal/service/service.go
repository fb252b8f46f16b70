// Package service contains the use cases. REST and WebSocket call it alike, so that every
// rule is checked in one place.
package service

import (
	"log/slog"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Service does what callers ask: check, store, announce. Everything that enters
// by REST or WebSocket goes through it, so that a rule stands in one place.
type Service struct {
	// The truth: each call is one unit of work in the database.
	Accounts        chat.Accounts
	Profiles        chat.Profiles
	AccountDeletion chat.AccountDeletion
	Rooms           chat.Rooms
	Moderation      chat.Moderation
	Invites         chat.Invites
	Directs         chat.Directs
	Messages        chat.Messages
	Archive         chat.Archive
	Attachments     chat.Attachments
	Storage         chat.Storage
	Webhooks        chat.Webhooks
	Administration  chat.Administration

	// What this node and the others know at this moment.
	Presence      chat.Presence
	Announcer     chat.Announcer
	MessageCache  chat.MessageCache
	Subscriptions chat.Subscriptions
	Connections   chat.Connections

	// Files and pictures.
	Blobs            chat.Blobs
	Space            chat.Space
	GarbageCollector *GarbageCollector
	Pictures         chat.Pictures
	Links            Links
	uploads          uploadPlaces

	// What is refused, and how much is too much.
	Limits               *EffectiveLimits
	MessageRate          chat.Limiter[chat.UserID]
	RoomMessageRate      chat.Budget[chat.RoomID] // messages of all in one room
	ChangeRates          ChangeRates              // all other durable changes
	UploadRate           chat.Limiter[chat.UserID]
	SearchRate           chat.Limiter[chat.UserID]
	ReadRate             chat.Limiter[chat.UserID] // over REST and sockets
	searches             searchLocks
	JoinRate             chat.Limiter[chat.UserID]
	RoomCreationRate     chat.Limiter[chat.UserID] // rooms that a user makes
	RoomPasswordAttempts RoomPasswordAttempts
	Passwords            chat.Passwords
	Targets              chat.Targets

	Log *slog.Logger
	Now func() time.Time
}
