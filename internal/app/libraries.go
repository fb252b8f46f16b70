package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/redis/go-redis/v9"
)

// LogLibraries redirects the logs of libraries to the node's log. It affects the whole process; call it
// before Run.
func (a *App) LogLibraries() {
	slog.SetDefault(a.log) // also redirects package log
	redis.SetLogger(redisLog{a.log})
}

// redisLog logs for go-redis, which reports every connection attempt.
type redisLog struct{ log *slog.Logger }

// Printf implements the logger interface of go-redis.
func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	l.log.WarnContext(ctx, "redis client", "err", fmt.Sprintf(format, args...))
}
