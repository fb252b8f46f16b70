package service

import (
	"context"
	"log/slog"
	"net/mail"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/logging"
	"github.com/chillin-chat/chillin/internal/markup"
)

// Accounts registers users, signs them in and out, and manages their bots.
type Accounts struct {
	AccountDependencies

	hasAccount atomic.Bool // whether the server has an account, once this was seen
}

// NewAccounts returns an error that names the dependencies which are missing.
func NewAccounts(d AccountDependencies) (*Accounts, error) {
	if err := requireAll(d); err != nil {
		return nil, err
	}
	return &Accounts{AccountDependencies: d}, nil
}

// AccountDependencies are what Accounts uses. All are required.
type AccountDependencies struct {
	Store     chat.Accounts
	Bots      chat.Bots
	Publisher chat.Publisher
	Settings  *Settings
	// SignIns verifies the passwords of users, NewPasswords hashes new ones.
	SignIns, NewPasswords chat.Passwords
	// AttemptRate counts registrations, logins and guests per client network.
	AttemptRate chat.Limiter[string]
	LoginLimits LoginLimits
	Devices     DeviceSigner
	// SignupRate counts created accounts, guests included, per client network.
	SignupRate chat.Budget[string]
	// CreationRate counts created bots and bot tokens per user.
	CreationRate chat.Limiter[chat.UserID]
	// PublishProfile is called after a user's profile has changed.
	PublishProfile func(ctx context.Context, user chat.User)
	Now            func() time.Time
}

// Device describes the client of a session or connection.
type Device struct {
	UserAgent string
	IP        string
	Token     string // the device token, or ""; see DeviceSigner
}

const maxUserAgent = 200 // bytes that are stored

// Trimmed returns d with the user agent cut to the length that is stored.
func (d Device) Trimmed() Device {
	d.UserAgent = strings.ToValidUTF8(d.UserAgent[:min(len(d.UserAgent), maxUserAgent)], "")
	return d
}

// Registration is the input of Register.
type Registration struct {
	Username    string
	Password    string
	Email       string // "" for none
	DisplayName string // "" for the username
}

// SignedIn is a new session with its token, which is returned only here.
type SignedIn struct {
	chat.Caller
	Token string
	// DeviceToken is the new device token of the client, or "" for a guest.
	DeviceToken string
}

// Register creates an account and signs it in. It returns FORBIDDEN if sign-up is closed.
func (a *Accounts) Register(ctx context.Context, in Registration, from Device) (SignedIn, error) {
	onlyFirst, err := a.checkSignUp(ctx)
	if err != nil {
		return SignedIn{}, err
	}
	if err := a.allowAccount(from); err != nil {
		return SignedIn{}, err
	}
	account, err := a.newAccountWithPassword(ctx, in)
	if err != nil {
		return SignedIn{}, err
	}
	account.OnlyFirst = onlyFirst
	token, session := a.newSession(from, chat.SessionLifetime)
	caller, err := a.register(ctx, account, session)
	return a.signedIn(caller, token, from), err
}

// signedIn remembers the device of a caller that has signed in.
func (a *Accounts) signedIn(caller chat.Caller, token string, from Device) SignedIn {
	return SignedIn{caller, token, a.Devices.add(from.Token, caller.User.ID)}
}

func newAccount(in Registration) (chat.NewAccount, error) {
	username, err := markup.Username(in.Username)
	if err != nil {
		return chat.NewAccount{}, chat.Errorf(chat.BadRequest, "This username is not allowed: %v.", err).WithField("username")
	}
	email, err := cleanEmail(in.Email)
	if err != nil {
		return chat.NewAccount{}, err
	}
	display, err := chat.CleanDisplayName(in.DisplayName, username)
	return chat.NewAccount{Username: username, DisplayName: display, Email: email}, err
}

// newAccountWithPassword is newAccount with a password.
func (a *Accounts) newAccountWithPassword(ctx context.Context, in Registration) (chat.NewAccount, error) {
	account, err := newAccount(in)
	if err != nil {
		return account, err
	}
	if err := chat.CheckPassword(in.Password, account.Username); err != nil {
		return account, err
	}
	account.PasswordHash, err = a.NewPasswords.Hash(ctx, in.Password)
	return account, err
}

func cleanEmail(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	address, err := mail.ParseAddress(text)
	if err != nil || address.Address != text || len(text) > 254 {
		return "", chat.Errorf(chat.BadRequest, "This is not a valid email address.").WithField("email")
	}
	return strings.ToLower(text), nil
}

// errWrongLogin is returned for unknown names and for wrong passwords.
func errWrongLogin() error {
	return chat.Errorf(chat.Unauthenticated, "Incorrect username or password.")
}

// Login signs in by username or email. An unknown name takes as long as a wrong password.
func (a *Accounts) Login(ctx context.Context, login, password string, from Device) (SignedIn, error) {
	device := a.Devices.read(from.Token)
	if device.id == "" { // otherwise allowLogin counts the attempt, when the user is known
		if err := a.allow(from); err != nil {
			return SignedIn{}, err
		}
	}
	names := LoginNames(login)
	attempt := LoginAttempt{slices.Min(names), from.IP} // all spellings of a name share its limits
	user, hash, err := a.credentials(ctx, names)
	if err != nil && chat.CodeOf(err) != chat.NotFound {
		return SignedIn{}, err
	}
	known := err == nil && slices.Contains(device.users, user.ID)
	if err == nil {
		logging.Add(ctx, slog.Int64("user", int64(user.ID))) // also if the password is wrong
	}
	if err := a.allowLogin(attempt, device, known, from); err != nil {
		return SignedIn{}, err
	}
	ok, err := a.verifyLogin(ctx, password, hash)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok {
		if !known {
			a.LoginLimits.fail(attempt)
		}
		return SignedIn{}, errWrongLogin()
	}
	token, session := a.newSession(from, chat.SessionLifetime)
	session.VerifiedHash = hash
	caller, err := a.Store.StartSession(ctx, user.ID, session)
	if err != nil && chat.CodeOf(err) == chat.NotFound {
		return SignedIn{}, errWrongLogin()
	}
	return a.signedIn(caller, token, from), err
}

// allowLogin counts an attempt to sign in. known is whether the user has signed in on the device
// before.
func (a *Accounts) allowLogin(attempt LoginAttempt, device knownDevice, known bool, from Device) error {
	if known {
		return allowOr(tooManyLogins, a.LoginLimits.PerDevice, device.id)
	}
	if device.id != "" {
		if err := a.allow(from); err != nil {
			return err
		}
	}
	return a.LoginLimits.allow(attempt)
}

// verifyLogin reports whether hash is that of password. A name without a password, or without a user,
// takes as long as a wrong password.
func (a *Accounts) verifyLogin(ctx context.Context, password string, hash chat.PasswordHash) (bool, error) {
	if hash == "" {
		return false, a.SignIns.VerifyDummy(ctx, password)
	}
	return a.SignIns.Verify(ctx, password, hash)
}

// credentials returns those of the first key that exists.
func (a *Accounts) credentials(ctx context.Context, keys []string) (user chat.User, hash chat.PasswordHash, err error) {
	for _, key := range keys {
		user, hash, err = a.Store.Credentials(ctx, key)
		if err == nil || chat.CodeOf(err) != chat.NotFound {
			break
		}
	}
	return user, hash, err
}

// LoginNames returns the forms in which the name of a login may be stored, the most likely first: usernames
// as markup.UsernameForms returns them, emails in lower case.
func LoginNames(login string) []string {
	if names := markup.UsernameForms(login); names != nil {
		return names
	}
	return []string{strings.ToLower(strings.TrimSpace(login))}
}

// Logout ends the caller's session and closes its connections on every node.
func (a *Accounts) Logout(ctx context.Context, caller chat.Caller) error {
	if err := a.Store.EndSession(ctx, caller.Session); err != nil {
		return err
	}
	a.Publisher.PublishUser(chat.SessionEnded{User: caller.User.ID, Session: caller.Session})
	return nil
}

// ChangePassword changes the caller's password and ends every other session of the user with
// its connections.
func (a *Accounts) ChangePassword(ctx context.Context, caller chat.Caller, current, password string, from Device) error {
	if err := a.allow(from); err != nil {
		return err
	}
	if err := chat.CheckPassword(password, caller.User.Username); err != nil {
		return err
	}
	currentHash, err := a.verifyPassword(ctx, caller, current, "current")
	if err != nil {
		return err
	}
	if currentHash == "" {
		return chat.Errorf(chat.Forbidden, "Guests have no password.")
	}
	hash, err := a.NewPasswords.Hash(ctx, password)
	if err != nil {
		return err
	}
	// A password that was set in the meantime stays: an admin may have reset it to keep an
	// intruder out.
	err = a.Store.SetPassword(ctx, caller.User.ID, currentHash, hash, caller.Session)
	if err != nil && chat.CodeOf(err) == chat.NotFound {
		return errWrongPassword("current")
	}
	if err != nil {
		return err
	}
	a.Publisher.PublishUser(chat.OtherSessionsEnded{User: caller.User.ID, Kept: caller.Session})
	return nil
}

// CheckPassword returns WRONG_PASSWORD if password is not the caller's. Guests have none and
// need none.
func (a *Accounts) CheckPassword(ctx context.Context, caller chat.Caller, password string, from Device) error {
	if err := a.allow(from); err != nil {
		return err
	}
	_, err := a.verifyPassword(ctx, caller, password, "password")
	return err
}

// verifyPassword returns WRONG_PASSWORD if password is not the caller's, FORBIDDEN for bots,
// and "" for guests.
func (a *Accounts) verifyPassword(ctx context.Context, caller chat.Caller, password, field string) (hash chat.PasswordHash, err error) {
	user, hash, err := a.Store.Credentials(ctx, caller.User.Username)
	switch {
	case err != nil:
		return "", err
	case hash == "" && !user.Guest:
		return "", chat.Errorf(chat.Forbidden, "Bots have no password.")
	case hash == "":
		return "", nil
	}
	ok, err := a.SignIns.Verify(ctx, password, hash)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", errWrongPassword(field)
	}
	return hash, nil
}

func errWrongPassword(field string) error {
	return chat.Errorf(chat.WrongPassword, "Incorrect password.").WithField(field)
}

// Sessions returns the caller's active sessions.
func (a *Accounts) Sessions(ctx context.Context, caller chat.Caller) ([]chat.Session, error) {
	return a.Store.Sessions(ctx, caller.User.ID)
}

// EndSession ends one of the caller's sessions and closes its connections on every node.
func (a *Accounts) EndSession(ctx context.Context, caller chat.Caller, id chat.SessionID) error {
	if err := a.Store.EndUserSession(ctx, caller.User.ID, id); err != nil {
		return err
	}
	a.Publisher.PublishUser(chat.SessionEnded{User: caller.User.ID, Session: id})
	return nil
}

func (a *Accounts) allow(from Device) error {
	if after, ok := a.AttemptRate.Allow(from.IP); !ok {
		return chat.ErrRateLimited("Too many attempts from your address.", after)
	}
	return nil
}

func (a *Accounts) allowAccount(from Device) error {
	if after, ok := a.SignupRate.Ready(from.IP); !ok {
		return chat.ErrRateLimited("Too many accounts have been created from your address.", after)
	}
	return a.allow(from)
}

// register creates the account and counts it after that, so that failures do not count.
func (a *Accounts) register(ctx context.Context, account chat.NewAccount, session chat.NewSession) (chat.Caller, error) {
	caller, err := a.Store.Register(ctx, account, session)
	if err == nil {
		_, _ = a.SignupRate.Allow(session.IP)
	}
	return caller, err
}

func (a *Accounts) newSession(from Device, lifetime time.Duration) (string, chat.NewSession) {
	token, hash := chat.NewToken()
	return token, chat.NewSession{
		TokenHash: hash, ExpiresAt: chat.At(a.Now().Add(lifetime)), UserAgent: from.Trimmed().UserAgent, IP: from.IP,
	}
}
