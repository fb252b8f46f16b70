package service

import (
	"context"
	"crypto/rand"
	"math/big"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Guest creates a user that expires after GuestLifetime, and signs it in. It returns FORBIDDEN if the
// server accepts no guests.
func (a *Accounts) Guest(ctx context.Context, name string, from Device) (SignedIn, error) {
	if err := a.checkGuests(); err != nil {
		return SignedIn{}, err
	}
	if err := a.allowAccount(from); err != nil {
		return SignedIn{}, err
	}
	username := guestName()
	display, err := chat.CleanDisplayName(name, username)
	if err != nil {
		return SignedIn{}, err
	}
	token, session := a.newSession(from, chat.GuestLifetime)
	caller, err := a.register(ctx,
		chat.NewAccount{Username: username, DisplayName: display, Guest: true, ExpiresAt: session.ExpiresAt}, session)
	return SignedIn{Caller: caller, Token: token}, err
}

// guestName returns one of 10^12 names. A collision is very unlikely; then the store returns
// USERNAME_TAKEN.
func guestName() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(1_000_000_000_000)) // never fails
	return "guest-" + n.Text(36)
}

// UpgradeGuest turns a guest into an account. It stays the same user with the same messages,
// rooms, sessions and connections. It returns FORBIDDEN if the caller is not a guest, or if sign-up is
// closed.
func (a *Accounts) UpgradeGuest(ctx context.Context, caller chat.Caller, in Registration, from Device) (chat.User, error) {
	if err := a.allow(from); err != nil {
		return chat.User{}, err
	}
	if !caller.User.Guest {
		return chat.User{}, chat.Errorf(chat.Forbidden, "You already have an account.")
	}
	onlyFirst, err := a.checkSignUp(ctx)
	if err != nil {
		return chat.User{}, err
	}
	account, err := a.newAccountWithPassword(ctx, in)
	if err != nil {
		return chat.User{}, err
	}
	account.OnlyFirst = onlyFirst
	if in.DisplayName == "" {
		account.DisplayName = "" // keep the guest's
	}
	user, err := a.Store.UpgradeGuest(ctx, caller.User.ID, account, chat.At(a.Now().Add(chat.SessionLifetime)))
	if err == nil {
		a.PublishProfile(ctx, user)
	}
	return user, err
}
