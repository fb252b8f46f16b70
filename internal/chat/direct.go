package chat

import (
	"context"
	"strings"
)

// Directs is the store of direct rooms, the rooms of two users.
type Directs interface {
	// OpenDirect returns the direct room of two users and their memberships, the one of by
	// first. It creates the room if there is none; then fresh is true. It returns NOT_FOUND if
	// there is none and with is unknown or deleted, or if one of the two has blocked the other.
	OpenDirect(ctx context.Context, by, with UserID) (r Room, memberships [2]Membership, fresh bool, err error)
}

// DirectName returns the name of a direct room for clients that do not make their own.
func DirectName(with []Author) string {
	names := make([]string, len(with))
	for i, a := range with {
		names[i] = a.DisplayName
	}
	return strings.Join(names, ", ")
}
