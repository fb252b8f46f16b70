package app

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/health"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/version"
)

// opsServer is the second listener, on METRICS_ADDR: metrics for Prometheus and health checks for
// orchestrators. It opens first and closes last, so that the node is reported as alive but not ready
// during a schema migration, which may take minutes. A nil opsServer is disabled.
type opsServer struct {
	server *http.Server
	stage  health.Stage
	health atomic.Pointer[health.Health] // nil until the node serves
	failed chan error                    // closed after the listener has ended
}

// mutexProfileFraction is one in how many waits for a lock is in the mutex profile.
const mutexProfileFraction = 100

func openOpsServer(c config.Config, m *metrics.Metrics) (*opsServer, error) {
	if c.MetricsAddr == "" {
		return nil, nil
	}
	listen, err := net.Listen("tcp", c.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("listen on METRICS_ADDR: %w", err)
	}
	s := &opsServer{failed: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	mux.Handle("GET /health", health.Live(time.Now, version.Read()))
	mux.HandleFunc("GET /health/ready", s.ready)
	if c.Pprof {
		runtime.SetMutexProfileFraction(mutexProfileFraction)
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		serve(s.server, listen, s.failed)
		close(s.failed)
	}()
	return s, nil
}

func (s *opsServer) ready(answer http.ResponseWriter, r *http.Request) {
	if h := s.health.Load(); h != nil {
		h.Ready().ServeHTTP(answer, r)
		return
	}
	s.stage.Ready().ServeHTTP(answer, r)
}

// startupStage returns the stage that is reported until the node serves.
func (s *opsServer) startupStage() *health.Stage {
	if s == nil {
		return &health.Stage{}
	}
	return &s.stage
}

// setHealth makes the server report h, after the node can serve clients.
func (s *opsServer) setHealth(h *health.Health) {
	if s != nil {
		s.health.Store(h)
	}
}

// failures returns the error with which the listener ended by itself.
func (s *opsServer) failures() <-chan error {
	if s == nil {
		return nil
	}
	return s.failed
}

func (s *opsServer) close() error {
	if s == nil {
		return nil
	}
	err := s.server.Close()
	for failure := range s.failed {
		err = errors.Join(err, failure)
	}
	return err
}
