package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chillin-chat/chillin/internal/client"
)

const (
	// concurrent requests
	maxRequests = 8
	// maxWait is the total time to wait for rate limits.
	maxWait = time.Minute
	// removeTimeout is the timeout of the cleanup.
	removeTimeout = time.Minute
)

// clients are the guests and their private rooms that a run creates on the server. They are guests
// because the first account of a new server would become its admin, and the rooms are private so that
// other users cannot join.
type clients struct {
	Options
	plan     plan
	http     *http.Client
	users    []*client.Client
	rooms    []*room
	spent    atomic.Int64 // ns of waiting
	reported sync.Map     // the limits that have been reported
}

func newClients(o Options) *clients {
	return &clients{Options: o, plan: newPlan(o), http: &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{MaxIdleConnsPerHost: maxRequests},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // no request goes to another server
	}}
}

func (c *clients) create(ctx context.Context) error {
	c.progress("creating %d guests and %d rooms at %s", c.plan.users(), c.plan.rooms, c.URL)
	for i := range c.plan.users() {
		if err := c.addGuest(ctx, i); err != nil {
			return fmt.Errorf("create guest %d of %d: %w", i+1, c.plan.users(), err)
		}
	}
	name := fmt.Sprintf("load test %04x", rand.N(0x10000))
	for i := range c.plan.rooms {
		if err := c.addRoom(ctx, i, fmt.Sprintf("%s room %d", name, i+1)); err != nil {
			return fmt.Errorf("create room %d of %d: %w", i+1, c.plan.rooms, err)
		}
	}
	return c.join(ctx)
}

func (c *clients) addGuest(ctx context.Context, i int) error {
	user := client.New(c.URL)
	user.HTTP = c.http
	err := c.retryLimited(ctx, "RATE_LIMIT_AUTH", func() error { return user.Guest(ctx, fmt.Sprintf("Load test %d", i+1)) })
	if err == nil {
		c.users = append(c.users, user)
	}
	return err
}

func (c *clients) addRoom(ctx context.Context, i int, name string) error {
	owner := c.users[i%len(c.users)]
	return c.retryLimited(ctx, "RATE_LIMIT_ROOMS", func() error {
		// Not canceled with ctx: a room whose ID is unknown cannot be removed.
		made, err := owner.CreateRoom(context.WithoutCancel(ctx), name, map[string]any{
			"private": true, "description": "Made by chillin load, which removes it at its end. If it is still here, delete it.",
		})
		if err != nil {
			return err
		}
		c.rooms = append(c.rooms, newRoom(made.ID, owner, c.plan.members(i)))
		return nil
	})
}

// join makes every user a member of the rooms of its connections.
func (c *clients) join(ctx context.Context) error {
	for _, room := range c.rooms {
		var out struct {
			Invite struct {
				Token string `json:"token"`
			} `json:"invite"`
		}
		err := c.retryLimited(ctx, "", func() error {
			return room.owner.Do(ctx, http.MethodPost, fmt.Sprintf("/rooms/%d/invites", room.id), nil, &out)
		})
		if err != nil {
			return fmt.Errorf("create an invite: %w", err)
		}
		room.invite = out.Invite.Token
	}
	type seat struct{ user, room int }
	seats := map[seat]bool{}
	for i := range c.plan.clients {
		seats[seat{c.plan.user(i), c.plan.room(i)}] = true
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxRequests)
	for s := range seats {
		group.Go(func() error {
			err := c.retryLimited(ctx, "RATE_LIMIT_JOINS", func() error {
				return c.users[s.user].Do(ctx, http.MethodPost, "/invites/"+c.rooms[s.room].invite+"/join", nil, nil)
			})
			if err != nil {
				return fmt.Errorf("join room %d: %w", s.room+1, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// retryLimited retries requests that the server postpones, after the delay it asks for, up to waiting in
// total. variable is the limit behind a 429.
func (c *clients) retryLimited(ctx context.Context, variable string, do func() error) error {
	for {
		err := do()
		e, refused := errors.AsType[*client.Error](err)
		if !refused || e.Status != http.StatusTooManyRequests && e.Status != http.StatusServiceUnavailable {
			return err
		}
		wait := time.Duration(e.RetryAfterMs) * time.Millisecond
		if wait <= 0 || time.Duration(c.spent.Add(int64(wait))) > maxWait {
			return fmt.Errorf("%w (retry after %s)", nameLimit(err, variable), wait)
		}
		if _, reported := c.reported.LoadOrStore(variable, true); !reported {
			c.progress("waiting %s, repeatedly if necessary: %v", wait, nameLimit(err, variable))
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// remove deletes the rooms and signs the guests out.
func (c *clients) remove(ctx context.Context) error {
	defer c.http.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	c.progress("removing the rooms")
	c.spent.Store(0)
	var left []error
	for _, room := range c.rooms {
		err := c.retryLimited(ctx, "", func() error {
			return room.owner.Do(ctx, http.MethodDelete, fmt.Sprintf("/rooms/%d", room.id), nil, nil)
		})
		if err != nil {
			left = append(left, fmt.Errorf("room %d could not be removed: %w", room.id, err))
		}
	}
	for _, user := range c.users { // the server deletes them after a day
		if err := user.Do(ctx, http.MethodPost, "/auth/logout", nil, nil); err != nil {
			left = append(left, fmt.Errorf("guest %d is still signed in: %w", user.User.ID, err))
		}
	}
	return errors.Join(left...)
}
