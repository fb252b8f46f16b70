package api

import (
	"context"
	"log/slog"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/logging"
)

// logAdminAction logs an action of a server admin.
func (a *API) logAdminAction(ctx context.Context, err error) {
	if err == nil {
		a.Log.InfoContext(ctx, "admin action", logging.Event, logging.Security)
	}
}

// addCallerToLog adds the caller to the log lines of a request.
func addCallerToLog(ctx context.Context, caller chat.Caller) {
	if caller.User.ID != 0 {
		logging.Add(ctx, slog.Int64("user", int64(caller.User.ID)))
	}
}

// countSignIn counts a sign-in attempt by its outcome.
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
