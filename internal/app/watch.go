package app

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/health"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/version"
)

// watch is the second listener, METRICS_ADDR: metrics for Prometheus and health for
// who keeps nodes running. It is the first to open and the last to close: while the
// schema is brought up, which may take minutes, the node lives and is not ready. A nil
// one is off.
type watch struct {
	server *http.Server
	stage  health.Stage
	health atomic.Pointer[health.Health] // nil until the node serves
	failed chan error                    // closed when nothing is served any more
}

func openWatch(c config.Config, m *metrics.Metrics) (*watch, error) {
	if c.MetricsAddr == "" {
		return nil, nil
	}
	listen, err := net.Listen("tcp", c.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("listen on METRICS_ADDR: %w", err)
	}
	w := &watch{failed: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	mux.Handle("GET /health", health.Live(time.Now, version.Read()))
	mux.HandleFunc("GET /health/ready", w.ready)
	if c.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	w.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		serve(w.server, listen, w.failed)
		close(w.failed)
	}()
	return w, nil
}

func (w *watch) ready(answer http.ResponseWriter, r *http.Request) {
	if h := w.health.Load(); h != nil {
		h.Ready().ServeHTTP(answer, r)
		return
	}
	w.stage.Ready().ServeHTTP(answer, r)
}

// starting is where the node says what it is at until it serves.
func (w *watch) starting() *health.Stage {
	if w == nil {
		return &health.Stage{}
	}
	return &w.stage
}

// serves is told when clients may come.
func (w *watch) serves(h *health.Health) {
	if w != nil {
		w.health.Store(h)
	}
}

// broken tells why the listener ended by itself.
func (w *watch) broken() <-chan error {
	if w == nil {
		return nil
	}
	return w.failed
}

func (w *watch) close() error {
	if w == nil {
		return nil
	}
	err := w.server.Close()
	for failure := range w.failed {
		err = errors.Join(err, failure)
	}
	return err
}
