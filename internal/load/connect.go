package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

const (
	dialing  = 32   // concurrent connection attempts
	tries    = 5    // attempts of each client to connect
	tryLater = 1013 // close code "try again later"
)

// connect connects all clients and joins their rooms.
func (r *run) connect(ctx context.Context, users []*client.Client) error {
	r.progress("connecting %d clients", r.Clients)
	began := time.Now()
	conns := make([]*conn, r.Clients)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(dialing)
	for i := range conns {
		group.Go(func() error {
			c := newConn(r, i, users[r.plan.user(i)], r.rooms[r.plan.room(i)])
			err := c.connectWithRetry(ctx)
			if err == nil {
				conns[i] = c
			}
			return err
		})
	}
	err := group.Wait()
	r.connecting = time.Since(began)
	for _, c := range conns {
		if c != nil {
			r.conns = append(r.conns, c)
		}
	}
	if err != nil {
		return fmt.Errorf("connect client %d: %w", len(r.conns)+1, nameLimit(err, "MAX_SOCKETS_PER_IP"))
	}
	return r.allowed(r.conns[0].limits)
}

// connectWithRetry connects and, like every client, retries later if the server is not available.
func (c *conn) connectWithRetry(ctx context.Context) error {
	for try := 1; ; try++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := c.open(ctx)
		if err == nil || try == tries || !isRetryable(err) {
			return err
		}
		c.run.again.Add(1)
		if err := sleep(ctx, time.Duration(try)*time.Second); err != nil {
			return err
		}
	}
}

// isRetryable reports whether a retry may succeed: after UNAVAILABLE, or a close with 1013.
func isRetryable(err error) bool {
	e, refused := errors.AsType[*client.Error](err)
	end, ended := errors.AsType[closed](err)
	return refused && (e.Code == chat.Unavailable || e.Status == http.StatusServiceUnavailable) || ended && end.code == tryLater
}

// allowed checks that the server's limits allow the plan.
func (r *run) allowed(limits wire.ClientLimits) error {
	if len(r.plan.senders) == 0 {
		return nil
	}
	const ofRoom = 100 // the limit of a room is that of this many users
	rate := 1 / r.plan.every.Seconds()
	users := float64(min(r.plan.sendingUsers(), ofRoom*r.Rooms))
	if needed := int(math.Ceil(10 * rate / users)); needed > limits.MessagesPer10s {
		return fmt.Errorf("the server accepts %d messages in ten seconds from each of %d users: set RATE_LIMIT_MESSAGES to %d or more on it, or use a lower --rate",
			limits.MessagesPer10s, r.plan.sendingUsers(), needed)
	}
	return nil
}
