package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chillin-chat/chillin/internal/client"
)

// maxWait is the total time to wait for rate limits.
const maxWait = time.Minute

// limitWaiter waits for the server's rate limits.
type limitWaiter struct {
	progress func(format string, args ...any)
	spent    atomic.Int64 // ns of waiting
	reported sync.Map     // the limits that have been reported
	// waiting is locked while a request waits: requests that run into one limit at once wait as long as if
	// they had been sent one after the other.
	waiting sync.Mutex
}

// retry retries requests that the server postpones, after the delay it asks for, up to maxWait in total.
// variable is the limit behind a 429.
func (l *limitWaiter) retry(ctx context.Context, variable string, do func() error) error {
	for {
		err := do()
		e, refused := errors.AsType[*client.Error](err)
		if !refused || e.Status != http.StatusTooManyRequests && e.Status != http.StatusServiceUnavailable {
			return err
		}
		if err := l.wait(ctx, variable, e); err != nil {
			return err
		}
	}
}

func (l *limitWaiter) wait(ctx context.Context, variable string, refusal *client.Error) error {
	l.waiting.Lock()
	defer l.waiting.Unlock()
	named := nameLimit(refusal, variable)
	wait := time.Duration(refusal.RetryAfterMs) * time.Millisecond
	if wait <= 0 || time.Duration(l.spent.Add(int64(wait))) > maxWait {
		return fmt.Errorf("%w (retry after %s)", named, wait)
	}
	if _, reported := l.reported.LoadOrStore(variable, true); !reported {
		l.progress("waiting %s, repeatedly if necessary: %v", wait, named)
	}
	return sleep(ctx, wait)
}

// nameLimit adds the variable with which an operator can raise the limit that was reached, if there is
// one.
func nameLimit(err error, variable string) error {
	if e, ok := errors.AsType[*client.Error](err); ok && e.Status == http.StatusTooManyRequests && variable != "" {
		return fmt.Errorf("the server's limit is reached: increase %s on it, or reduce the load: %w", variable, err)
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
