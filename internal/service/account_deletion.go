package service

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

const purgeTimeout = time.Minute

const purgeUsers = 200

const purgeSessions = 1000

const sessionsKept = 7 * 24 * time.Hour

const purgeAudit = 1000

const auditKept = 365 * 24 * time.Hour // of rooms

// CloseAccount ends the account of a caller, who is at once signed out
// everywhere. What the caller wrote stays. Where the rest takes too long or fails,
// PurgeExpired goes on with it.
func (s *Service) CloseAccount(ctx context.Context, caller chat.Caller) error {
	if err := s.closeAccount(ctx, caller.User.ID, false); err != nil {
		return err
	}
	if err := s.removeFromRooms(ctx, caller.User.ID); err != nil {
		s.Log.WarnContext(ctx, "an account is not quite gone yet", "user", caller.User.ID, "err", err)
	}
	return nil
}

// PurgeExpired lets those go whose time is over, and forgets sessions that are, and old entries
// of the log. It does a
// bounded part of it; every node may do it at any time.
func (s *Service) PurgeExpired(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, purgeTimeout)
	defer cancel()
	users, err := s.AccountDeletion.PendingDeletions(ctx, purgeUsers)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range users {
		if ctx.Err() != nil {
			break
		}
		if err := s.deleteAccount(ctx, id); err != nil {
			failed = append(failed, fmt.Errorf("let user %d go: %w", id, err))
		}
	}
	return errors.Join(append(failed,
		s.AccountDeletion.PurgeSessions(ctx, sessionsKept, purgeSessions),
		s.AccountDeletion.PurgeAudit(ctx, auditKept, purgeAudit))...)
}

func (s *Service) deleteAccount(ctx context.Context, id chat.UserID) error {
	err := s.closeAccount(ctx, id, true)
	if chat.CodeOf(err) == chat.NotFound {
		return nil // another node was faster, or the guest has become an account
	}
	if err != nil {
		return err
	}
	return s.removeFromRooms(ctx, id)
}

// closeAccount is the step after which nobody can act as the user.
func (s *Service) closeAccount(ctx context.Context, id chat.UserID, due bool) error {
	user, err := s.AccountDeletion.CloseAccount(ctx, id, fmt.Sprintf("deleted-%d", id), due)
	if chat.CodeOf(err) == chat.UsernameTaken { // somebody likes to be called so
		user, err = s.AccountDeletion.CloseAccount(ctx, id, "deleted-"+strings.ToLower(rand.Text()[:12]), due)
	}
	if err != nil {
		return err
	}
	s.Publisher.PublishUser(chat.OtherSessionsEnded{User: id})
	s.PublishProfile(ctx, user)
	s.GarbageCollector.Wake() // the store has scheduled the deletion of the avatar
	return nil
}

// removeFromRooms ends the memberships, one room at a time.
func (s *Service) removeFromRooms(ctx context.Context, id chat.UserID) error {
	rooms, err := s.Rooms.RoomsOf(ctx, id)
	if err != nil {
		return err
	}
	for _, room := range rooms {
		if err := s.removeFromRoom(ctx, room, id); err != nil {
			return fmt.Errorf("room %d: %w", room, err)
		}
	}
	return s.AccountDeletion.FinishDeletion(ctx, id)
}

func (s *Service) removeFromRoom(ctx context.Context, room chat.RoomID, user chat.UserID) error {
	departed, err := s.AccountDeletion.RemoveFromRoom(ctx, room, user)
	if chat.CodeOf(err) == chat.NotFound {
		return nil // the room is gone, too
	}
	if err != nil {
		return err
	}
	s.publishMessage(departed.SystemMessage)
	switch {
	case departed.Deleted:
		s.Publisher.PublishRoom(chat.RoomDeleted{Room: room})
	case departed.NewOwner != nil:
		s.publishMembershipChange(ctx, *departed.NewOwner)
	}
	return nil
}
