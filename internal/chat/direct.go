package chat

import (
	"context"
	"strings"
)

// Directs is the store of the rooms of two users.
type Directs interface {
	// OpenDirect returns the one room of two users, made where there is none yet,
	// and their memberships, by's first. NOT_FOUND where there is none yet and with
	// is unknown or gone.
	OpenDirect(ctx context.Context, by, with UserID) (r Room, memberships [2]Membership, fresh bool, err error)
}

// DirectName is what a direct room is called where a client knows no better.
func DirectName(with []Author) string {
	names := make([]string, len(with))
	for i, a := range with {
		names[i] = a.DisplayName
	}
	return strings.Join(names, ", ")
}
