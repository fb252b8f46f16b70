package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chillin-chat/chillin/internal/client"
)

const (
	// maxRequests is the number of concurrent requests.
	maxRequests = 32
	// removeTimeout is the timeout of the cleanup.
	removeTimeout = 3 * time.Minute
)

// clients are the guests and their private rooms that a run creates on the server. They are guests
// because the first account of a new server would become its admin, and the rooms are private so that
// other users cannot join.
type clients struct {
	Options
	plan  plan
	http  *http.Client
	users []*client.Client // nil: not created
	rooms []*room          // likewise
	limit limitWaiter

	memberships          int
	registering, joining time.Duration // how long all of them took
}

func newClients(o Options) *clients {
	p := newPlan(o)
	return &clients{
		Options: o, plan: p, limit: limitWaiter{progress: o.progress},
		users: make([]*client.Client, p.users()), rooms: make([]*room, p.rooms),
		http: &http.Client{
			Timeout:       30 * time.Second,
			Transport:     &http.Transport{MaxIdleConnsPerHost: maxRequests, DialContext: newSources(o.Sources).dial},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // no request goes to another server
		},
	}
}

func (c *clients) create(ctx context.Context) error {
	c.progress("creating %d guests and %d rooms at %s", len(c.users), len(c.rooms), c.URLs[0])
	began := time.Now()
	if err := concurrently(ctx, len(c.users), c.addGuest); err != nil {
		return err
	}
	c.registering = time.Since(began)
	name := fmt.Sprintf("load test %04x", rand.N(0x10000))
	err := concurrently(ctx, len(c.rooms), func(ctx context.Context, i int) error {
		return c.addRoom(ctx, i, fmt.Sprintf("%s room %d", name, i+1))
	})
	if err != nil {
		return err
	}
	began = time.Now()
	err = c.join(ctx)
	c.joining = time.Since(began)
	return err
}

// concurrently calls do for 0 to n-1 and returns the first error.
func concurrently(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxRequests)
	for i := range n {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return do(ctx, i)
		})
	}
	return group.Wait()
}

func (c *clients) addGuest(ctx context.Context, i int) error {
	user := client.New(cmp.Or(c.ReturnTo, c.URLs[i%len(c.URLs)]))
	user.HTTP = c.http
	err := c.limit.retry(ctx, "RATE_LIMIT_AUTH", func() error { return user.Guest(ctx, fmt.Sprintf("Load test %d", i+1)) })
	if err != nil {
		return fmt.Errorf("create guest %d of %d: %w", i+1, len(c.users), err)
	}
	c.users[i] = user
	return nil
}

// addRoom creates a room and an invite to it.
func (c *clients) addRoom(ctx context.Context, i int, name string) error {
	owner := c.users[i%len(c.users)]
	err := c.limit.retry(ctx, "RATE_LIMIT_ROOMS", func() error {
		// Not canceled with ctx: a room whose ID is unknown cannot be removed.
		made, err := owner.CreateRoom(context.WithoutCancel(ctx), name, map[string]any{
			"private": true, "description": "Made by chillin load, which removes it at its end. If it is still here, delete it.",
		})
		if err == nil {
			c.rooms[i] = newRoom(made.ID, owner, c.plan.members(i))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("create room %d of %d: %w", i+1, len(c.rooms), err)
	}
	var out struct {
		Invite struct {
			Token string `json:"token"`
		} `json:"invite"`
	}
	err = c.limit.retry(ctx, "", func() error {
		return owner.Do(ctx, http.MethodPost, fmt.Sprintf("/rooms/%d/invites", c.rooms[i].id), nil, &out)
	})
	if err != nil {
		return fmt.Errorf("create an invite: %w", err)
	}
	c.rooms[i].invite = out.Invite.Token
	return nil
}

// join makes every user a member of the rooms of its connections.
func (c *clients) join(ctx context.Context) error {
	type seat struct{ user, room int }
	var seats []seat // in the order of the clients, so that concurrent ones are in different rooms
	seen := map[seat]bool{}
	for i := range c.plan.clients {
		if s := (seat{c.plan.user(i), c.plan.room(i)}); !seen[s] {
			seen[s] = true
			seats = append(seats, s)
		}
	}
	c.memberships = len(seats)
	return concurrently(ctx, len(seats), func(ctx context.Context, i int) error {
		s := seats[i]
		err := c.limit.retry(ctx, "RATE_LIMIT_JOINS", func() error {
			return c.users[s.user].Do(ctx, http.MethodPost, "/invites/"+c.rooms[s.room].invite+"/join", nil, nil)
		})
		if err != nil {
			return fmt.Errorf("join room %d: %w", s.room+1, err)
		}
		return nil
	})
}

// freshRooms returns the rooms without what an earlier run received.
func (c *clients) freshRooms() []*room {
	fresh := make([]*room, len(c.rooms))
	for i, room := range c.rooms {
		fresh[i] = newRoom(room.id, room.owner, room.members)
	}
	return fresh
}

// entering returns how fast the guests entered. connecting is in seconds.
func (c *clients) entering(connecting float64) *Entering {
	guests := float64(len(c.users))
	return &Entering{
		Guests: len(c.users), Memberships: c.memberships, Connections: c.plan.clients,
		GuestsPerSecond:      per(guests, c.registering.Seconds()+c.joining.Seconds()+connecting),
		RegisteredPerSecond:  per(guests, c.registering.Seconds()),
		MembershipsPerSecond: per(float64(c.memberships), c.joining.Seconds()),
		ConnectionsPerSecond: per(float64(c.plan.clients), connecting),
	}
}

// remove deletes the rooms and signs the guests out.
func (c *clients) remove(ctx context.Context) error {
	defer c.http.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	c.progress("removing the rooms")
	c.limit.spent.Store(0)
	var mu sync.Mutex
	var left []error
	fail := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		left = append(left, fmt.Errorf(format, args...))
	}
	_ = concurrently(ctx, len(c.rooms), func(ctx context.Context, i int) error {
		room := c.rooms[i]
		if room == nil {
			return nil
		}
		err := c.limit.retry(ctx, "", func() error {
			return room.owner.Do(ctx, http.MethodDelete, fmt.Sprintf("/rooms/%d", room.id), nil, nil)
		})
		if err != nil {
			fail("room %d could not be removed: %w", room.id, err)
		}
		return nil
	})
	_ = concurrently(ctx, len(c.users), func(ctx context.Context, i int) error {
		user := c.users[i] // the server deletes it after a day
		if user == nil {
			return nil
		}
		if err := user.Do(ctx, http.MethodPost, "/auth/logout", nil, nil); err != nil {
			fail("guest %d is still signed in: %w", user.User.ID, err)
		}
		return nil
	})
	return errors.Join(left...)
}
