package service

import (
	"context"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Administrator contains the use cases of server admins. Only RequireAdmin returns one.
type Administrator struct {
	service *Service
	caller  chat.Caller
}

// RequireAdmin returns the use cases of server admins, or NOT_FOUND if the caller is not
// one. It reads the role from the store, because the one in the session may be out of date.
func (s *Service) RequireAdmin(ctx context.Context, caller chat.Caller) (Administrator, error) {
	user, err := s.Accounts.User(ctx, caller.User.ID)
	if err != nil {
		return Administrator{}, err
	}
	if user.Role != chat.Admin {
		return Administrator{}, chat.ErrNotFound()
	}
	return Administrator{s, caller}, nil
}

// Accounts returns a page of all accounts.
func (a Administrator) Accounts(ctx context.Context, q chat.AccountQuery) ([]chat.Account, string, error) {
	q.Text = strings.ToLower(strings.TrimSpace(q.Text))
	return a.service.Administration.Accounts(ctx, q)
}

// ChangeAccount changes the role of a user, or disables or enables it. The connections of a
// disabled user are closed on every node.
func (a Administrator) ChangeAccount(ctx context.Context, id chat.UserID, c chat.AccountChange) (chat.Account, error) {
	account, err := a.service.Administration.ChangeAccount(ctx, a.caller.User.ID, id, c)
	if err == nil && account.Disabled {
		a.service.Publisher.PublishUser(chat.OtherSessionsEnded{User: id})
	}
	if err == nil && c.Role != nil {
		a.service.PublishProfile(ctx, account.User)
	}
	return account, err
}

// ResetPassword sets a new password, which is returned only here, and ends all sessions of
// the user.
func (a Administrator) ResetPassword(ctx context.Context, id chat.UserID) (string, error) {
	password := chat.NewPassword()
	hash, err := a.service.Passwords.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	if err := a.service.Administration.ResetPassword(ctx, a.caller.User.ID, id, hash); err != nil {
		return "", err
	}
	a.service.Publisher.PublishUser(chat.OtherSessionsEnded{User: id})
	return password, nil
}

// Rooms returns a page of all rooms, including private ones, without their messages.
func (a Administrator) Rooms(ctx context.Context, q chat.RoomQuery) ([]chat.Room, string, error) {
	q.All = true
	return a.service.ListRooms(ctx, a.caller, q)
}

// DeleteRoom deletes any room.
func (a Administrator) DeleteRoom(ctx context.Context, id chat.RoomID) error {
	if err := a.service.Administration.RemoveRoom(ctx, a.caller.User.ID, id); err != nil {
		return err
	}
	a.service.Publisher.PublishRoom(chat.RoomDeleted{Room: id})
	a.service.GarbageCollector.Wake()
	return nil
}

// Audit returns entries of the audit log.
func (a Administrator) Audit(ctx context.Context, before *int64, limit int) ([]chat.AuditRecord, bool, error) {
	return a.service.Administration.Audit(ctx, before, limit)
}
