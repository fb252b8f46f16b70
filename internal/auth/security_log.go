package auth

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/logging"
)

// suspicious maps the errors that may be part of an attack to their log messages.
var suspicious = map[chat.Code]string{
	chat.RateLimited:   "limit reached",
	chat.Forbidden:     "permission denied",
	chat.WrongPassword: "wrong password",
}

// LogRefusal logs an error that may be part of an attack. ctx contains the attributes of the request.
func LogRefusal(ctx context.Context, log *slog.Logger, refusal *chat.Error) {
	if message, ok := suspicious[refusal.Code]; ok {
		LogSecurityEvent(ctx, log, message, refusal.Text)
	}
}

// LogSecurityEvent logs a possible attack. reason is readable text without secrets.
func LogSecurityEvent(ctx context.Context, log *slog.Logger, message, reason string) {
	log.WarnContext(ctx, message, logging.Event, logging.Security, "reason", reason) //nolint:sloglint // each message is a constant of its caller
}

const maxLoggedOrigin = 100 // bytes

// AddOrigin adds the Origin header of r to its log lines.
func AddOrigin(r *http.Request) {
	origin := r.Header.Get("Origin")
	logging.Add(r.Context(), slog.String("origin", origin[:min(len(origin), maxLoggedOrigin)]))
}
