package chat

import (
	"context"
	"time"
)

// How long a session lasts.
const (
	SessionLifetime = 30 * 24 * time.Hour
	GuestLifetime   = 24 * time.Hour
)

// Session is one sign-in of a user on one device.
type Session struct {
	ID         SessionID `json:"id"`
	CreatedAt  Time      `json:"createdAt" format:"date-time"`
	LastSeenAt Time      `json:"lastSeenAt" format:"date-time"`
	ExpiresAt  Time      `json:"-"`
	UserAgent  string    `json:"userAgent"`
	IP         string    `json:"ip"`
}

// NewSession is a session to be stored. The token itself is never stored, only its SHA-256.
type NewSession struct {
	// VerifiedHash is the password hash that the login was verified against, "" if none
	// was. StartSession returns NOT_FOUND if it is no longer the current one.
	VerifiedHash PasswordHash
	TokenHash    []byte
	ExpiresAt    Time
	UserAgent    string
	IP           string
}

// MaxTouchedSessions is how many sessions one TouchSessions updates. In a database with one
// writer appends wait for it.
const MaxTouchedSessions = 500

// Caller is the user and the session of a request.
type Caller struct {
	User    User
	Session SessionID
	// Expires is when the session expires.
	Expires Time
}

// Accounts is the store of users and sessions.
type Accounts interface {
	// Register creates a user and its first session. The first account that is not a guest
	// becomes server admin. It returns USERNAME_TAKEN or EMAIL_TAKEN, or FORBIDDEN if a.OnlyFirst
	// and there is an account.
	Register(ctx context.Context, a NewAccount, s NewSession) (Caller, error)
	// HasAccount reports whether there is, or was, an account that is not a guest.
	HasAccount(ctx context.Context) (bool, error)
	// UpgradeGuest turns a guest into an account, under the rules of Register. Its active
	// sessions expire at expires. If a.DisplayName is empty the guest's own stays, unless it
	// had none. It returns FORBIDDEN if the user is not a guest any more.
	UpgradeGuest(ctx context.Context, guest UserID, a NewAccount, expires Time) (User, error)
	// Credentials returns a user by username or email (both in lower case), with its password
	// hash. It returns NOT_FOUND for unknown names.
	Credentials(ctx context.Context, login string) (User, PasswordHash, error)
	// StartSession creates a session of an existing user. It returns NOT_FOUND if the user is
	// disabled or deleted, or if the password has changed since it was verified.
	StartSession(ctx context.Context, user UserID, s NewSession) (Caller, error)
	// CallerByToken returns the caller of a token. It returns NOT_FOUND for unknown, ended and
	// expired sessions.
	CallerByToken(ctx context.Context, tokenHash []byte) (Caller, error)
	// CallerBySession returns the caller of a session. It returns NOT_FOUND like
	// CallerByToken.
	CallerBySession(ctx context.Context, id SessionID) (Caller, error)
	// EndSession ends a session: its token is refused.
	EndSession(ctx context.Context, id SessionID) error
	// Sessions returns the active sessions of a user, the last used first.
	Sessions(ctx context.Context, user UserID) ([]Session, error)
	// EndUserSession ends one session of a user. It returns NOT_FOUND if the user has no such
	// active session.
	EndUserSession(ctx context.Context, user UserID, id SessionID) error
	// SetPassword changes the password of a user from old to hash, and ends all of its
	// sessions except keep. It returns NOT_FOUND if old is not the password any more.
	SetPassword(ctx context.Context, user UserID, old, hash PasswordHash, keep SessionID) error
	// EndedSessions returns those of ids that have ended or expired.
	EndedSessions(ctx context.Context, ids []SessionID) ([]SessionID, error)
	// TouchSessions sets the last use of at most MaxTouchedSessions sessions to now. It skips
	// those with a last use less than a minute ago.
	TouchSessions(ctx context.Context, ids []SessionID) error
	// User returns one user. It returns NOT_FOUND if there is none.
	User(ctx context.Context, id UserID) (User, error)
}
