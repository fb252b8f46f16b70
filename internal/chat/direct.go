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

// OpenDirect returns the room in which caller talks with one other user. It is
// private, both are plain members and so nobody manages it; it cannot be left.
func (s *Service) OpenDirect(ctx context.Context, caller Caller, with UserID) (Room, Membership, bool, error) {
	if with == caller.User.ID {
		return Room{}, Membership{}, false, Fault(BadRequest, "A direct conversation is with somebody else.")
	}
	if err := allow(s.Joins, caller.User.ID); err != nil {
		return Room{}, Membership{}, false, err
	}
	room, memberships, fresh, err := s.Directs.OpenDirect(ctx, caller.User.ID, with)
	if err != nil {
		return Room{}, Membership{}, false, err
	}
	if fresh {
		for _, m := range memberships {
			s.added(room, m, "")
		}
	}
	return s.withOnline(ctx, room), memberships[0], fresh, nil
}

// DirectName is what a direct room is called where a client knows no better.
func DirectName(with []Author) string {
	names := make([]string, len(with))
	for i, a := range with {
		names[i] = a.DisplayName
	}
	return strings.Join(names, ", ")
}
