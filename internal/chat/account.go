package chat

import (
	"context"
	"crypto/rand"
	"strings"
	"time"
)

// Account is a user as admins of the server see it.
type Account struct {
	User
	Email      string `json:"email" doc:"Empty where there is none."`
	Disabled   bool   `json:"disabled" doc:"Cannot sign in. What the user wrote stays."`
	LastSeenAt Time   `json:"lastSeenAt,omitempty" format:"date-time" doc:"Missing where no session is known."`
	Sessions   int    `json:"sessions" doc:"How many live."`
}

// AccountQuery asks for a page of accounts by username.
type AccountQuery struct {
	Text   string // part of a username or email, in lower case; "" for all
	Limit  int
	Cursor string // opaque; "" for the first page
}

// AccountChange is what to change of an account; nil is left as it is.
type AccountChange struct {
	Role     *Role
	Disabled *bool
}

// Administration is the store of what admins do to the whole server. by is who
// does it, 0 the operator at the command line. Every deed is in the audit log.
type Administration interface {
	// Accounts returns a page of accounts by username, with the next cursor.
	// BAD_REQUEST for a foreign cursor.
	Accounts(ctx context.Context, q AccountQuery) ([]Account, string, error)
	// AccountByName finds an account by its username. NOT_FOUND.
	AccountByName(ctx context.Context, username string) (Account, error)
	// ChangeAccount changes what an account may do; to disable it ends all its
	// sessions. It asks CheckChange under a lock that all changes take. NOT_FOUND.
	ChangeAccount(ctx context.Context, by, id UserID, c AccountChange) (Account, error)
	// ResetPassword gives an account another password and ends all its sessions.
	// FORBIDDEN for guests and bots, NOT_FOUND.
	ResetPassword(ctx context.Context, by, id UserID, hash PasswordHash) error
	// RemoveRoom deletes a room with everything in it. NOT_FOUND.
	RemoveRoom(ctx context.Context, by UserID, id RoomID) error
	// WriteAudit logs an action that changed nothing in the database.
	WriteAudit(ctx context.Context, e AuditEntry) error
	// Audit returns the entries before that id (0: the newest), the newest first,
	// and whether there are older ones.
	Audit(ctx context.Context, before int64, limit int) ([]AuditRecord, bool, error)
	// LastBackup returns the last backup that finished; its FinishedAt is 0 if there is none.
	LastBackup(ctx context.Context) (Backup, error)
}

// CheckChange tells whether an account may change so: the server keeps an admin who
// can sign in. otherAdmin tells whether there is another one.
func (a Account) CheckChange(b Account, otherAdmin bool) error {
	switch {
	case a.Role == b.Role:
	case b.Role != PlainUser && b.Role != Admin:
		return Errorf(BadRequest, "The role must be user or admin.").WithField("role")
	case a.Role == Bot:
		return Errorf(Forbidden, "The role of a bot cannot be changed.").WithField("role")
	case a.Guest:
		return Errorf(Forbidden, "A guest cannot be an admin.").WithField("role")
	}
	rules := func(of Account) bool { return of.Role == Admin && !of.Disabled }
	if rules(a) && !rules(b) && !otherAdmin {
		return Errorf(Forbidden, "This is the last admin. Make another user an admin first.")
	}
	return nil
}

// CheckHasPassword tells whether somebody signs in to the account with a password.
func (a Account) CheckHasPassword() error {
	if a.Guest || a.Role == Bot {
		return Errorf(Forbidden, "Guests and bots have no password.")
	}
	return nil
}

// NewPassword makes one that nobody guesses and a person can type: 80 random bits.
func NewPassword() string {
	text := strings.ToLower(rand.Text()[:16])
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// DeletedUserName is what people read where the author of a message is gone.
const DeletedUserName = "Deleted user"

// AccountDeletion is the store of users who go for good. Each method is one step, and
// to take it again does no harm: what breaks off is gone on with by PurgeExpired.
type AccountDeletion interface {
	// PendingDeletions returns some users that have expired or whose deletion is unfinished,
	// the first first.
	PendingDeletions(ctx context.Context, limit int) ([]UserID, error)
	// CloseAccount makes a user DeletedUserName under a free username, with nothing left
	// of what the user told of itself, and ends its sessions; its bots are leaving
	// from now on. Where due is true, only one whose time is over. FORBIDDEN for the
	// last admin, USERNAME_TAKEN, NOT_FOUND.
	CloseAccount(ctx context.Context, id UserID, username string, due bool) (User, error)
	// RemoveFromRoom ends a membership, that of an owner too: the room goes to the highest
	// of the others, the one who came first among equals, and is deleted where
	// nobody is left.
	RemoveFromRoom(ctx context.Context, room RoomID, user UserID) (Removal, error)
	// FinishDeletion ends the deletion of a user that is in no room any more.
	FinishDeletion(ctx context.Context, id UserID) error
	// PurgeSessions removes some sessions that have been over for that long.
	PurgeSessions(ctx context.Context, after time.Duration, limit int) error
	// PurgeAudit removes some entries of the log about rooms that are that old.
	PurgeAudit(ctx context.Context, after time.Duration, limit int) error
}

// Removal is what a user's going meant to a room; nothing where it was no member.
type Removal struct {
	SystemMessage *Message    // that it left
	NewOwner      *Membership // of the new owner, nil where that has not changed
	Deleted       bool        // the room
}

// MaxBots is how many bots one account may have.
const MaxBots = 10

// NoExpiry is a time that no clock reaches: the last millisecond of the year 9999,
// which RFC 3339 can still write.
const NoExpiry Time = 253402300799999

// Bots is the store of the programs that accounts own. A bot is a user of role
// bot: it has one token in place of a password, and no end but its owner's.
type Bots interface {
	// CreateBot makes a bot of owner with its token. USERNAME_TAKEN; FORBIDDEN
	// where owner has MaxBots already.
	CreateBot(ctx context.Context, owner UserID, a NewAccount, s NewSession) (User, error)
	// Bots returns the bots of owner by username.
	Bots(ctx context.Context, owner UserID) ([]User, error)
	// RotateBotToken gives a bot of owner another token: from now on the old one is
	// refused. NOT_FOUND.
	RotateBotToken(ctx context.Context, owner, bot UserID, s NewSession) (Caller, error)
	// OwnBot returns a bot of owner. NOT_FOUND.
	OwnBot(ctx context.Context, owner, bot UserID) (User, error)
}
