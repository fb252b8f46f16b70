package service

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
)

// OpenDirect returns the direct room of the caller and one other user. It is private, both
// are plain members, so that neither can manage it, and neither can leave it.
func (s *Service) OpenDirect(ctx context.Context, caller chat.Caller, with chat.UserID) (chat.Room, chat.Membership, bool, error) {
	if with == caller.User.ID {
		return chat.Room{}, chat.Membership{}, false, chat.Errorf(chat.BadRequest, "You cannot start a direct conversation with yourself.")
	}
	if err := allow(s.JoinRate, caller.User.ID); err != nil {
		return chat.Room{}, chat.Membership{}, false, err
	}
	room, memberships, fresh, err := s.Directs.OpenDirect(ctx, caller.User.ID, with)
	if err != nil {
		return chat.Room{}, chat.Membership{}, false, err
	}
	if fresh {
		for _, m := range memberships {
			s.publishRoomAdded(room, m, "")
		}
	}
	return s.withOnline(ctx, room), memberships[0], fresh, nil
}
