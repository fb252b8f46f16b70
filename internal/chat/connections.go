package chat

import "context"

// Connection is one live socket as admins of the server see it.
type Connection struct {
	ID          string    `json:"id"`
	User        Author    `json:"user" doc:"The user as it was when the connection was opened."`
	SessionID   SessionID `json:"sessionId"`
	Node        string    `json:"node"`
	Address     string    `json:"address" doc:"The client's IP address."`
	UserAgent   string    `json:"userAgent"`
	ConnectedAt Time      `json:"connectedAt" format:"date-time"`
	Rooms       []RoomID  `json:"rooms" doc:"The rooms in which the connection is live."`
}

// ConnectionQuery asks for a page of the live connections.
type ConnectionQuery struct {
	User   UserID // 0: all users
	Limit  int
	Cursor string // opaque; "" for the first page
}

// ConnectionPage is a page of live connections, newest first.
type ConnectionPage struct {
	Connections   []Connection `json:"connections"`
	NextCursor    string       `json:"nextCursor,omitempty"`
	NonResponding int          `json:"silent" doc:"The number of nodes that did not respond in time. Their connections are missing."`
}

// Connections lists the live connections of all nodes. Its methods return UNAVAILABLE while
// the other nodes cannot be reached.
type Connections interface {
	Connections(ctx context.Context, q ConnectionQuery) (ConnectionPage, error)
	// CloseConnection closes a connection. Its client may reconnect. It returns NOT_FOUND if
	// there is none.
	CloseConnection(ctx context.Context, id string) (Connection, error)
}
