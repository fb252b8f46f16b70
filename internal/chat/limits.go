package chat

import (
	"context"
	"time"
)

// Limits are the numbers that an operator may set.
type Limits struct {
	MaxMessageLength  int `json:"maxMessageLength" doc:"Characters (Unicode code points) of a text."`
	MessagesPer10s    int `json:"messagesPer10s" doc:"Sends and edits of one user in ten seconds."`
	AuthPerMinute     int `json:"authPerMinute" doc:"Logins, registrations and guests of one address a minute."`
	JoinsPerMinute    int `json:"joinsPerMinute" doc:"Rooms that a user joins in a minute."`
	RoomsPerHour      int `json:"roomsPerHour" doc:"Rooms that a user makes in an hour."`
	SocketsPerAddress int `json:"socketsPerAddress" doc:"Open sockets of one address on a node."`
	MaxUploadSize     int `json:"maxUploadSize" doc:"Bytes of an upload."`

	UploadBytesPerDay      int `json:"uploadBytesPerDay" doc:"Bytes that a user uploads on one day (UTC), avatars included."`
	GuestUploadBytesPerDay int `json:"guestUploadBytesPerDay" doc:"The same for a guest."`
	StorageBytes           int `json:"storageBytes" doc:"Bytes that are stored of all users together; guests may use four fifths."`
}

// LimitsPatch is what to change of the limits: nil is left as it is, 0 takes what
// the environment says.
type LimitsPatch struct {
	MaxMessageLength  *int `json:"maxMessageLength,omitempty"`
	MessagesPer10s    *int `json:"messagesPer10s,omitempty"`
	AuthPerMinute     *int `json:"authPerMinute,omitempty"`
	JoinsPerMinute    *int `json:"joinsPerMinute,omitempty"`
	RoomsPerHour      *int `json:"roomsPerHour,omitempty"`
	SocketsPerAddress *int `json:"socketsPerAddress,omitempty"`
	MaxUploadSize     *int `json:"maxUploadSize,omitempty"`

	UploadBytesPerDay      *int `json:"uploadBytesPerDay,omitempty"`
	GuestUploadBytesPerDay *int `json:"guestUploadBytesPerDay,omitempty"`
	StorageBytes           *int `json:"storageBytes,omitempty"`
}

// LimitStore keeps what admins have set. by is who does it.
type LimitStore interface {
	// Limits returns what is set, by name.
	Limits(ctx context.Context) (map[string]int, error)
	// SetLimits sets limits by name; 0 forgets one.
	SetLimits(ctx context.Context, by UserID, values map[string]int) error
}

// LimitsView is what admins see: the limits in force, and what they are where none
// is set.
type LimitsView struct {
	Limits   Limits `json:"limits"`
	Defaults Limits `json:"standard" doc:"What the environment of the node that answers says."`
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
