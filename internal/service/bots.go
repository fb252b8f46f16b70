package service

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// NewBot is what an account gives to get a bot.
type NewBot struct {
	Username    string
	DisplayName string // "" for the username
}

// CreateBot makes a bot of caller, with a token that works until it is revoked.
func (a *Accounts) CreateBot(ctx context.Context, caller chat.Caller, in NewBot, from Device) (SignedIn, error) {
	if err := mayOwnBots(caller); err != nil {
		return SignedIn{}, err
	}
	if err := a.allowAccount(from); err != nil {
		return SignedIn{}, err
	}
	if err := a.allowCreation(caller); err != nil {
		return SignedIn{}, err
	}
	account, err := newAccount(Registration{Username: in.Username, DisplayName: in.DisplayName})
	if err != nil {
		return SignedIn{}, err
	}
	token, session := a.newBotSession(from)
	bot, err := a.Bots.CreateBot(ctx, caller.User.ID, account, session)
	if err == nil {
		_, _ = a.SignupRate.Allow(from.IP) // a bot that is deleted leaves a user behind
	}
	return SignedIn{chat.Caller{User: bot}, token}, err
}

// OwnBots returns the bots of caller.
func (a *Accounts) OwnBots(ctx context.Context, caller chat.Caller) ([]chat.User, error) {
	return a.Bots.Bots(ctx, caller.User.ID)
}

// RotateBotToken gives a bot of caller another token; the old one ends at once, its
// sockets too.
func (a *Accounts) RotateBotToken(ctx context.Context, caller chat.Caller, bot chat.UserID, from Device) (SignedIn, error) {
	if _, err := a.Bots.OwnBot(ctx, caller.User.ID, bot); err != nil {
		return SignedIn{}, err
	}
	if err := a.allowCreation(caller); err != nil {
		return SignedIn{}, err
	}
	token, session := a.newBotSession(from)
	renewed, err := a.Bots.RotateBotToken(ctx, caller.User.ID, bot, session)
	if err != nil {
		return SignedIn{}, err
	}
	a.Publisher.PublishUser(chat.OtherSessionsEnded{User: bot, Kept: renewed.Session})
	return SignedIn{renewed, token}, nil
}

// OwnBot returns a bot of caller.
func (a *Accounts) OwnBot(ctx context.Context, caller chat.Caller, bot chat.UserID) (chat.User, error) {
	return a.Bots.OwnBot(ctx, caller.User.ID, bot)
}

func mayOwnBots(caller chat.Caller) error {
	if caller.User.Guest || caller.User.Role == chat.Bot {
		return chat.Errorf(chat.Forbidden, "Guests and bots have no bots: sign in with an account.")
	}
	return nil
}

func (a *Accounts) allowCreation(caller chat.Caller) error {
	if after, ok := a.CreationRate.Allow(caller.User.ID); !ok {
		return &chat.Error{Code: chat.RateLimited, Text: "You have made too many things in the last hour. Please come again later.", RetryAfter: after}
	}
	return nil
}

func (a *Accounts) newBotSession(from Device) (string, chat.NewSession) {
	token, session := a.newSession(from, time.Hour)
	session.ExpiresAt = chat.NoExpiry
	return token, session
}
