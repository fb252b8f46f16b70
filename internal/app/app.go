// Package app assembles the parts of a node and starts and stops them in order. The binary and the
// tests use the same App.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/chillin-chat/chillin/internal/auth"
	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/gateway"
	"github.com/chillin-chat/chillin/internal/health"
	"github.com/chillin-chat/chillin/internal/jobs"
	"github.com/chillin-chat/chillin/internal/logging"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/webhook"
)

// The timeouts of the shutdown steps. Their sum is below 30 s, after which orchestrators kill the
// process.
const (
	drainTime    = 20 * time.Second
	requestsTime = 5 * time.Second
	// stopTime limits all steps together, even if an engine blocks. Run then returns an error.
	stopTime = 29 * time.Second
)

// App is one node.
type App struct {
	config   config.Config
	log      *slog.Logger
	flush    func() // writes the log lines that are still being aggregated
	metrics  *metrics.Metrics
	engines  *engines
	hub      *gateway.Hub
	hooks    *webhook.Dispatcher
	jobs     *jobs.Queue
	service  *service.Service
	gc       *service.GarbageCollector
	indexer  *service.Indexer
	activity *auth.SessionActivity
	settings *service.Settings
	health   *health.Health
	server   *http.Server
	listen   net.Listener
	ops      *opsServer // nil if METRICS_ADDR is not set
	panics   recovery.Reporter

	proxySeen atomic.Bool // an untrusted proxy was logged
}

// New opens the engines and the port. After it returns, clients can connect; Run serves them. The port
// stays closed until then, so that a load balancer skips the node without a health check. METRICS_ADDR
// is served from the start.
func New(ctx context.Context, c config.Config, log *slog.Logger) (*App, error) {
	return build(ctx, c, auth.OWASP, log)
}

func build(ctx context.Context, c config.Config, passwords auth.Cost, log *slog.Logger) (_ *App, err error) {
	if err := checkPort(ctx, c); err != nil {
		return nil, err
	}
	m := metrics.New()
	w, err := openOpsServer(c, m)
	if err != nil {
		return nil, err
	}
	a := &App{config: c, metrics: m, ops: w}
	a.log, a.flush = logging.New(log.Handler())
	a.panics = recovery.Reporter{Count: m.Panicked, Log: a.log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if a.engines, err = openEngines(ctx, c, w.startupStage(), m, a.log); err != nil {
		return nil, err
	}
	if err := a.wire(m, passwords); err != nil {
		return nil, err
	}
	if err := a.settings.Read(ctx); err != nil {
		return nil, err
	}
	if a.listen, err = net.Listen("tcp", c.Addr()); err != nil {
		return nil, fmt.Errorf("listen on PORT %d: %w", c.Port, err)
	}
	w.setHealth(a.health)
	return a, nil
}

// checkPort returns an error if another process listens at HOST and PORT. A node that cannot serve must
// not change the schema. The port is closed again: otherwise a load balancer would connect and wait
// while the node migrates the schema.
func checkPort(ctx context.Context, c config.Config) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Addr())
	if err != nil {
		return fmt.Errorf("listen on PORT %d: %w", c.Port, err)
	}
	return l.Close()
}

// close closes everything that build opened.
func (a *App) close() (err error) {
	if a.engines != nil {
		err = a.engines.close()
	}
	err = errors.Join(err, a.ops.close())
	a.flush()
	return err
}

// AddSpareThread raises GOMAXPROCS by one for the whole process. Call it before New. Hashing a password
// takes tens of milliseconds without a preemption point. With a spare thread, the kernel schedules
// between hashing and messages; it favors threads that were idle, while Go switches goroutines only
// every 10 ms.
func AddSpareThread() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1) }

// Addr returns the address on which the node listens for clients.
func (a *App) Addr() net.Addr { return a.listen.Addr() }

// Run serves until ctx ends, and then stops in this order: stop background work and webhook deliveries,
// report not ready, close the port, close the sockets one after the other, finish open requests, commit
// queued appends, close the engines. It takes at most 30 s.
func (a *App) Run(ctx context.Context) error {
	hubLife, endHub := context.WithCancel(context.Background())
	defer endHub()
	workLife, endWork := context.WithCancel(ctx)
	defer endWork()
	var parts sync.WaitGroup
	failed := make(chan error, 1)
	parts.Go(func() { a.hub.Run(hubLife) })
	for _, task := range []func(context.Context){a.hooks.Run, a.jobs.Run, a.announcePauses, a.gc.Run, a.indexer.Run, a.activity.Run, a.warnOtherNodes, a.watchBackups, a.readBacklog, a.readActiveUsers} {
		parts.Go(func() { a.panics.Supervise(workLife, task) })
	}
	parts.Go(func() { a.panics.Supervise(hubLife, func(ctx context.Context) { a.settings.Run(ctx, a.log) }) })
	parts.Go(func() { a.panics.Supervise(hubLife, a.health.Run) })
	parts.Go(func() { serve(a.server, a.listen, failed) })
	parts.Go(func() { a.keepWatchdog(hubLife) })
	a.notifySystemd(daemon.SdNotifyReady)
	a.log.Info("serving", "address", a.Addr().String(), "node", a.engines.node)
	var cause error
	select {
	case <-ctx.Done():
		a.log.Info("stopping", "sessions", len(a.hub.Sessions()))
	case cause = <-failed:
	case cause = <-a.ops.failures():
	}
	endWork()
	began, stopped := time.Now(), make(chan error, 1)
	go func() {
		a.stop()
		endHub()
		parts.Wait()
		a.log.Info("stopped", "took", time.Since(began).Round(time.Millisecond).String())
		stopped <- a.close()
	}()
	select {
	case err := <-stopped:
		return errors.Join(cause, err)
	case <-time.After(stopTime):
		return errors.Join(cause, fmt.Errorf("shutdown not finished after %s", stopTime))
	}
}

// announceEvery is the interval of notices about pauses. Notices that one run leaves are written by the
// next run of any node.
const announceEvery = 10 * time.Second

// every runs work immediately and then once per period, until ctx ends.
func (a *App) every(ctx context.Context, period time.Duration, name string, work func(context.Context) error) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		if err := work(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("background task failed", "task", name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (a *App) announcePauses(ctx context.Context) {
	a.every(ctx, announceEvery, "notify about paused webhooks", a.service.NoticePauses)
}

func serve(s *http.Server, l net.Listener, failed chan<- error) {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		failed <- fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
}

func (a *App) stop() {
	a.notifySystemd(daemon.SdNotifyStopping)
	a.health.Drain()
	a.metrics.Draining.Set(1)
	// In parallel: the port closes immediately, so that a load balancer skips the node, while the
	// sockets are closed one after the other.
	var steps sync.WaitGroup
	steps.Go(func() {
		drain, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		a.hub.Drain(drain)
	})
	steps.Go(func() {
		requests, cancel := context.WithTimeout(context.Background(), requestsTime)
		defer cancel()
		if err := a.server.Shutdown(requests); err != nil {
			a.log.Warn("shut down server failed", "err", err)
			_ = a.server.Close()
		}
	})
	steps.Wait()
}
