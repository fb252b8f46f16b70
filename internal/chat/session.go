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

// NewSession is what the store needs to make a session. The token itself is
// never stored, only its SHA-256.
type NewSession struct {
	// VerifiedHash is the password hash that the login was verified against, "" if none
	// was. StartSession returns NOT_FOUND if it is no longer the current one.
	VerifiedHash PasswordHash
	TokenHash    []byte
	ExpiresAt    Time
	UserAgent    string
	IP           string
}

// MaxTouchedSessions is how many sessions are written down in one step: appends wait for it
// where there is one writer.
const MaxTouchedSessions = 500

// Caller is who asks: a user by one of its sessions.
type Caller struct {
	User    User
	Session SessionID
	// Expires is when the session ends by itself.
	Expires Time
}

// Accounts is the store of users and sessions.
type Accounts interface {
	// Register makes a user and its first session. The first account that is no
	// guest becomes server admin. USERNAME_TAKEN, EMAIL_TAKEN.
	Register(ctx context.Context, a NewAccount, s NewSession) (Caller, error)
	// UpgradeGuest makes an account of a guest, under the rules of Register; its living
	// sessions last until sessions. Without a.DisplayName the guest's own stays,
	// unless it had none. FORBIDDEN for who is no guest any more.
	UpgradeGuest(ctx context.Context, guest UserID, a NewAccount, sessions Time) (User, error)
	// Credentials finds a user by username or email (both in lower case), with
	// its password's PHC string. NOT_FOUND for unknown names.
	Credentials(ctx context.Context, login string) (User, PasswordHash, error)
	// StartSession signs an existing user in. NOT_FOUND for who is disabled or
	// deleted, and where the password has changed since it was verified.
	StartSession(ctx context.Context, user UserID, s NewSession) (Caller, error)
	// CallerByToken finds whose token it is. NOT_FOUND for unknown, ended and
	// expired sessions.
	CallerByToken(ctx context.Context, tokenHash []byte) (Caller, error)
	// CallerBySession finds whose session it is. NOT_FOUND as CallerByToken.
	CallerBySession(ctx context.Context, id SessionID) (Caller, error)
	// EndSession ends a session; the token is refused from now on.
	EndSession(ctx context.Context, id SessionID) error
	// Sessions returns the living sessions of a user, the last seen first.
	Sessions(ctx context.Context, user UserID) ([]Session, error)
	// EndUserSession ends one session of a user. NOT_FOUND where it is not the
	// user's or over.
	EndUserSession(ctx context.Context, user UserID, id SessionID) error
	// SetPassword gives a user another password in place of was, and ends its sessions
	// but for keep. NOT_FOUND where was is not the password any more.
	SetPassword(ctx context.Context, user UserID, was, hash PasswordHash, keep SessionID) error
	// EndedSessions returns those of ids that have ended or expired.
	EndedSessions(ctx context.Context, ids []SessionID) ([]SessionID, error)
	// TouchSessions writes down that sessions, at most MaxTouchedSessions, are in use now. Those
	// that have been within a minute stay as they are.
	TouchSessions(ctx context.Context, ids []SessionID) error
	// User returns one user. NOT_FOUND.
	User(ctx context.Context, id UserID) (User, error)
}
