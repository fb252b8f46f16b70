package auth

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/logging"
)

// suspicious are the refusals that may be part of an attack, with their line in the log.
var suspicious = map[chat.Code]string{
	chat.RateLimited:   "limit reached",
	chat.Forbidden:     "permission denied",
	chat.WrongPassword: "wrong password",
}

// LogRefusal logs a refusal that may be part of an attack. Whose request it was, ctx
// knows.
func LogRefusal(ctx context.Context, log *slog.Logger, refusal *chat.Error) {
	if message, ok := suspicious[refusal.Code]; ok {
		LogSecurityEvent(ctx, log, message, refusal.Text)
	}
}

// LogSecurityEvent logs what may be an attack. reason is for people and has no secrets.
func LogSecurityEvent(ctx context.Context, log *slog.Logger, message, reason string) {
	log.WarnContext(ctx, message, logging.Event, logging.Security, "reason", reason) //nolint:sloglint // each message is a constant of its caller
}

const maxLoggedOrigin = 100 // bytes

// AddOrigin has the log lines of r tell from which page it came.
func AddOrigin(r *http.Request) {
	origin := r.Header.Get("Origin")
	logging.Add(r.Context(), slog.String("origin", origin[:min(len(origin), maxLoggedOrigin)]))
}
