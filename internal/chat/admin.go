package chat

import (
	"context"
	"crypto/rand"
	"strings"
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
	// sessions. It asks MayBecome under a lock that all changes take. NOT_FOUND.
	ChangeAccount(ctx context.Context, by, id UserID, c AccountChange) (Account, error)
	// ResetPassword gives an account another password and ends all its sessions.
	// FORBIDDEN for guests and bots, NOT_FOUND.
	ResetPassword(ctx context.Context, by, id UserID, phc string) error
	// RemoveRoom deletes a room with everything in it. NOT_FOUND.
	RemoveRoom(ctx context.Context, by UserID, id RoomID) error
	// WriteDown logs a deed that is not of the database.
	WriteDown(ctx context.Context, e AuditEntry) error
	// Audit returns the entries before that id (0: the newest), the newest first,
	// and whether there are older ones.
	Audit(ctx context.Context, before int64, limit int) ([]AuditRecord, bool, error)
	// LastBackup returns the last backup that finished; its FinishedAt is 0 if there is none.
	LastBackup(ctx context.Context) (Backup, error)
}

// MayBecome tells whether an account may change so: the server keeps an admin who
// can sign in. otherAdmin tells whether there is another one.
func (a Account) MayBecome(b Account, otherAdmin bool) error {
	switch {
	case a.Role == b.Role:
	case b.Role != PlainUser && b.Role != Admin:
		return Fault(BadRequest, "A role is user or admin.").In("role")
	case a.Role == Bot:
		return Fault(Forbidden, "A bot stays a bot.").In("role")
	case a.Guest:
		return Fault(Forbidden, "A guest cannot be an admin.").In("role")
	}
	rules := func(of Account) bool { return of.Role == Admin && !of.Disabled }
	if rules(a) && !rules(b) && !otherAdmin {
		return Fault(Forbidden, "This is the last admin: make somebody else an admin first.")
	}
	return nil
}

// MayHavePassword tells whether somebody signs in to the account with a password.
func (a Account) MayHavePassword() error {
	if a.Guest || a.Role == Bot {
		return Fault(Forbidden, "Guests and bots have no password.")
	}
	return nil
}

// NewPassword makes one that nobody guesses and a person can type: 80 random bits.
func NewPassword() string {
	text := strings.ToLower(rand.Text()[:16])
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// Administrator does what only admins of the server may: who has one was let
// through the gate.
type Administrator struct {
	service *Service
	caller  Caller
}

// Administrator is the one gate before administration. For all but admins there is
// no such thing. The role is asked of the store: what a session remembers of it may
// be old.
func (s *Service) Administrator(ctx context.Context, caller Caller) (Administrator, error) {
	user, err := s.Accounts.User(ctx, caller.User.ID)
	if err != nil {
		return Administrator{}, err
	}
	if user.Role != Admin {
		return Administrator{}, ErrMissing()
	}
	return Administrator{s, caller}, nil
}

// Accounts returns a page of all accounts.
func (a Administrator) Accounts(ctx context.Context, q AccountQuery) ([]Account, string, error) {
	q.Text = strings.ToLower(strings.TrimSpace(q.Text))
	return a.service.Administration.Accounts(ctx, q)
}

// ChangeAccount makes a user an admin or a plain user, and lets it in or locks it
// out; the sockets of who is locked out close on every node.
func (a Administrator) ChangeAccount(ctx context.Context, id UserID, c AccountChange) (Account, error) {
	account, err := a.service.Administration.ChangeAccount(ctx, a.caller.User.ID, id, c)
	if err == nil && account.Disabled {
		a.service.Announcer.Notify(Notice{Kind: OtherSessionsEnded, User: id})
	}
	if err == nil && c.Role != nil {
		a.service.AnnounceUser(ctx, account.User)
	}
	return account, err
}

// ResetPassword gives a user another password, which is told this once; all its
// sessions end.
func (a Administrator) ResetPassword(ctx context.Context, id UserID) (string, error) {
	password := NewPassword()
	phc, err := a.service.Passwords.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	if err := a.service.Administration.ResetPassword(ctx, a.caller.User.ID, id, phc); err != nil {
		return "", err
	}
	a.service.Announcer.Notify(Notice{Kind: OtherSessionsEnded, User: id})
	return password, nil
}

// Rooms returns a page of all rooms, private ones too. What is in them it does not
// tell.
func (a Administrator) Rooms(ctx context.Context, q RoomQuery) ([]Room, string, error) {
	q.All = true
	return a.service.ListRooms(ctx, a.caller, q)
}

// DeleteRoom deletes any room, as its owner could.
func (a Administrator) DeleteRoom(ctx context.Context, id RoomID) error {
	if err := a.service.Administration.RemoveRoom(ctx, a.caller.User.ID, id); err != nil {
		return err
	}
	a.service.Announcer.Announce(Event{Kind: RoomGone, Room: id})
	a.service.Sweeper.Wake()
	return nil
}

// Audit returns what people with power did.
func (a Administrator) Audit(ctx context.Context, before int64, limit int) ([]AuditRecord, bool, error) {
	return a.service.Administration.Audit(ctx, before, limit)
}
