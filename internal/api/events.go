package api

import (
	"context"
	"log/slog"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/logging"
)

// noteAdminAction logs what an admin of the server did.
func (a *API) noteAdminAction(ctx context.Context, err error) {
	if err == nil {
		a.Log.InfoContext(ctx, "admin action", logging.Event, logging.Security)
	}
}

// noteCaller has the log lines of a request tell whose it is.
func noteCaller(ctx context.Context, caller chat.Caller) {
	if caller.User.ID != 0 {
		logging.Add(ctx, slog.Int64("user", int64(caller.User.ID)))
	}
}

// countSignIn counts a try to sign in by how it ended.
func (a *API) countSignIn(kind string, err error) {
	outcome := "ok"
	if err != nil {
		switch chat.CodeOf(err) {
		case chat.RateLimited:
			outcome = "limited"
		case chat.Unavailable, chat.Internal:
			outcome = "unavailable"
		default:
			outcome = "failed"
		}
	}
	a.Metrics.SignIns.WithLabelValues(kind, outcome).Inc()
}
