package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// LogLibraries redirects the logs of libraries to the node's log. It affects the whole process; call it
// before Run.
func (a *App) LogLibraries() {
	slog.SetDefault(a.log) // also redirects package log
	redis.SetLogger(&redisLog{log: a.log, last: map[string]time.Time{}})
}

// redisLogInterval is how often redisLog logs the same kind of message.
const redisLogInterval = 10 * time.Second

// redisLog logs for go-redis, which reports every connection attempt: of a dead shard of a cluster,
// hundreds a second. It drops repetitions.
type redisLog struct {
	log *slog.Logger

	mu   sync.Mutex
	last map[string]time.Time // by format
}

// Printf implements the logger interface of go-redis.
func (l *redisLog) Printf(ctx context.Context, format string, args ...any) {
	l.mu.Lock()
	repeated := time.Since(l.last[format]) < redisLogInterval
	if !repeated {
		l.last[format] = time.Now()
	}
	l.mu.Unlock()
	if !repeated {
		l.log.WarnContext(ctx, "redis client", "err", fmt.Sprintf(format, args...))
	}
}
