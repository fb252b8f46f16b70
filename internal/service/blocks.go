package service

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Block blocks a user: the two cannot write to each other in their direct room, and messages of
// the user do not count as mentions of the caller.
func (s *Service) Block(ctx context.Context, caller chat.Caller, user chat.UserID) error {
	if user == caller.User.ID {
		return chat.Errorf(chat.BadRequest, "You cannot block yourself.").WithField("id")
	}
	return s.setBlock(ctx, caller, user, true)
}

// Unblock ends a block. It changes nothing if there is none.
func (s *Service) Unblock(ctx context.Context, caller chat.Caller, user chat.UserID) error {
	return s.setBlock(ctx, caller, user, false)
}

func (s *Service) setBlock(ctx context.Context, caller chat.Caller, user chat.UserID, on bool) error {
	if err := allow(s.ChangeRates.Blocks, caller.User.ID); err != nil {
		return err
	}
	set := s.Blocks.Unblock
	if on {
		set = s.Blocks.Block
	}
	changed, err := set(ctx, caller.User.ID, user)
	if err == nil && changed {
		s.Publisher.PublishUser(chat.BlockChanged{User: caller.User.ID, Other: user, Blocked: on})
	}
	return err
}

// BlockedUsers returns the users that the caller has blocked. Their status is unknown.
func (s *Service) BlockedUsers(ctx context.Context, caller chat.Caller) ([]chat.User, error) {
	return withoutPresence(s.Blocks.Blocked(ctx, caller.User.ID))
}

// BlockedIDs returns the ids of the users that the caller has blocked.
func (s *Service) BlockedIDs(ctx context.Context, caller chat.Caller) ([]chat.UserID, error) {
	return s.Blocks.BlockedIDs(ctx, caller.User.ID)
}
