package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/redis/go-redis/v9"
)

// LogLibraries has what libraries log by themselves go to the log of the node. It holds
// for the whole process; call it before Run.
func (a *App) LogLibraries() {
	slog.SetDefault(a.log) // and with it package log
	redis.SetLogger(redisLog{a.log})
}

// redisLog is the log of go-redis, which tells of each attempt to connect.
type redisLog struct{ log *slog.Logger }

// Printf implements the logger of go-redis.
func (l redisLog) Printf(ctx context.Context, format string, args ...any) {
	l.log.WarnContext(ctx, "redis client", "err", fmt.Sprintf(format, args...))
}
