package health

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/chillin-chat/chillin/internal/version"
)

// Live serves /health: 200 while the process answers. It checks no engine: a node must not be restarted
// because the database is down or its schema is being migrated.
func Live(now func() time.Time, build version.Info) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		write(w, http.StatusOK, struct {
			Status    Status `json:"status"`
			Timestamp string `json:"timestamp"` // RFC 3339, UTC, milliseconds
			Version   string `json:"version"`
			Commit    string `json:"commit"`
		}{OK, now().UTC().Format("2006-01-02T15:04:05.000Z"), build.Version, build.Commit})
	})
}

// Ready serves /health/ready: 200 if clients can be sent to this node (status ok or degraded),
// otherwise 503.
func (h *Health) Ready() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		report := h.Report(r.Context())
		status := http.StatusOK
		if report.Status == Unavailable {
			status = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "1")
		}
		write(w, status, report)
	})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// Fails only if the caller has disconnected.
	_ = json.NewEncoder(w).Encode(body)
}
