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
	Email      string `json:"email" doc:"Empty if there is none."`
	Disabled   bool   `json:"disabled" doc:"Whether the user is disabled and cannot sign in. The user's messages stay."`
	LastSeenAt Time   `json:"lastSeenAt,omitempty" format:"date-time" doc:"Missing if the user has no session."`
	Sessions   int    `json:"sessions" doc:"The number of active sessions."`
}

// AccountQuery asks for a page of accounts by username.
type AccountQuery struct {
	Text   string // part of a username or email, in lower case; "" for all
	Limit  int
	Cursor string // opaque; "" for the first page
}

// AccountChange is a change of an account. Fields that are nil do not change.
type AccountChange struct {
	Role     *Role
	Disabled *bool
}

// Administration is the store of the actions of server admins. by is the actor, 0 for the
// operator at the command line. Every action is written to the audit log.
type Administration interface {
	// Accounts returns a page of accounts by username, with the next cursor. It returns
	// BAD_REQUEST if the cursor is not valid for the list.
	Accounts(ctx context.Context, q AccountQuery) ([]Account, string, error)
	// AccountByName returns an account by its username. It returns NOT_FOUND if there is none.
	AccountByName(ctx context.Context, username string) (Account, error)
	// ChangeAccount changes an account. To disable it also ends all of its sessions. It calls
	// Account.CheckChange under a lock that all changes take. It returns NOT_FOUND, or the
	// error of CheckChange.
	ChangeAccount(ctx context.Context, by, id UserID, c AccountChange) (Account, error)
	// ResetPassword sets the password of an account and ends all of its sessions. It returns
	// FORBIDDEN for guests and bots, or NOT_FOUND.
	ResetPassword(ctx context.Context, by, id UserID, hash PasswordHash) error
	// RemoveRoom deletes a room with everything in it. It returns NOT_FOUND if there is none.
	RemoveRoom(ctx context.Context, by UserID, id RoomID) error
	// WriteAudit writes the entry of an action that changes nothing in the database.
	WriteAudit(ctx context.Context, e AuditEntry) error
	// Audit returns the entries before the id (nil: all), newest first, and whether there are
	// older ones.
	Audit(ctx context.Context, before *int64, limit int) ([]AuditRecord, bool, error)
	// LastBackup returns the last backup that finished; its FinishedAt is 0 if there is none.
	LastBackup(ctx context.Context) (Backup, error)
}

// CheckChange returns an error if the account a may not be changed to b. The server must keep
// an admin that can sign in; otherAdmin is true if there is another one.
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
	isAdmin := func(a Account) bool { return a.Role == Admin && !a.Disabled }
	if isAdmin(a) && !isAdmin(b) && !otherAdmin {
		return Errorf(Forbidden, "This is the last admin. Make another user an admin first.")
	}
	return nil
}

// CheckHasPassword returns FORBIDDEN for accounts without a password: guests and bots.
func (a Account) CheckHasPassword() error {
	if a.Guest || a.Role == Bot {
		return Errorf(Forbidden, "Guests and bots have no password.")
	}
	return nil
}

// NewPassword returns a random password of 80 bits that is easy to type.
func NewPassword() string {
	text := strings.ToLower(rand.Text()[:16])
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// DeletedUserName is the display name of deleted users.
const DeletedUserName = "Deleted user"

// AccountDeletion is the store of the deletion of users. Each method is one step, and may be
// repeated: Service.PurgeExpired continues unfinished deletions.
type AccountDeletion interface {
	// PendingDeletions returns at most limit users that have expired or whose deletion is
	// unfinished, oldest first.
	PendingDeletions(ctx context.Context, limit int) ([]UserID, error)
	// CloseAccount renames a user to username and DeletedUserName, removes its profile and its
	// password, ends its sessions and schedules the deletion of its bots. If due is true it
	// closes only an expired user. It returns FORBIDDEN for the last admin, USERNAME_TAKEN or
	// NOT_FOUND.
	CloseAccount(ctx context.Context, id UserID, username string, due bool) (User, error)
	// RemoveFromRoom ends a membership. If the owner leaves, the member with the highest role
	// becomes the owner, of those the one that joined first. If no member is left, the room is
	// deleted.
	RemoveFromRoom(ctx context.Context, room RoomID, user UserID) (Removal, error)
	// FinishDeletion ends the deletion of a user that is no longer a member of any room.
	FinishDeletion(ctx context.Context, id UserID) error
	// PurgeSessions removes at most limit sessions that ended more than after ago.
	PurgeSessions(ctx context.Context, after time.Duration, limit int) error
	// PurgeAudit removes at most limit entries about rooms that are older than after.
	PurgeAudit(ctx context.Context, after time.Duration, limit int) error
}

// Removal is the result of RemoveFromRoom. It is empty if the user was no member.
type Removal struct {
	SystemMessage *Message    // that the user left
	NewOwner      *Membership // nil if the owner has not changed
	Deleted       bool        // whether the room was deleted
}

// MaxBots is how many bots one account may have.
const MaxBots = 10

// NoExpiry is the ExpiresAt of sessions that do not expire: the last millisecond of the year
// 9999, the latest that RFC 3339 can express.
const NoExpiry Time = 253402300799999

// Bots is the store of bots. A bot is a user with the role bot, owned by an account. It has
// one token in place of a password and is deleted with its owner.
type Bots interface {
	// CreateBot creates a bot of owner with its token. It returns USERNAME_TAKEN, or FORBIDDEN
	// if owner has MaxBots.
	CreateBot(ctx context.Context, owner UserID, a NewAccount, s NewSession) (User, error)
	// Bots returns the bots of owner by username.
	Bots(ctx context.Context, owner UserID) ([]User, error)
	// RotateBotToken gives a bot of owner a new token; the old one is refused. It returns
	// NOT_FOUND if owner has no such bot.
	RotateBotToken(ctx context.Context, owner, bot UserID, s NewSession) (Caller, error)
	// OwnBot returns a bot of owner. It returns NOT_FOUND if owner has no such bot.
	OwnBot(ctx context.Context, owner, bot UserID) (User, error)
}
