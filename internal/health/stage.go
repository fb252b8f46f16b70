package health

import (
	"net/http"
	"sync/atomic"
)

// Stage is the health of a node that is starting: it is alive but not ready, with a reason. The zero
// value has no reason.
type Stage struct{ reason atomic.Pointer[string] }

// Set sets the public reason.
func (s *Stage) Set(reason string) { s.reason.Store(&reason) }

// Ready serves /health/ready of a starting node: always 503, with the body of a Report.
func (s *Stage) Ready() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		result := Result{Status: Unavailable}
		if reason := s.reason.Load(); reason != nil {
			result.Error = *reason
		}
		w.Header().Set("Retry-After", "1")
		write(w, http.StatusServiceUnavailable, Report{Status: Unavailable, Checks: map[string]Result{"database": result}})
	})
}
