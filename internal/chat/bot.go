package chat

import "context"

// MaxBots is how many bots one account may have.
const MaxBots = 10

// Never is a time that no clock reaches: the last millisecond of the year 9999,
// which RFC 3339 can still write.
const Never Time = 253402300799999

// Bots is the store of the programs that accounts own. A bot is a user of role
// bot: it has one token in place of a password, and no end but its owner's.
type Bots interface {
	// CreateBot makes a bot of owner with its token. USERNAME_TAKEN; FORBIDDEN
	// where owner has MaxBots already.
	CreateBot(ctx context.Context, owner UserID, a NewAccount, s NewSession) (User, error)
	// Bots returns the bots of owner by username.
	Bots(ctx context.Context, owner UserID) ([]User, error)
	// RenewBot gives a bot of owner another token: from now on the old one is
	// refused. NOT_FOUND.
	RenewBot(ctx context.Context, owner, bot UserID, s NewSession) (Caller, error)
	// OwnBot returns a bot of owner. NOT_FOUND.
	OwnBot(ctx context.Context, owner, bot UserID) (User, error)
}
