package gateway

import (
	"errors"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// crowdWait is when to come again where too many sockets are open.
const crowdWait = 10 * time.Second

// crowds counts the open sockets of each crowd.
type crowds struct {
	mu   sync.Mutex
	open map[string]int
}

// enter counts one more socket, unless there are most already.
func (c *crowds) enter(crowd string, most int) bool {
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

// leave counts one less.
func (c *crowds) leave(crowd string) {
	if crowd == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[crowd]--; c.open[crowd] == 0 {
		delete(c.open, crowd)
	}
}

// enter lets a client in, before anything is asked of the store for it.
func (s *Server) enter(crowd string) error {
	if crowd == "" {
		return nil
	}
	if after, ok := s.Failures.Ready(crowd); !ok {
		return crowded(after)
	}
	if !s.crowds.enter(crowd, s.Service.Limits.Now().SocketsPerAddress) {
		return crowded(crowdWait)
	}
	return nil
}

// failed counts an upgrade that was the client's own fault.
func (s *Server) failed(crowd string, err error) {
	fault, ok := errors.AsType[*chat.Error](err)
	if crowd != "" && ok && fault.Code != chat.Unavailable {
		_, _ = s.Failures.Allow(crowd)
	}
}

func crowded(after time.Duration) error {
	return &chat.Error{Code: chat.RateLimited, Text: "Too many connections come from your address.", RetryAfter: after}
}
