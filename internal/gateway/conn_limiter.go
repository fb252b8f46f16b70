package gateway

import (
	"errors"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// connLimitRetry is when to come again where too many sockets are open.
const connLimitRetry = 10 * time.Second

// connLimiter counts the open sockets of each crowd.
type connLimiter struct {
	mu   sync.Mutex
	open map[string]int
}

// acquire counts one more socket, unless there are most already.
func (c *connLimiter) acquire(crowd string, most int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[crowd] >= most {
		return false
	}
	if c.open == nil {
		c.open = map[string]int{}
	}
	c.open[crowd]++
	return true
}

// release counts one less.
func (c *connLimiter) release(crowd string) {
	if crowd == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[crowd]--; c.open[crowd] == 0 {
		delete(c.open, crowd)
	}
}

// acquireConn lets a client in, before anything is asked of the store for it.
func (s *Server) acquireConn(crowd string) error {
	if crowd == "" {
		return nil
	}
	if after, ok := s.Failures.Ready(crowd); !ok {
		return errTooManyConns(after)
	}
	if !s.conns.acquire(crowd, s.Service.Limits.Now().SocketsPerAddress) {
		return errTooManyConns(connLimitRetry)
	}
	return nil
}

// countFailure counts an upgrade that was the client's own fault.
func (s *Server) countFailure(crowd string, err error) {
	fault, ok := errors.AsType[*chat.Error](err)
	if crowd != "" && ok && fault.Code != chat.Unavailable {
		_, _ = s.Failures.Allow(crowd)
	}
}

func errTooManyConns(after time.Duration) error {
	return &chat.Error{Code: chat.RateLimited, Text: "Too many connections come from your address.", RetryAfter: after}
}
