package chat

import "context"

// Connection is one live socket as admins of the server see it.
type Connection struct {
	ID          string    `json:"id"`
	User        Author    `json:"user" doc:"As when the connection began."`
	SessionID   SessionID `json:"sessionId"`
	Node        string    `json:"node"`
	Address     string    `json:"address" doc:"The client's IP address."`
	UserAgent   string    `json:"userAgent"`
	ConnectedAt Time      `json:"connectedAt" format:"date-time"`
	Rooms       []RoomID  `json:"rooms" doc:"In which it is live."`
}

// ConnectionQuery asks for a page of the live connections.
type ConnectionQuery struct {
	User   UserID // 0: of everybody
	Limit  int
	Cursor string // opaque; "" for the first page
}

// ConnectionPage are live connections, the newest first.
type ConnectionPage struct {
	Connections   []Connection `json:"connections"`
	NextCursor    string       `json:"nextCursor,omitempty"`
	NonResponding int          `json:"silent" doc:"Nodes that did not answer in time: what they have is missing."`
}

// Connections knows the live connections of all nodes. UNAVAILABLE while nodes
// cannot be asked.
type Connections interface {
	Connections(ctx context.Context, q ConnectionQuery) (ConnectionPage, error)
	// CloseConnection closes one; its client may come back. NOT_FOUND.
	CloseConnection(ctx context.Context, id string) (Connection, error)
}
