package app

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/chillin-chat/chillin/internal/logging"
	"github.com/chillin-chat/chillin/internal/metrics"
)

// requestIDHeader names a request in our log, in that of the proxy and in the answer.
const requestIDHeader = "X-Request-ID"

// requestIDPattern keeps what is logged short and free of anything but a name.
var requestIDPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// requestID is the one that a trusted proxy gave, else a new one: a stranger must not be
// able to give its requests the id of somebody else's.
func (a *App) requestID(r *http.Request) string {
	if given := r.Header.Get(requestIDHeader); requestIDPattern.MatchString(given) && a.config.TrustProxy.Trusts(r.RemoteAddr) {
		return given
	}
	return strings.ToLower(rand.Text()[:16])
}

// observe gives every request an id, which each of its log lines carries, and counts it.
func (a *App) observe(m *metrics.Metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, id := time.Now(), a.requestID(r)
		w.Header().Set(requestIDHeader, id)
		r = r.WithContext(logging.With(r.Context(), slog.String("request", id), slog.String("ip", a.clientIP(r).String())))
		seen := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() { a.answered(m, r, seen, time.Since(began)) }()
		next.ServeHTTP(seen, r)
	})
}

// answered counts a request and writes its access line: for those that failed on our
// side always, for all others at the level debug.
func (a *App) answered(m *metrics.Metrics, r *http.Request, w middleware.WrapResponseWriter, took time.Duration) {
	route, status := chi.RouteContext(r.Context()).RoutePattern(), w.Status()
	if route == "/ws" && status == 0 { // it became a connection, which is counted and logged as such
		return
	}
	if status == 0 { // nothing was written
		status = http.StatusOK
	}
	m.Request(r.Method, route, status, took)
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	if a.log.Enabled(r.Context(), level) {
		a.log.Log(r.Context(), level, "request", "method", r.Method, "path", loggedPath(r),
			"status", status, "bytes", w.BytesWritten(), "took", took.Round(time.Microsecond).String())
	}
}

// loggedPath is the path of a request without its secrets: the pattern of its route with
// only the numbers filled in. Other parameters may be tokens, and so may a path that
// matches no route, or a query.
func loggedPath(r *http.Request) string {
	route := chi.RouteContext(r.Context())
	path := route.RoutePattern()
	if path == "" {
		return "(page)"
	}
	for i, name := range route.URLParams.Keys {
		if value := route.URLParams.Values[i]; number.MatchString(value) {
			path = strings.ReplaceAll(path, fmt.Sprintf("{%s}", name), value)
		}
	}
	return path
}

var number = regexp.MustCompile(`^[0-9]{1,19}$`)
