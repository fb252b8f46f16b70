package chat

import "time"

// Limits are the limits that an operator or an admin can set.
type Limits struct {
	MaxMessageLength  int `json:"maxMessageLength" doc:"Maximum characters (Unicode code points) of a message."`
	MessagesPer10s    int `json:"messagesPer10s" doc:"Maximum sends and edits of a user in ten seconds."`
	AuthPerMinute     int `json:"authPerMinute" doc:"Maximum logins, registrations and new guests of an address per minute."`
	JoinsPerMinute    int `json:"joinsPerMinute" doc:"Maximum rooms that a user joins per minute."`
	RoomsPerHour      int `json:"roomsPerHour" doc:"Maximum rooms that a user creates per hour."`
	SocketsPerAddress int `json:"socketsPerAddress" doc:"Maximum open connections of an address on a node."`
	MaxUploadSize     int `json:"maxUploadSize" doc:"Maximum bytes of an upload."`

	UploadBytesPerDay      int `json:"uploadBytesPerDay" doc:"Maximum bytes that a user uploads per day (UTC), including avatars."`
	GuestUploadBytesPerDay int `json:"guestUploadBytesPerDay" doc:"Maximum bytes that a guest uploads per day (UTC), including avatars."`
	StorageBytes           int `json:"storageBytes" doc:"Maximum bytes that are stored of all users; guests may use four fifths."`
}

// LimitsPatch is a change of the limits. Fields that are nil do not change; 0 restores the
// value of the environment.
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

// LimitsView contains the present limits and their defaults, for admins.
type LimitsView struct {
	Limits   Limits `json:"limits"`
	Defaults Limits `json:"standard" doc:"The limits in the environment of the node that responds."`
}

// Limiter limits the rate of actions per key.
type Limiter[K comparable] interface {
	// Allow counts one action of key and returns true, or returns false and the time until
	// the next action is allowed.
	Allow(key K) (retryAfter time.Duration, ok bool)
}

// Budget is a Limiter of actions that are counted after they have succeeded. Ready reports
// whether Allow would succeed, and counts nothing.
type Budget[K comparable] interface {
	Limiter[K]
	Ready(key K) (retryAfter time.Duration, ok bool)
}
