package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/coder/websocket"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/logging"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/socket"
	"github.com/chillin-chat/chillin/internal/wire"
)

// maxConnsPerUser is how many connections a user may have on one node, including those that
// are being closed. One more is closed with 4029.
const maxConnsPerUser = 20

// connectedTimeout is the time limit of the reads before the first frame.
const connectedTimeout = 5 * time.Second

// Server upgrades HTTP requests to connections of a hub.
type Server struct {
	Hub      *Hub
	Service  *service.Service
	Requests *auth.Authenticator
	// ClientIP returns the client's address behind trusted proxies.
	ClientIP func(r *http.Request) netip.Addr
	// Refuse responds with err to a request that is not upgraded.
	Refuse func(w http.ResponseWriter, r *http.Request, err error)
	// ClientKey returns the key under which the connections of a client are counted, such
	// as its network; "" is not counted.
	ClientKey func(r *http.Request) string
	// Failures counts the refused upgrades of a client key.
	Failures chat.Budget[string]

	conns connLimiter
}

// ServeHTTP upgrades r and returns. The connection is served by a goroutine of its own.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := s.ClientKey(r)
	if err := s.acquireConn(key); err != nil {
		s.Refuse(w, r, err)
		return
	}
	release := func() { s.conns.release(key) }
	caller, err := s.authenticate(r)
	if err != nil {
		release()
		s.countFailure(key, err)
		s.Refuse(w, r, err)
		return
	}
	socket, err := socket.Accept(w, r, websocket.AcceptOptions{
		Subprotocols:       []string{wire.Protocol},
		InsecureSkipVerify: true, // authenticate has checked the Origin, by a stricter rule
	})
	if err != nil {
		release()
		return // Accept has responded
	}
	socket.SetReadLimit(readLimit)
	c := newConn(s.Hub, s.Service, socket, caller, rand.Text()[:12])
	c.token = auth.TokenHash(r)
	c.device = service.Device{UserAgent: r.UserAgent(), IP: s.ClientIP(r).String()}.Trimmed()
	c.hold()
	if !s.Hub.add(c) {
		_ = socket.CloseNow()
		release()
		return
	}
	// The context of the request ends with this handler. The connection must not.
	ctx := logging.Carry(context.Background(), r.Context())
	go func() {
		defer release()
		c.serve(logging.With(ctx, slog.String("conn", c.id), slog.Int64("user", int64(caller.User.ID))))
	}()
}

// authenticate returns the caller. It checks the Origin first, then the session.
func (s *Server) authenticate(r *http.Request) (chat.Caller, error) {
	if s.Hub.Draining() {
		return chat.Caller{}, chat.ErrUnavailable(errors.New("draining"))
	}
	allowed, present := s.Requests.AllowedOrigin(r)
	if present && !allowed {
		return chat.Caller{}, errOrigin(r)
	}
	caller, source, err := s.Requests.Caller(r)
	if err != nil {
		return chat.Caller{}, err
	}
	if source == auth.CredentialCookie && !allowed {
		return chat.Caller{}, errOrigin(r)
	}
	if offered := auth.Subprotocols(r); source == auth.CredentialSubprotocol && !slices.Contains(offered, wire.Protocol) {
		return chat.Caller{}, chat.Errorf(chat.BadRequest, "The subprotocol %s must be offered as well.", wire.Protocol)
	}
	return caller, nil
}

func errOrigin(r *http.Request) error {
	auth.AddOrigin(r)
	return chat.Errorf(chat.Forbidden, "Connections from the origin of this page are not allowed.")
}

// connected sends connected, the first frame. It returns UNAUTHENTICATED if the session has
// ended since it was authenticated: the event of its end may have been received before the
// hub had the connection.
func (c *Conn) connected(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectedTimeout)
	defer cancel()
	if _, err := c.hub.accounts.CallerByToken(ctx, c.token); chat.CodeOf(err) == chat.NotFound && err != nil {
		return chat.Errorf(chat.Unauthenticated, "Your session has ended. Please sign in again.")
	} else if err != nil {
		return err
	}
	rooms, err := c.service.OwnRooms(ctx, c.caller)
	if err != nil {
		return err
	}
	blocked, err := c.service.BlockedIDs(ctx, c.caller)
	if err != nil {
		return err
	}
	user, limits := c.caller.User, c.service.Settings.Limits()
	user.Status = chat.Online
	c.pushFirst(wire.Encode(wire.EventConnected, wire.Connected{
		User: user, SessionID: c.caller.Session, Node: c.hub.node, Epoch: c.hub.epoch, Rooms: rooms,
		Limits: wire.ClientLimits{
			MaxMessageLength: limits.MaxMessageLength, MessagesPer10s: limits.MessagesPer10s,
			MaxUploadSize: int64(limits.MaxUploadSize), MaxAttachments: chat.MaxAttachments,
		},
		PingMs: pingAfter.Milliseconds(), Blocked: append([]chat.UserID{}, blocked...),
	}))
	return nil
}
