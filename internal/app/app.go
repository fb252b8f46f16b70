// Package app puts the parts of a node together and knows the order in which they
// start and stop. The binary and the tests use the same App.
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
	"github.com/chillin-chat/chillin/internal/logging"
	"github.com/chillin-chat/chillin/internal/metrics"
	"github.com/chillin-chat/chillin/internal/recovery"
	"github.com/chillin-chat/chillin/internal/service"
	"github.com/chillin-chat/chillin/internal/webhook"
)

// How long the steps of a stop may take. Together they stay below 30 s, after
// which orchestrators kill.
const (
	drainTime    = 20 * time.Second
	requestsTime = 5 * time.Second
	// stopTime bounds all of them, whatever an engine does: then Run returns an error.
	stopTime = 29 * time.Second
)

// App is one node.
type App struct {
	config  config.Config
	log     *slog.Logger
	flush   func() // writes what the log still sums up
	metrics *metrics.Metrics
	engines *engines
	hub     *gateway.Hub
	hooks   *webhook.Dispatcher
	service *service.Service
	sweeper *service.GarbageCollector
	indexer *service.Indexer
	seen    *auth.SessionActivity
	limits  *service.EffectiveLimits
	health  *health.Health
	server  *http.Server
	listen  net.Listener
	watch   *watch // nil when off
	panics  recovery.Reporter

	proxySeen atomic.Bool // an untrusted proxy, which was reported
}

// New opens the engines and the port. When it returns, a client may connect and
// is served once Run runs. The port stays closed until then, so that a balancer goes
// elsewhere without asking; METRICS_ADDR answers from the first moment on.
func New(ctx context.Context, c config.Config, log *slog.Logger) (*App, error) {
	return build(ctx, c, auth.OWASP, log)
}

func build(ctx context.Context, c config.Config, passwords auth.Cost, log *slog.Logger) (_ *App, err error) {
	if err := checkPort(ctx, c); err != nil {
		return nil, err
	}
	m := metrics.New()
	w, err := openWatch(c, m)
	if err != nil {
		return nil, err
	}
	a := &App{config: c, metrics: m, watch: w}
	a.log, a.flush = logging.New(log.Handler())
	a.panics = recovery.Reporter{Count: m.Panicked, Log: a.log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	if a.engines, err = openEngines(ctx, c, w.starting(), m, a.log); err != nil {
		return nil, err
	}
	if err := a.wire(m, passwords); err != nil {
		return nil, err
	}
	if err := a.limits.Read(ctx); err != nil {
		return nil, err
	}
	if a.listen, err = net.Listen("tcp", c.Addr()); err != nil {
		return nil, fmt.Errorf("listen on PORT %d: %w", c.Port, err)
	}
	w.serves(a.health)
	return a, nil
}

// checkPort returns an error if another process listens at HOST and PORT. A node that
// cannot serve must not change the schema. The port is closed again, because a balancer
// would wait at an open port for a node that brings the schema up.
func checkPort(ctx context.Context, c config.Config) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", c.Addr())
	if err != nil {
		return fmt.Errorf("listen on PORT %d: %w", c.Port, err)
	}
	return l.Close()
}

// close lets go what was opened.
func (a *App) close() (err error) {
	if a.engines != nil {
		err = a.engines.close()
	}
	err = errors.Join(err, a.watch.close())
	a.flush()
	return err
}

// SpareProcessor lets Go run one thread more than there are processors, for a whole
// process, before New. A password is hashed for tens of milliseconds without a stop;
// with a thread to spare the kernel, which prefers who was idle, and not Go, which
// changes turns every 10 ms, decides between it and the messages.
func SpareProcessor() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1) }

// Addr is where the node listens for clients.
func (a *App) Addr() net.Addr { return a.listen.Addr() }

// Run serves until ctx ends, and then stops in order: no new deliveries to webhooks
// and nobody let go any more, not ready, the port closed, the sockets told and closed
// one after the other, open requests finished, queued appends committed, engines
// closed. It takes at most 30 s.
func (a *App) Run(ctx context.Context) error {
	hubLife, endHub := context.WithCancel(context.Background())
	defer endHub()
	workLife, endWork := context.WithCancel(ctx)
	defer endWork()
	var parts sync.WaitGroup
	failed := make(chan error, 1)
	parts.Go(func() { a.hub.Run(hubLife) })
	for _, task := range []func(context.Context){a.hooks.Run, a.removeExpired, a.noticePauses, a.sweeper.Run, a.indexer.Run, a.seen.Run, a.lookForNodes, a.watchBackups, a.readBacklog, a.readActiveUsers} {
		parts.Go(func() { a.panics.Keep(workLife, task) })
	}
	parts.Go(func() { a.panics.Keep(hubLife, func(ctx context.Context) { a.limits.Run(ctx, a.log) }) })
	parts.Go(func() { a.panics.Keep(hubLife, a.health.Run) })
	parts.Go(func() { serve(a.server, a.listen, failed) })
	parts.Go(func() { a.keepWatchdog(hubLife) })
	a.notifySystemd(daemon.SdNotifyReady)
	a.log.Info("serving", "address", a.Addr().String(), "node", a.engines.node)
	var cause error
	select {
	case <-ctx.Done():
		a.log.Info("stopping", "sessions", len(a.hub.Sessions()))
	case cause = <-failed:
	case cause = <-a.watch.broken():
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
		return errors.Join(cause, fmt.Errorf("stop not finished after %s", stopTime))
	}
}

// How often a node does background work. What a pass leaves undone, the next one of
// any node does.
const (
	tidyEvery   = 2 * time.Minute
	noticeEvery = 10 * time.Second
)

// every runs work at once and then every period, until ctx ends.
func (a *App) every(ctx context.Context, period time.Duration, name string, work func(context.Context) error) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		if err := work(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("background work failed", "work", name, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (a *App) removeExpired(ctx context.Context) {
	a.every(ctx, tidyEvery, "remove expired accounts and sessions", a.service.PurgeExpired)
}

func (a *App) noticePauses(ctx context.Context) {
	a.every(ctx, noticeEvery, "notice paused webhooks", a.service.NoticePauses)
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
	// Together: the port is closed at once, so that a balancer goes elsewhere
	// without asking, while the sockets are told one after the other.
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
			a.log.Warn("requests cut off", "err", err)
			_ = a.server.Close()
		}
	})
	steps.Wait()
}
