package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

const enteringRow = "entering"

const (
	enteringNodes  = 2
	enteringGuests = 1000
	enteringRooms  = 10
	enteringAtOnce = 64
	enteringTarget = 600 // guests per second
)

// Entry is the arrival of new guests: each is registered, connects and joins a room.
type Entry struct {
	Guests  int     `json:"guests"`
	Seconds float64 `json:"seconds"` // until the last one has joined
	CPU     Usage   `json:"cpu"`     // of the servers
}

func (e Entry) perSecond() float64 { return float64(e.Guests) / e.Seconds }

// perGuest returns the CPU time of the servers for each guest, in µs.
func (e Entry) perGuest() Usage { return e.CPU.microsPer(float64(e.Guests)) }

func measureEntering(ctx context.Context, h *harness, row *Row) error {
	return h.withStack(row.Nodes, func(s *stack) error {
		entry, err := s.enter(ctx, row.Clients, row.Rooms)
		if err == nil {
			row.Entries = append(row.Entries, entry)
		}
		return err
	})
}

// enter lets new guests arrive, as many at once as the constant says. Those who have arrived stay, and
// receive who joins after them.
func (s *stack) enter(ctx context.Context, guests, rooms int) (Entry, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: enteringAtOnce}
	defer transport.CloseIdleConnections()
	newClient := func(i int) *client.Client {
		c := client.New(s.nodes[i%len(s.nodes)].URL())
		c.HTTP, c.Patience = &http.Client{Transport: transport}, 10*time.Second
		return c
	}
	ids, err := createRooms(ctx, newClient(0), rooms)
	if err != nil {
		return Entry{}, err
	}
	before, _, err := s.usage()
	if err != nil {
		return Entry{}, err
	}
	began := time.Now()
	sockets := make([]*client.Socket, guests)
	defer closeAll(sockets)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(enteringAtOnce)
	for i := range sockets {
		group.Go(func() (err error) {
			if sockets[i], err = arrive(ctx, newClient(i), i, ids[i%rooms]); err != nil {
				return fmt.Errorf("guest %d of %d: %w", i+1, guests, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Entry{}, err
	}
	took := time.Since(began)
	after, _, err := s.usage()
	return Entry{guests, took.Seconds(), after.since(before)}, err
}

func createRooms(ctx context.Context, owner *client.Client, n int) ([]chat.RoomID, error) {
	if err := owner.Guest(ctx, "Owner of the rooms"); err != nil {
		return nil, fmt.Errorf("create the owner: %w", err)
	}
	ids := make([]chat.RoomID, n)
	for i := range ids {
		room, err := owner.CreateRoom(ctx, fmt.Sprintf("entering %d", i+1), nil)
		if err != nil {
			return nil, fmt.Errorf("create a room: %w", err)
		}
		ids[i] = room.ID
	}
	return ids, nil
}

// arrive registers a guest, connects it and joins the room. The caller closes the socket, if it is not
// nil.
func arrive(ctx context.Context, c *client.Client, i int, room chat.RoomID) (*client.Socket, error) {
	if err := c.Guest(ctx, fmt.Sprintf("Guest %d", i+1)); err != nil {
		return nil, err
	}
	socket, err := c.Dial(ctx)
	if err != nil {
		return nil, err
	}
	go func() {
		for range socket.Events { // unread events would block the connection
			continue
		}
	}()
	return socket, socket.Do(ctx, wire.CommandRoomJoin, wire.RoomJoin{RoomID: room}, nil)
}

func closeAll(sockets []*client.Socket) {
	for _, s := range sockets {
		if s != nil {
			s.Cut()
		}
	}
}
