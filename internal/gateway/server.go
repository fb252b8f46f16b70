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

// maxConnsPerUser bounds one user's sockets on one node; one more is closed with 4029.
// Those that are being closed count.
const maxConnsPerUser = 20

// connectedTimeout bounds what is read before the first frame.
const connectedTimeout = 5 * time.Second

// Server upgrades requests to connections of a hub.
type Server struct {
	Hub      *Hub
	Service  *service.Service
	Requests *auth.Authenticator
	// ClientIP finds the client's address behind trusted proxies.
	ClientIP func(r *http.Request) netip.Addr
	// Refuse writes err to a request that is not upgraded.
	Refuse func(w http.ResponseWriter, r *http.Request, err error)
	// Crowd names those with whom a client's sockets are counted, as its address;
	// "" is not counted.
	ClientKey func(r *http.Request) string
	// Failures counts the upgrades that a crowd was refused.
	Failures chat.Budget[string]

	conns connLimiter
}

// ServeHTTP upgrades r and returns; the connection lives on by itself.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	crowd := s.ClientKey(r)
	if err := s.acquireConn(crowd); err != nil {
		s.Refuse(w, r, err)
		return
	}
	leave := func() { s.conns.release(crowd) }
	caller, err := s.authenticate(r)
	if err != nil {
		leave()
		s.countFailure(crowd, err)
		s.Refuse(w, r, err)
		return
	}
	socket, err := socket.Accept(w, r, websocket.AcceptOptions{
		Subprotocols:       []string{wire.Protocol},
		InsecureSkipVerify: true, // admit has checked the Origin, by a stricter rule
	})
	if err != nil {
		leave()
		return // Accept has answered
	}
	socket.SetReadLimit(readLimit)
	c := newConn(s.Hub, s.Service, socket, caller, rand.Text()[:12])
	c.token = auth.TokenHash(r)
	c.device = service.Device{UserAgent: r.UserAgent(), IP: s.ClientIP(r).String()}.Trimmed()
	if !s.Hub.add(c) {
		_ = socket.CloseNow()
		leave()
		return
	}
	// The request's context ends with this handler; the connection must not.
	ctx := logging.Carry(context.Background(), r.Context())
	go func() {
		defer leave()
		c.serve(logging.With(ctx, slog.String("conn", c.id), slog.Int64("user", int64(caller.User.ID))))
	}()
}

// authenticate says who may connect: an allowed page first, then a living session.
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
		return chat.Caller{}, chat.Errorf(chat.BadRequest, "Offer the subprotocol %s as well.", wire.Protocol)
	}
	return caller, nil
}

func errOrigin(r *http.Request) error {
	auth.AddOrigin(r)
	return chat.Errorf(chat.Forbidden, "This page's origin is not allowed here.")
}

// connected sends connected, the first frame. It returns UNAUTHENTICATED if the session has
// ended since the upgrade was admitted: a notice of it that came before the hub had the
// connection did not close it.
func (c *Conn) connected(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectedTimeout)
	defer cancel()
	if _, err := c.hub.accounts.CallerByToken(ctx, c.token); chat.CodeOf(err) == chat.NotFound && err != nil {
		return chat.Errorf(chat.Unauthenticated, "Your session is over. Please sign in again.")
	} else if err != nil {
		return err
	}
	rooms, err := c.service.OwnRooms(ctx, c.caller)
	if err != nil {
		return err
	}
	user, limits := c.caller.User, c.service.Limits.Now()
	user.Status = chat.Online
	c.queue.pushAnswer(wire.Encode(wire.EventConnected, wire.Connected{
		User: user, SessionID: c.caller.Session, Node: c.hub.node, Epoch: c.hub.epoch, Rooms: rooms,
		Limits: wire.ClientLimits{
			MaxMessageLength: limits.MaxMessageLength, MessagesPer10s: limits.MessagesPer10s,
			MaxUploadSize: int64(limits.MaxUploadSize), MaxAttachments: chat.MaxAttachments,
		},
		PingMs: pingAfter.Milliseconds(),
	}))
	return nil
}
