package app

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/config"
)

// NewCheap is New with nearly free password hashes: the tests need hundreds of accounts, and the cost
// of a hash is tested in internal/auth.
func NewCheap(ctx context.Context, c config.Config, log *slog.Logger) (*App, error) {
	return build(ctx, c, auth.Cost{Memory: 8, Passes: 1, Threads: 1}, log)
}

// Handler returns the handler of a node's requests.
func (a *App) Handler() http.Handler { return a.server.Handler }
