package service

import (
	"context"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Administrator does what only admins of the server may: who has one was let
// through the gate.
type Administrator struct {
	service *Service
	caller  chat.Caller
}

// RequireAdmin is the one gate before administration. For all but admins there is
// no such thing. The role is asked of the store: what a session remembers of it may
// be old.
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

// ChangeAccount makes a user an admin or a plain user, and lets it in or locks it
// out; the sockets of who is locked out close on every node.
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

// ResetPassword gives a user another password, which is told this once; all its
// sessions end.
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

// Rooms returns a page of all rooms, private ones too. What is in them it does not
// tell.
func (a Administrator) Rooms(ctx context.Context, q chat.RoomQuery) ([]chat.Room, string, error) {
	q.All = true
	return a.service.ListRooms(ctx, a.caller, q)
}

// DeleteRoom deletes any room, as its owner could.
func (a Administrator) DeleteRoom(ctx context.Context, id chat.RoomID) error {
	if err := a.service.Administration.RemoveRoom(ctx, a.caller.User.ID, id); err != nil {
		return err
	}
	a.service.Publisher.PublishRoom(chat.RoomDeleted{Room: id})
	a.service.GarbageCollector.Wake()
	return nil
}

// Audit returns what people with power did.
func (a Administrator) Audit(ctx context.Context, before int64, limit int) ([]chat.AuditRecord, bool, error) {
	return a.service.Administration.Audit(ctx, before, limit)
}
