// Package auth hashes and verifies passwords and authenticates requests.
package auth

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// The session cookies. Behind TLS the second one is set beside the first and has
// precedence: a browser accepts it from this very host only, over TLS, so that neither a
// sibling domain nor somebody on the network can put another session in its place.
const (
	CookieName     = "session"
	HostCookieName = "__Host-session"
)

// bearerProtocol begins the WebSocket subprotocol that carries a token, for
// browsers' sockets that can send neither cookie nor header.
const bearerProtocol = "bearer."

// CredentialSource is how a request proves whose it is.
type CredentialSource int

const (
	CredentialNone CredentialSource = iota
	CredentialHeader
	CredentialCookie
	CredentialSubprotocol
)

// Authenticator reads from requests whose they are.
type Authenticator struct {
	Store chat.Accounts
	// Origins are allowed beside the server's own.
	Origins []string
	// Present finds whose token it is among those who are connected to this node.
	FromLiveConn func(tokenHash []byte) (chat.Caller, bool)
	// Seen is told of the sessions by which requests come.
	Activity *SessionActivity
}

// LiveCaller is Caller while the store is away: cause, unless the caller is
// connected to this node.
func (rs *Authenticator) LiveCaller(r *http.Request, cause error) (chat.Caller, error) {
	if caller, ok := rs.FromLiveConn(TokenHash(r)); ok {
		return caller, nil
	}
	return chat.Caller{}, cause
}

// TokenHash is under what the token of r is stored.
func TokenHash(r *http.Request) []byte {
	token, _ := credentials(r)
	return chat.TokenHash(token)
}

// Caller finds who asks, and how the request proved it. A request without
// credentials is UNAUTHENTICATED, and so is one whose session is over.
func (rs *Authenticator) Caller(r *http.Request) (chat.Caller, CredentialSource, error) {
	token, source := credentials(r)
	if token == "" {
		return chat.Caller{}, CredentialNone, chat.Errorf(chat.Unauthenticated, "Please sign in.")
	}
	caller, err := rs.Store.CallerByToken(r.Context(), chat.TokenHash(token))
	if chat.CodeOf(err) == chat.NotFound && err != nil {
		return chat.Caller{}, source, chat.Errorf(chat.Unauthenticated, "Your session is over. Please sign in again.")
	}
	if err == nil {
		rs.Activity.Touch(caller.Session)
	}
	return caller, source, err
}

func credentials(r *http.Request) (string, CredentialSource) {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token), CredentialHeader
	}
	for _, protocol := range Subprotocols(r) {
		if token, ok := strings.CutPrefix(protocol, bearerProtocol); ok {
			return token, CredentialSubprotocol
		}
	}
	if token, ok := CookieToken(r); ok {
		return token, CredentialCookie
	}
	return "", CredentialNone
}

// CookieToken returns the token of the session cookie of r.
func CookieToken(r *http.Request) (token string, ok bool) {
	for _, name := range []string{HostCookieName, CookieName} {
		if cookie, err := r.Cookie(name); err == nil {
			return cookie.Value, true
		}
	}
	return "", false
}

// Subprotocols are what a WebSocket client offers.
func Subprotocols(r *http.Request) []string {
	var all []string
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for protocol := range strings.SplitSeq(line, ",") {
			all = append(all, strings.TrimSpace(protocol))
		}
	}
	return all
}

// AllowedOrigin tells whether the page that made r may: it comes from the same
// host or from a named origin. present is false where the client names none,
// which no browser does for what matters here.
func (rs *Authenticator) AllowedOrigin(r *http.Request) (allowed, present bool) {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return false, false
	}
	if len(origins) > 1 {
		return false, true
	}
	if slices.Contains(rs.Origins, origins[0]) {
		return true, true
	}
	u, err := url.Parse(origins[0])
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Path == "" && u.User == nil &&
		strings.EqualFold(u.Host, r.Host), true
}

// CheckOrigin refuses cross-site requests: what changes something and is proved by a
// cookie, which the browser sends along unasked, must come from an allowed page.
func (rs *Authenticator) CheckOrigin(r *http.Request, source CredentialSource) error {
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	allowed, present := rs.AllowedOrigin(r)
	if (source == CredentialCookie && !safe && !allowed) || (present && !safe && !allowed) {
		return chat.Errorf(chat.Forbidden, "This request does not come from an allowed page (Origin).")
	}
	return nil
}

type callerKey struct{}

// WithCaller keeps who asks in ctx.
func WithCaller(ctx context.Context, c chat.Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerIn returns who asks. ctx must come from WithCaller.
func CallerIn(ctx context.Context) chat.Caller {
	c, _ := ctx.Value(callerKey{}).(chat.Caller)
	return c
}
