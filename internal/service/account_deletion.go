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

// The bounds of one call of PurgeExpired.
const (
	purgeTimeout  = time.Minute
	purgeUsers    = 200
	purgeSessions = 1000
	purgeAudit    = 1000
)

const (
	sessionsKept = 7 * 24 * time.Hour   // after their end
	auditKept    = 365 * 24 * time.Hour // entries about rooms
)

// CloseAccount closes the account of the caller and ends all of its sessions at once. The
// caller's messages stay. PurgeExpired continues a deletion that takes too long or fails.
func (s *Service) CloseAccount(ctx context.Context, caller chat.Caller) error {
	if err := s.closeAccount(ctx, caller.User.ID, false); err != nil {
		return err
	}
	if err := s.removeFromRooms(ctx, caller.User.ID); err != nil {
		s.Log.WarnContext(ctx, "remove deleted user from rooms failed", "user", caller.User.ID, "err", err)
	}
	return nil
}

// PurgeExpired deletes expired users, continues unfinished deletions, and removes ended
// sessions and old entries of the audit log. One call does a bounded part of it. Every node
// may call it at any time.
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
			failed = append(failed, fmt.Errorf("delete user %d: %w", id, err))
		}
	}
	return errors.Join(append(failed,
		s.AccountDeletion.PurgeSessions(ctx, sessionsKept, purgeSessions),
		s.AccountDeletion.PurgeAudit(ctx, auditKept, purgeAudit))...)
}

func (s *Service) deleteAccount(ctx context.Context, id chat.UserID) error {
	err := s.closeAccount(ctx, id, true)
	if chat.CodeOf(err) == chat.NotFound {
		return nil // another node was faster, or the guest was upgraded
	}
	if err != nil {
		return err
	}
	return s.removeFromRooms(ctx, id)
}

// closeAccount is the first step of a deletion: after it no session can act as the user. If
// due is true it closes only an expired user.
func (s *Service) closeAccount(ctx context.Context, id chat.UserID, due bool) error {
	user, err := s.AccountDeletion.CloseAccount(ctx, id, fmt.Sprintf("deleted-%d", id), due)
	if chat.CodeOf(err) == chat.UsernameTaken { // another user has chosen that name
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
	removal, err := s.AccountDeletion.RemoveFromRoom(ctx, room, user)
	if chat.CodeOf(err) == chat.NotFound {
		return nil // the room has been deleted
	}
	if err != nil {
		return err
	}
	s.publishMessage(removal.SystemMessage)
	switch {
	case removal.Deleted:
		s.Publisher.PublishRoom(chat.RoomDeleted{Room: room})
	case removal.NewOwner != nil:
		s.publishMembershipChange(ctx, *removal.NewOwner)
	}
	return nil
}
