// Package auth hashes and verifies passwords and authenticates requests.
package auth

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/origin"
)

// The session cookies. With TLS, HostCookieName is set in addition and has precedence: a browser
// accepts it only from this host over TLS, so that neither a sibling domain nor a network attacker can
// replace the session.
const (
	CookieName     = "session"
	HostCookieName = "__Host-session"
)

// bearerProtocol is the prefix of the WebSocket subprotocol that contains a token, for browser sockets
// that can send neither a cookie nor a header.
const bearerProtocol = "bearer."

// CredentialSource is the part of a request that contains its credentials.
type CredentialSource int

const (
	CredentialNone CredentialSource = iota
	CredentialHeader
	CredentialCookie
	CredentialSubprotocol
)

// Authenticator finds the caller of a request.
type Authenticator struct {
	Store chat.Accounts
	// Origins are allowed in addition to the server's own, as origin.Normalize returns them.
	Origins []string
	// FromLiveConn finds the caller with this token among the connections of this node.
	FromLiveConn func(tokenHash []byte) (chat.Caller, bool)
	// Activity records the session of each authenticated request.
	Activity *SessionActivity
}

// LiveCaller replaces Caller while the store is unavailable. It returns cause unless the caller is
// connected to this node.
func (rs *Authenticator) LiveCaller(r *http.Request, cause error) (chat.Caller, error) {
	if caller, ok := rs.FromLiveConn(TokenHash(r)); ok {
		return caller, nil
	}
	return chat.Caller{}, cause
}

// TokenHash returns the hash under which the token of r is stored.
func TokenHash(r *http.Request) []byte {
	token, _ := credentials(r)
	return chat.TokenHash(token)
}

// Caller returns the caller of a request and the source of its credentials. It returns UNAUTHENTICATED
// without credentials or after the session has ended.
func (rs *Authenticator) Caller(r *http.Request) (chat.Caller, CredentialSource, error) {
	token, source := credentials(r)
	if token == "" {
		return chat.Caller{}, CredentialNone, chat.Errorf(chat.Unauthenticated, "Please sign in.")
	}
	caller, err := rs.Store.CallerByToken(r.Context(), chat.TokenHash(token))
	if chat.CodeOf(err) == chat.NotFound && err != nil {
		return chat.Caller{}, source, chat.Errorf(chat.Unauthenticated, "Your session has ended. Please sign in again.")
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

// Subprotocols returns the subprotocols that a WebSocket client offers.
func Subprotocols(r *http.Request) []string {
	var all []string
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for protocol := range strings.SplitSeq(line, ",") {
			all = append(all, strings.TrimSpace(protocol))
		}
	}
	return all
}

// AllowedOrigin reports whether the page that made r is allowed: it has the same host or one of
// Origins. present is false without an Origin header. Browsers send one with every request that is
// checked here.
func (rs *Authenticator) AllowedOrigin(r *http.Request) (allowed, present bool) {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return false, false
	}
	if len(origins) > 1 {
		return false, true
	}
	return rs.Allows(origins[0]) || origin.SameHost(origins[0], r.Host), true
}

// Allows reports whether an origin is one of Origins.
func (rs *Authenticator) Allows(text string) bool {
	normal, ok := origin.Normalize(text)
	return ok && slices.Contains(rs.Origins, normal)
}

// CheckOrigin refuses cross-site requests. A request that changes something and is authenticated by a
// cookie, which browsers attach automatically, must come from an allowed origin.
func (rs *Authenticator) CheckOrigin(r *http.Request, source CredentialSource) error {
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	allowed, present := rs.AllowedOrigin(r)
	if (source == CredentialCookie && !safe && !allowed) || (present && !safe && !allowed) {
		return chat.Errorf(chat.Forbidden, "Requests from this origin are not allowed.")
	}
	return nil
}

type callerKey struct{}

// WithCaller stores the caller in ctx.
func WithCaller(ctx context.Context, c chat.Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerIn returns the caller in ctx, which must come from WithCaller.
func CallerIn(ctx context.Context) chat.Caller {
	c, _ := ctx.Value(callerKey{}).(chat.Caller)
	return c
}
