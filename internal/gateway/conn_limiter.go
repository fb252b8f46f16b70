package gateway

import (
	"errors"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// connLimitRetry is the RetryAfter of a client with too many open connections.
const connLimitRetry = 10 * time.Second

// connLimiter counts the open connections of each client key.
type connLimiter struct {
	mu   sync.Mutex
	open map[string]int
}

// acquire counts one more connection of key and reports whether it did: not if limit are
// open already.
func (c *connLimiter) acquire(key string, limit int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[key] >= limit {
		return false
	}
	if c.open == nil {
		c.open = map[string]int{}
	}
	c.open[key]++
	return true
}

// release counts one connection of key less.
func (c *connLimiter) release(key string) {
	if key == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[key]--; c.open[key] == 0 {
		delete(c.open, key)
	}
}

// acquireConn counts a connection of key, or returns RATE_LIMITED. It is called before the
// store is read for the client.
func (s *Server) acquireConn(key string) error {
	if key == "" {
		return nil
	}
	if after, ok := s.Failures.Ready(key); !ok {
		return errTooManyConns(after)
	}
	if !s.conns.acquire(key, s.Service.Settings.Limits().SocketsPerAddress) {
		return errTooManyConns(connLimitRetry)
	}
	return nil
}

// countFailure counts an upgrade that was refused because of the client.
func (s *Server) countFailure(key string, err error) {
	fault, ok := errors.AsType[*chat.Error](err)
	if key != "" && ok && fault.Code != chat.Unavailable {
		_, _ = s.Failures.Allow(key)
	}
}

func errTooManyConns(after time.Duration) error {
	return chat.ErrRateLimited("Too many connections from your address.", after)
}
