package service

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/settings"
)

// checkSignUp returns FORBIDDEN if sign-up is closed. The first account of a server can be
// created in any case; then onlyFirst is true, and the store checks it again.
func (a *Accounts) checkSignUp(ctx context.Context) (onlyFirst bool, err error) {
	if a.Settings.Values().Text(settings.SignUp) != settings.SignUpClosed {
		return false, nil
	}
	claimed, err := a.claimed(ctx)
	if err == nil && claimed {
		err = chat.ErrSignUpClosed()
	}
	return true, err
}

// claimed reports whether the server has an account. It reads the store until there is one.
func (a *Accounts) claimed(ctx context.Context) (bool, error) {
	if a.hasAccount.Load() {
		return true, nil
	}
	has, err := a.Store.HasAccount(ctx)
	if has {
		a.hasAccount.Store(true)
	}
	return has, err
}

// checkGuests returns FORBIDDEN if the server does not accept guests.
func (a *Accounts) checkGuests() error {
	if a.Settings.Values().Boolean(settings.Guests) {
		return nil
	}
	return chat.Errorf(chat.Forbidden, "This server does not accept guests.")
}

// ServerInfo returns what everyone may know about the server. Its Version is empty.
func (a *Accounts) ServerInfo(ctx context.Context) chat.ServerInfo {
	values := a.Settings.Values()
	info := chat.ServerInfo{
		Name: values.Text(settings.ServerName), SignUp: values.Text(settings.SignUp), Guests: values.Boolean(settings.Guests),
		PasswordLogin: true, Providers: []chat.SignInProvider{},
	}
	if info.SignUp == settings.SignUpClosed {
		if claimed, err := a.claimed(ctx); err == nil && !claimed {
			info.SignUp = settings.SignUpOpen
		}
	}
	return info
}
