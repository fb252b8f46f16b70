package service

import (
	"context"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// NewBot is the input of CreateBot.
type NewBot struct {
	Username    string
	DisplayName string // "" for the username
}

// CreateBot creates a bot of the caller, with a token that does not expire.
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
	return SignedIn{Caller: chat.Caller{User: bot}, Token: token}, err
}

// OwnBots returns the bots of the caller.
func (a *Accounts) OwnBots(ctx context.Context, caller chat.Caller) ([]chat.User, error) {
	return a.Bots.Bots(ctx, caller.User.ID)
}

// RotateBotToken gives a bot of the caller a new token. The old one is refused at once, and
// its connections are closed.
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
	return SignedIn{Caller: renewed, Token: token}, nil
}

// OwnBot returns one bot of the caller.
func (a *Accounts) OwnBot(ctx context.Context, caller chat.Caller, bot chat.UserID) (chat.User, error) {
	return a.Bots.OwnBot(ctx, caller.User.ID, bot)
}

func mayOwnBots(caller chat.Caller) error {
	if caller.User.Guest || caller.User.Role == chat.Bot {
		return chat.Errorf(chat.Forbidden, "Guests and bots cannot have bots. Sign in with an account.")
	}
	return nil
}

func (a *Accounts) allowCreation(caller chat.Caller) error {
	if after, ok := a.CreationRate.Allow(caller.User.ID); !ok {
		return chat.ErrRateLimited("You have created too many bots and tokens.", after)
	}
	return nil
}

func (a *Accounts) newBotSession(from Device) (string, chat.NewSession) {
	token, session := a.newSession(from, time.Hour)
	session.ExpiresAt = chat.NoExpiry
	return token, session
}
