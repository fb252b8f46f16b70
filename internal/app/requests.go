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

// requestIDHeader identifies a request in our log, in the proxy's log and in the response.
const requestIDHeader = "X-Request-ID"

// requestIDPattern limits the IDs that are accepted and logged.
var requestIDPattern = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// requestID returns the ID from a trusted proxy, or else a new one: clients must not be able to reuse
// IDs of other requests.
func (a *App) requestID(r *http.Request) string {
	if given := r.Header.Get(requestIDHeader); requestIDPattern.MatchString(given) && a.config.TrustProxy.Trusts(r.RemoteAddr) {
		return given
	}
	return strings.ToLower(rand.Text()[:16])
}

// observe assigns an ID to every request, adds it to the request's log lines, and counts the request.
func (a *App) observe(m *metrics.Metrics, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, id := time.Now(), a.requestID(r)
		w.Header().Set(requestIDHeader, id)
		r = r.WithContext(logging.With(r.Context(), slog.String("request", id), slog.String("ip", a.clientIP(r).String())))
		seen := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() { a.finished(m, r, seen, time.Since(began)) }()
		next.ServeHTTP(seen, r)
	})
}

// finished counts a request and writes its access log line: for server errors at a higher level,
// otherwise at level debug.
func (a *App) finished(m *metrics.Metrics, r *http.Request, w middleware.WrapResponseWriter, took time.Duration) {
	route, status := chi.RouteContext(r.Context()).RoutePattern(), w.Status()
	if route == "/ws" && status == 0 { // the request became a WebSocket connection, which is counted and logged separately
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

// loggedPath returns the path of a request without secrets: the route pattern with only its numbers
// filled in. Other parameters may be tokens, as may unmatched paths and queries.
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
