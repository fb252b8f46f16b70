package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/chillin-chat/chillin/internal/client"
)

const (
	// attemptTimeout is how long the web client waits for the response to room:join.
	attemptTimeout = 12 * time.Second
	// reconnectTimeout is how long a client tries to reconnect before it counts as not back.
	reconnectTimeout = 3 * time.Minute
)

// backoff returns the delay before an attempt (1, 2, …) as in the web client: a random time up to 1 s,
// 2 s, 4 s … 30 s.
func backoff(attempt int) time.Duration {
	longest := min(30*time.Second, time.Second<<min(attempt-1, 5))
	return rand.N(longest + 1)
}

// reconnect ends the connection and opens it again until the client is back: it has joined its room and
// received what it missed. Attempts that fail are counted in r.failures. It returns an error if ctx ends
// earlier.
func (c *conn) reconnect(ctx context.Context) error {
	c.end()
	for attempt := 1; ; attempt++ {
		if attempt > 1 || !c.run.Immediately {
			if err := sleep(ctx, backoff(attempt)); err != nil {
				return err
			}
		}
		err := c.attempt(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c.run.failed(err)
	}
}

func (c *conn) attempt(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	return c.open(ctx)
}

func (r *run) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures[reason(err)]++
}

// reason returns the text of an error without addresses and ports, so that equal reasons can be
// counted.
func reason(err error) string {
	if e, ok := errors.AsType[*client.Error](err); ok {
		if e.Code != "" {
			return string(e.Code)
		}
		return fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Op + ": " + e.Err.Error()
	}
	return err.Error()
}
