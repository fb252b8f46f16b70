package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/store"
)

// Operator changes accounts and settings directly in the database, with or without running nodes. It has an admin's
// operations on accounts and those needed after a restore. Running nodes notice the changes: they read
// the caller of each request from the database, and check the sessions of their sockets periodically.
type Operator struct {
	store    *store.Store
	settings *service.Settings
}

// NewOperator opens the configured database. The caller must close the Operator.
func NewOperator(ctx context.Context, c config.Config) (*Operator, error) {
	s, err := openDatabase(ctx, c, store.Options{Shared: true})
	if err != nil {
		return nil, err
	}
	return &Operator{s, service.NewSettings(c.Environment, s, nil)}, nil
}

// Close closes the database.
func (o *Operator) Close() error { return o.store.Close() }

// Accounts calls show for every account, ordered by username.
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

// SetAdmin makes a user an admin or a plain user. changed is false if the user already was.
func (o *Operator) SetAdmin(ctx context.Context, name string, admin bool) (changed bool, err error) {
	role := chat.PlainUser
	if admin {
		role = chat.Admin
	}
	return o.change(ctx, name, chat.AccountChange{Role: &role})
}

// SetDisabled disables or enables an account. changed is false if it already was.
func (o *Operator) SetDisabled(ctx context.Context, name string, disabled bool) (changed bool, err error) {
	return o.change(ctx, name, chat.AccountChange{Disabled: &disabled})
}

func (o *Operator) change(ctx context.Context, name string, c chat.AccountChange) (changed bool, err error) {
	before, err := o.account(ctx, name)
	if err != nil {
		return false, err
	}
	after, err := o.store.ChangeAccount(ctx, 0, before.ID, c)
	return after.Role != before.Role || after.Disabled != before.Disabled, userError(err)
}

// ResetPassword sets a random password and ends all sessions of the user.
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
	return password, userError(o.store.ResetPassword(ctx, 0, account.ID, hash))
}

// Settings returns all settings except secrets, as a node with this environment has them.
func (o *Operator) Settings(ctx context.Context) ([]chat.SettingView, error) {
	err := o.settings.Read(ctx)
	return o.settings.List().Settings, userError(err)
}

// ChangeSetting sets a setting for all nodes, as an admin can. Running nodes apply it within seconds. ""
// restores the value of their environment.
func (o *Operator) ChangeSetting(ctx context.Context, name, value string) error {
	return userError(o.settings.Change(ctx, 0, map[string]string{name: value}))
}

// NewEpoch invalidates the sequence numbers that clients know, as needed after a restore. Nodes read it
// when they start.
func (o *Operator) NewEpoch(ctx context.Context) (chat.Epoch, error) { return o.store.NewEpoch(ctx) }

// RenderProgress is the progress of Render.
type RenderProgress = service.RenderProgress

// Render renders stored messages again by the present rules of Markdown, from where an earlier call ended.
// rest is the ratio of pause to work. report is called after each batch.
func (o *Operator) Render(ctx context.Context, again bool, rest int, report func(RenderProgress)) (RenderProgress, error) {
	renderer := service.Renderer{Store: o.store, Rooms: o.store, Rest: rest, Report: report}
	p, err := renderer.Run(ctx, again)
	return p, userError(err)
}

// Jobs calls show for every job, by id.
func (o *Operator) Jobs(ctx context.Context, show func(chat.StoredJob)) error {
	const limit = 500
	var after chat.JobID
	for {
		jobs, err := o.store.StoredJobs(ctx, after, limit)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			show(j)
			after = j.ID
		}
		if len(jobs) < limit {
			return nil
		}
	}
}

// RunJob makes a job due that was given up or waits. It returns an error if the job does not exist or is
// running.
func (o *Operator) RunJob(ctx context.Context, id chat.JobID) error {
	err := o.store.RunJobNow(ctx, id)
	if chat.CodeOf(err) == chat.NotFound {
		return fmt.Errorf("there is no job %d that waits or was given up", id)
	}
	return err
}

func (o *Operator) account(ctx context.Context, name string) (chat.Account, error) {
	var account chat.Account
	var err error
	for _, form := range service.LoginNames(name) {
		account, err = o.store.AccountByName(ctx, form)
		if err == nil || chat.CodeOf(err) != chat.NotFound {
			break
		}
	}
	if err != nil && chat.CodeOf(err) == chat.NotFound {
		return account, fmt.Errorf("there is no user %q", name)
	}
	return account, err
}

// userError returns only the text of a chat.Error, if it has no internal cause.
func userError(err error) error {
	if fault, ok := errors.AsType[*chat.Error](err); ok && fault.Err == nil {
		return errors.New(fault.Text)
	}
	return err
}
