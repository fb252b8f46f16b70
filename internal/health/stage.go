package health

import (
	"net/http"
	"sync/atomic"
)

// Stage is the health of a node that starts and does not serve yet: it lives, and is
// not ready, for a reason. The zero value has none.
type Stage struct{ reason atomic.Pointer[string] }

// Set says what the node is at: a word, which is public.
func (s *Stage) Set(reason string) { s.reason.Store(&reason) }

// Ready serves /health/ready of such a node: always 503, in the form of a Report.
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
