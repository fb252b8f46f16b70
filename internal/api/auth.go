package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/service"
)

// RegisterRequest is the body of registerUser and upgradeGuest.
type RegisterRequest struct {
	Username    string `json:"username" doc:"3 to 20 letters, digits, _ - and ."`
	Password    string `json:"password" doc:"8 to 128 characters."`
	Email       string `json:"email,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
}

type registerInput struct {
	Device
	Body RegisterRequest
}

// LoginRequest is the body of login.
type LoginRequest struct {
	Username string `json:"username" doc:"Username or email."`
	Password string `json:"password"`
}

type loginInput struct {
	Device
	Body LoginRequest
}

// CreateGuestRequest is the body of createGuest.
type CreateGuestRequest struct {
	DisplayName string `json:"displayName,omitempty"`
}

type createGuestInput struct {
	Device
	Body *CreateGuestRequest `required:"false"`
}

// SignedIn is the response to a sign-in.
type SignedIn struct {
	User  chat.User `json:"user"`
	Token string    `json:"token" doc:"For Authorization: Bearer. Browsers use the cookie."`
}

type signedInOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      SignedIn
}

// UpgradeGuestResponse contains the upgraded account.
type UpgradeGuestResponse struct {
	User chat.User `json:"user"`
}

type upgradeGuestOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      UpgradeGuestResponse
}

// ChangePasswordRequest is the body of changePassword.
type ChangePasswordRequest struct {
	Current  string `json:"current"`
	Password string `json:"password" doc:"8 to 128 characters."`
}

type changePasswordInput struct {
	Device
	Body ChangePasswordRequest
}

// SessionView is a session as shown to its user.
type SessionView struct {
	chat.Session
	Current bool `json:"current" doc:"Whether this request was made with it."`
}

// SessionList contains the sessions of a user.
type SessionList struct {
	Sessions []SessionView `json:"sessions"`
}

type sessionListOutput struct {
	Body SessionList
}

type signedOutOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
}

func (a *API) mountAuth() {
	handle(a, huma.Operation{
		OperationID: "registerUser", Method: http.MethodPost, Path: "/auth/register", DefaultStatus: http.StatusCreated,
		Summary: "Register an account and sign in", Tags: []string{"auth"},
	}, func(ctx context.Context, in *registerInput) (*signedInOutput, error) {
		done, err := a.Accounts.Register(ctx, service.Registration(in.Body), in.device())
		a.countSignIn("register", err)
		return in.signInOutput(done, chat.SessionLifetime), err
	})
	handle(a, huma.Operation{
		OperationID: "login", Method: http.MethodPost, Path: "/auth/login", Summary: "Sign in", Tags: []string{"auth"},
	}, func(ctx context.Context, in *loginInput) (*signedInOutput, error) {
		done, err := a.Accounts.Login(ctx, in.Body.Username, in.Body.Password, in.device())
		a.countSignIn("login", err)
		if err != nil && chat.CodeOf(err) == chat.Unauthenticated {
			// Do not log the entered name: it may be a password.
			auth.LogSecurityEvent(ctx, a.Log, "sign-in failed", "wrong name or password")
		}
		return in.signInOutput(done, chat.SessionLifetime), err
	})
	handle(a, huma.Operation{
		OperationID: "createGuest", Method: http.MethodPost, Path: "/auth/guest", DefaultStatus: http.StatusCreated,
		Summary: "Create a guest, valid for 24 hours, and sign in", Tags: []string{"auth"},
	}, func(ctx context.Context, in *createGuestInput) (*signedInOutput, error) {
		name := ""
		if in.Body != nil {
			name = in.Body.DisplayName
		}
		done, err := a.Accounts.Guest(ctx, name, in.device())
		a.countSignIn("guest", err)
		return in.signInOutput(done, chat.GuestLifetime), err
	})
	handle(a, huma.Operation{
		OperationID: "upgradeGuest", Method: http.MethodPut, Path: "/auth/account", Tags: []string{"auth"}, Security: authRequired,
		Summary: "Upgrade the current guest to an account",
	}, func(ctx context.Context, in *registerInput) (*upgradeGuestOutput, error) {
		user, err := a.Accounts.UpgradeGuest(ctx, auth.CallerIn(ctx), service.Registration(in.Body), in.device())
		out := &upgradeGuestOutput{SetCookie: in.extendedCookies()}
		out.Body.User = user
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "logout", Method: http.MethodPost, Path: "/auth/logout", DefaultStatus: http.StatusNoContent,
		Summary: "Sign out: end the current session", Tags: []string{"auth"}, Security: authRequired,
	}, func(ctx context.Context, in *struct{ Device }) (*signedOutOutput, error) {
		err := a.Accounts.Logout(ctx, auth.CallerIn(ctx))
		return in.signOutOutput(), err
	})
	handle(a, huma.Operation{
		OperationID: "getCurrentUser", Method: http.MethodGet, Path: "/auth/me", Summary: "Get the current user", Tags: []string{"auth"}, Security: authRequired,
	}, func(ctx context.Context, _ *struct{}) (*userOutput, error) {
		return newUserOutput(auth.CallerIn(ctx).User, nil)
	})
}

func (a *API) mountSessions() {
	tags := []string{"auth"}
	handle(a, huma.Operation{
		OperationID: "changePassword", Method: http.MethodPut, Path: "/auth/password", Tags: tags, Security: authRequired,
		Summary: "Change the password and end all other sessions", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *changePasswordInput) (*struct{}, error) {
		return nil, a.Accounts.ChangePassword(ctx, auth.CallerIn(ctx), in.Body.Current, in.Body.Password, in.device())
	})
	handle(a, huma.Operation{
		OperationID: "listSessions", Method: http.MethodGet, Path: "/auth/sessions", Tags: tags, Security: authRequired,
		Summary: "List the sessions of the current user",
	}, func(ctx context.Context, _ *struct{}) (*sessionListOutput, error) {
		caller := auth.CallerIn(ctx)
		sessions, err := a.Accounts.Sessions(ctx, caller)
		out := &sessionListOutput{}
		out.Body.Sessions = []SessionView{}
		for _, s := range sessions {
			out.Body.Sessions = append(out.Body.Sessions, SessionView{s, s.ID == caller.Session})
		}
		return out, err
	})
	handle(a, huma.Operation{
		OperationID: "endSession", Method: http.MethodDelete, Path: "/auth/sessions/{id}", Tags: tags, Security: authRequired,
		Summary: "End a session of the current user", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *struct {
		ID chat.SessionID `path:"id" minimum:"1"`
	}) (*struct{}, error) {
		return nil, a.Accounts.EndSession(ctx, auth.CallerIn(ctx), in.ID)
	})
}

// Device describes the client of a request. Inputs of operations that sign in embed it.
type Device struct {
	agent  string
	ip     string
	secure bool
	cookie string // the session's token if it was sent in a cookie
	token  string // of the device, see service.DeviceSigner
}

// Resolve reads the device from the request. huma calls it.
func (d *Device) Resolve(ctx huma.Context) []error {
	d.agent = ctx.Header("User-Agent")
	d.ip, d.secure = originOf(ctx.Context())
	r := &http.Request{Header: http.Header{"Cookie": {ctx.Header("Cookie")}}}
	d.cookie, _ = auth.CookieToken(r)
	if cookie, err := r.Cookie(deviceCookie); err == nil {
		d.token = cookie.Value
	}
	return nil
}

func (d *Device) device() service.Device {
	return service.Device{UserAgent: d.agent, IP: d.ip, Token: d.token}
}

// deviceCookie stays after a logout, so that the user can sign in again while others guess the
// password.
const (
	deviceCookie   = "device"
	deviceLifetime = 365 * 24 * time.Hour
)

func (d *Device) signInOutput(s service.SignedIn, life time.Duration) *signedInOutput {
	cookies := d.cookies(s.Token, life)
	if s.DeviceToken != "" {
		cookies = append(cookies, http.Cookie{
			Name: deviceCookie, Value: s.DeviceToken, Path: base + "/auth", MaxAge: int(deviceLifetime.Seconds()),
			HttpOnly: true, Secure: d.secure, SameSite: http.SameSiteLaxMode,
		})
	}
	return &signedInOutput{SetCookie: cookies, Body: SignedIn{s.User, s.Token}}
}

func (d *Device) signOutOutput() *signedOutOutput {
	return &signedOutOutput{d.cookies("", -time.Second)}
}

// cookies returns the session cookies with token, which browsers keep for life. A negative life deletes
// them. With TLS there are two cookies (see auth.HostCookieName).
func (d *Device) cookies(token string, life time.Duration) []http.Cookie {
	names := []string{auth.CookieName}
	if d.secure {
		names = append(names, auth.HostCookieName)
	}
	var set []http.Cookie
	for _, name := range names {
		set = append(set, http.Cookie{
			Name: name, Value: token, Path: "/", MaxAge: int(life.Seconds()),
			HttpOnly: true, Secure: d.secure, SameSite: http.SameSiteLaxMode,
		})
	}
	return set
}

// extendedCookies returns the guest's cookies with the lifetime of an account's cookies.
func (d *Device) extendedCookies() []http.Cookie {
	if d.cookie == "" {
		return nil
	}
	return d.cookies(d.cookie, chat.SessionLifetime)
}
