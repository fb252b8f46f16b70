package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/store"
)

// Operator is who sits at the machine: it does to accounts what an admin can, and
// what comes after a restore, in the database itself, whether nodes run or not. Nodes that run ask the database
// whose a request is, and which of their sockets' sessions have ended.
type Operator struct{ store *store.Store }

// NewOperator opens the configured database. Close it.
func NewOperator(ctx context.Context, c config.Config) (*Operator, error) {
	s, err := openDatabase(ctx, c, store.Options{Shared: true})
	if err != nil {
		return nil, err
	}
	return &Operator{s}, nil
}

// Close lets the database go.
func (o *Operator) Close() error { return o.store.Close() }

// Accounts calls show for every account, by username.
func (o *Operator) Accounts(ctx context.Context, show func(chat.Account)) error {
	q := chat.AccountQuery{Limit: 500}
	for {
		accounts, next, err := o.store.Accounts(ctx, q)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			show(a)
		}
		if q.Cursor = next; next == "" {
			return nil
		}
	}
}

// SetAdmin makes a user an admin or a plain user; changed is false where it was.
func (o *Operator) SetAdmin(ctx context.Context, name string, admin bool) (changed bool, err error) {
	role := chat.PlainUser
	if admin {
		role = chat.Admin
	}
	return o.change(ctx, name, chat.AccountChange{Role: &role})
}

// SetDisabled locks a user out or lets it in again; changed is false where it was.
func (o *Operator) SetDisabled(ctx context.Context, name string, disabled bool) (changed bool, err error) {
	return o.change(ctx, name, chat.AccountChange{Disabled: &disabled})
}

func (o *Operator) change(ctx context.Context, name string, c chat.AccountChange) (changed bool, err error) {
	before, err := o.account(ctx, name)
	if err != nil {
		return false, err
	}
	after, err := o.store.ChangeAccount(ctx, 0, before.ID, c)
	return after.Role != before.Role || after.Disabled != before.Disabled, inWords(err)
}

// ResetPassword gives a user another password and ends its sessions.
func (o *Operator) ResetPassword(ctx context.Context, name string) (password string, err error) {
	account, err := o.account(ctx, name)
	if err != nil {
		return "", err
	}
	password = chat.NewPassword()
	hash, err := auth.NewHasher(1, auth.OWASP).Hash(ctx, password)
	if err != nil {
		return "", err
	}
	return password, inWords(o.store.ResetPassword(ctx, 0, account.ID, hash))
}

// NewEpoch says that the database's numbers mean something else from now on, as after
// a restore. Nodes know it from their next start.
func (o *Operator) NewEpoch(ctx context.Context) (chat.Epoch, error) { return o.store.NewEpoch(ctx) }

func (o *Operator) account(ctx context.Context, name string) (chat.Account, error) {
	account, err := o.store.AccountByName(ctx, strings.ToLower(strings.TrimSpace(name)))
	if err != nil && chat.CodeOf(err) == chat.NotFound {
		return account, fmt.Errorf("there is no user %q", name)
	}
	return account, err
}

// inWords leaves of a refusal what is for people.
func inWords(err error) error {
	if fault, ok := errors.AsType[*chat.Error](err); ok && fault.Err == nil {
		return errors.New(fault.Text)
	}
	return err
}
