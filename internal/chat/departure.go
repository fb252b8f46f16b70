package chat

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"
)

// DeletedUser is what people read where the author of a message is gone.
const DeletedUser = "Deleted user"

// What one pass of Tidy does at most, and how long a session that is over, and what was
// done in a room, are kept.
const (
	tidyTime     = time.Minute
	tidyUsers    = 200
	tidySessions = 1000
	sessionsKept = 7 * 24 * time.Hour
	tidyAudit    = 1000
	auditKept    = 365 * 24 * time.Hour // of rooms
)

// Departures is the store of users who go for good. Each method is one step, and
// to take it again does no harm: what breaks off is gone on with by Tidy.
type Departures interface {
	// Leaving returns some users whose time is over and who are not quite gone yet,
	// the first first.
	Leaving(ctx context.Context, limit int) ([]UserID, error)
	// CloseAccount makes a user DeletedUser under a free username, with nothing left
	// of what the user told of itself, and ends its sessions; its bots are leaving
	// from now on. Where due is true, only one whose time is over. FORBIDDEN for the
	// last admin, USERNAME_TAKEN, NOT_FOUND.
	CloseAccount(ctx context.Context, id UserID, username string, due bool) (User, error)
	// Depart ends a membership, that of an owner too: the room goes to the highest
	// of the others, the one who came first among equals, and is deleted where
	// nobody is left.
	Depart(ctx context.Context, room RoomID, user UserID) (Departed, error)
	// Forget ends the leaving of a user who is in no room any more.
	Forget(ctx context.Context, id UserID) error
	// ForgetSessions removes some sessions that have been over for that long.
	ForgetSessions(ctx context.Context, after time.Duration, limit int) error
	// ForgetAudit removes some entries of the log about rooms that are that old.
	ForgetAudit(ctx context.Context, after time.Duration, limit int) error
}

// Departed is what a user's going meant to a room; nothing where it was no member.
type Departed struct {
	Told    *Message    // that it left
	Heir    *Membership // of the new owner, nil where that has not changed
	Deleted bool        // the room
}

// CloseAccount ends the account of a caller, who is at once signed out
// everywhere. What the caller wrote stays. Where the rest takes too long or fails,
// Tidy goes on with it.
func (s *Service) CloseAccount(ctx context.Context, caller Caller) error {
	if err := s.close(ctx, caller.User.ID, false); err != nil {
		return err
	}
	if err := s.moveOut(ctx, caller.User.ID); err != nil {
		s.Log.WarnContext(ctx, "an account is not quite gone yet", "user", caller.User.ID, "err", err)
	}
	return nil
}

// Tidy lets those go whose time is over, and forgets sessions that are, and old entries
// of the log. It does a
// bounded part of it; every node may do it at any time.
func (s *Service) Tidy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tidyTime)
	defer cancel()
	users, err := s.Departures.Leaving(ctx, tidyUsers)
	if err != nil {
		return err
	}
	var failed []error
	for _, id := range users {
		if ctx.Err() != nil {
			break
		}
		if err := s.letGo(ctx, id); err != nil {
			failed = append(failed, fmt.Errorf("let user %d go: %w", id, err))
		}
	}
	return errors.Join(append(failed,
		s.Departures.ForgetSessions(ctx, sessionsKept, tidySessions),
		s.Departures.ForgetAudit(ctx, auditKept, tidyAudit))...)
}

func (s *Service) letGo(ctx context.Context, id UserID) error {
	err := s.close(ctx, id, true)
	if CodeOf(err) == NotFound {
		return nil // another node was faster, or the guest has become an account
	}
	if err != nil {
		return err
	}
	return s.moveOut(ctx, id)
}

// close is the step after which nobody can act as the user.
func (s *Service) close(ctx context.Context, id UserID, due bool) error {
	user, err := s.Departures.CloseAccount(ctx, id, fmt.Sprintf("deleted-%d", id), due)
	if CodeOf(err) == UsernameTaken { // somebody likes to be called so
		user, err = s.Departures.CloseAccount(ctx, id, "deleted-"+strings.ToLower(rand.Text()[:12]), due)
	}
	if err != nil {
		return err
	}
	s.Announcer.Notify(Notice{Kind: OtherSessionsEnded, User: id})
	s.AnnounceUser(ctx, user)
	s.Sweeper.Wake() // the store has scheduled the deletion of the avatar
	return nil
}

// moveOut ends the memberships, one room at a time.
func (s *Service) moveOut(ctx context.Context, id UserID) error {
	rooms, err := s.Rooms.RoomsOf(ctx, id)
	if err != nil {
		return err
	}
	for _, room := range rooms {
		if err := s.depart(ctx, room, id); err != nil {
			return fmt.Errorf("room %d: %w", room, err)
		}
	}
	return s.Departures.Forget(ctx, id)
}

func (s *Service) depart(ctx context.Context, room RoomID, user UserID) error {
	departed, err := s.Departures.Depart(ctx, room, user)
	if CodeOf(err) == NotFound {
		return nil // the room is gone, too
	}
	if err != nil {
		return err
	}
	s.announce(departed.Told)
	switch {
	case departed.Deleted:
		s.Announcer.Announce(Event{Kind: RoomGone, Room: room})
	case departed.Heir != nil:
		s.membershipChanged(ctx, *departed.Heir)
	}
	return nil
}
