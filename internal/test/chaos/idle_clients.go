package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

// IdleClients is a set of lightweight clients without a history: they only join rooms.
type IdleClients struct {
	clients *Clients
	rooms   []chat.RoomID
	stalled bool
	users   []*client.Client
	each    []*idleClient
	waits   []time.Duration
}

// idleClient is one of them.
type idleClient struct {
	number int
	user   *client.Client
	stream *client.Stream
	reads  sync.WaitGroup
}

// dialing limits the concurrent connection attempts of a herd to the length of a listening socket's
// queue.
const dialing = 128

// Idle connects n clients, each of which joins one of the rooms. perUser of them share an account. Deaf
// clients read nothing after they joined, and have the smallest possible receive buffer.
func Idle(ctx context.Context, c *Clients, n, perUser int, rooms []chat.RoomID, stalled bool) (*IdleClients, error) {
	h := &IdleClients{clients: c, rooms: rooms, stalled: stalled, each: make([]*idleClient, n), waits: make([]time.Duration, n)}
	for i := range (n + perUser - 1) / perUser {
		user := client.New(c.target(rand.New(rand.NewPCG(uint64(i), 3))))
		user.HTTP = httpFrom(i)
		if stalled {
			user.HTTP = smallBufferHTTP()
		}
		if err := user.Guest(ctx, fmt.Sprintf("Herd %d", i)); err != nil {
			return nil, fmt.Errorf("register for the herd: %w", err)
		}
		h.users = append(h.users, user)
	}
	for i := range h.each {
		h.each[i] = &idleClient{number: i, user: h.users[i/perUser]}
	}
	return h, h.connect(ctx)
}

// smallBufferHTTP has the smallest possible receive buffer.
func smallBufferHTTP() *http.Client {
	dialer := &net.Dialer{Timeout: 2 * time.Second, Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
	}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

func (h *IdleClients) connect(ctx context.Context) error {
	gate := make(chan struct{}, dialing)
	errs := make([]error, len(h.each))
	var all sync.WaitGroup
	began := time.Now()
	for i, s := range h.each {
		all.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			errs[i] = h.persist(ctx, s)
			h.waits[i] = time.Since(began)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// persist connects, with retries.
func (h *IdleClients) persist(ctx context.Context, s *idleClient) error {
	random := rand.New(rand.NewPCG(h.clients.options.Seed, uint64(s.number)))
	for tries := 0; ; tries++ {
		err := h.join(ctx, s, random)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("client %d of the herd: %w", s.number, err)
		}
		wait := time.Duration(random.Int64N(int64(min(longestBackoff, firstBackoff<<min(tries, 8)))))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

func (h *IdleClients) join(ctx context.Context, s *idleClient, random *rand.Rand) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	user := *s.user
	user.Base = h.clients.target(random)
	if h.stalled { // without the proxy, which would read for it
		for user.Base == h.clients.options.Proxy {
			user.Base = h.clients.target(random)
		}
	}
	stream, err := user.Stream(ctx)
	if err != nil {
		return err
	}
	room := h.rooms[s.number%len(h.rooms)]
	if err := stream.Send(ctx, 1, "room:join", map[string]any{"roomId": room, "limit": 1}); err != nil {
		stream.Cut()
		return err
	}
	if err := awaitAnswer(ctx, stream, 1); err != nil {
		stream.Cut()
		return err
	}
	s.stream = stream
	s.reads.Go(func() {
		if h.stalled {
			return // Frames fills up, and then the connection
		}
		for range stream.Frames {
			continue
		}
	})
	return nil
}

func awaitAnswer(ctx context.Context, stream *client.Stream, id int64) error {
	for {
		select {
		case f, ok := <-stream.Frames:
			switch {
			case !ok:
				return stream.Err()
			case f.ID() != id:
				continue
			case f.Refusal() != nil:
				return f.Refusal()
			}
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// CutAndReconnect cuts all connections at once and waits until all clients have joined again.
func (h *IdleClients) CutAndReconnect(ctx context.Context) error {
	h.cut()
	return h.connect(ctx)
}

func (h *IdleClients) cut() {
	var all sync.WaitGroup
	for _, s := range h.each {
		if s != nil && s.stream != nil {
			all.Go(func() {
				s.stream.Cut()
				s.reads.Wait()
			})
		}
	}
	all.Wait()
}

// Ended reads what stalled clients have not read and returns how many of them the server has disconnected.
func (h *IdleClients) Ended() int {
	ended := 0
	for _, s := range h.each {
		for open := true; open; {
			select {
			case _, more := <-s.stream.Frames:
				if open = more; !more {
					ended++
				}
			case <-time.After(200 * time.Millisecond):
				open = false
			}
		}
	}
	return ended
}

// Close disconnects all.
func (h *IdleClients) Close() { h.cut() }

// shout fills the hot room with long messages, within the limits of one user, until ctx ends.
func (c *Clients) shout(ctx context.Context) {
	text := strings.Repeat("a long and loud message ", 80)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = c.do(ctx, 0, func(m *member) { m.write(m.order[0], text+uuid.NewString()[:8]) })
		}
	}
}
