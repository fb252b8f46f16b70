package app

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/config"
)

// NewCheap is New with hashes of passwords that cost next to nothing: the stories need
// hundreds of accounts, and what a hash must cost is tested in internal/auth.
func NewCheap(ctx context.Context, c config.Config, log *slog.Logger) (*App, error) {
	return build(ctx, c, auth.Cost{Memory: 8, Passes: 1, Threads: 1}, log)
}

// Handler answers the requests of a node.
func (a *App) Handler() http.Handler { return a.server.Handler }
