// Package health reports whether a node is alive, whether it is ready for clients, and which engines
// are down.
package health

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// probeTimeout is the timeout of one check.
	probeTimeout = time.Second
	// cacheTime is how long a result is reused, so that frequent requests do not load the engines.
	cacheTime = time.Second
	// roundEvery is the interval of checks without requests, for the log and the metrics.
	roundEvery = 5 * time.Second
)

// Status is the state of an engine or of the whole node.
type Status string

// The states.
const (
	OK          Status = "ok"
	Degraded    Status = "degraded"    // serves, but an engine is down or there is a warning
	Unavailable Status = "unavailable" // an engine: down; the node: send no clients
)

// Check checks one engine.
type Check struct {
	Name string // in the report, such as "database"
	// Probe returns nil if the engine and the node's own operations on it work. A failing engine never
	// makes the node not ready: all nodes share it, so that everything that works without the engine
	// would become unreachable.
	Probe func(ctx context.Context) error
}

// Observer receives every result.
type Observer func(engine string, up bool, latency time.Duration)

// Result is the result of one check.
type Result struct {
	Status    Status  `json:"status"`
	LatencyMs float64 `json:"latencyMs"`
	// Error is a reason without details. The report is public; addresses and names are only in the log.
	Error string `json:"error,omitempty"`
}

// Report is the body of /health/ready.
type Report struct {
	Status   Status            `json:"status"`
	Checks   map[string]Result `json:"checks"`
	Draining bool              `json:"draining"`
	Warnings []Warning         `json:"warnings,omitempty"`
}

// Health runs the checks of a node and stores their latest results.
type Health struct {
	log      *slog.Logger
	now      func() time.Time
	observe  Observer
	draining atomic.Bool
	probes   []*probe
	warnings warnings

	mu      sync.Mutex
	current *round
}

// probe is a check with its state.
type probe struct {
	Check
	running atomic.Bool // a call that has not returned yet, possibly long after its timeout
	failing bool        // in the last round; used by one round at a time
}

// round is one run of all checks. Concurrent callers share it.
type round struct {
	began   time.Time
	done    chan struct{} // closed when the results are complete
	results map[string]Result
}

// New returns the Health of a node that has opened its database. A node that has not serves a Stage.
// State changes of engines are logged.
func New(log *slog.Logger, observe Observer, checks ...Check) *Health {
	h := &Health{log: log, now: time.Now, observe: observe}
	for _, c := range checks {
		h.probes = append(h.probes, &probe{Check: c})
	}
	return h
}

// Run checks all engines every few seconds until ctx ends, even without requests.
func (h *Health) Run(ctx context.Context) {
	tick := time.NewTicker(roundEvery)
	defer tick.Stop()
	for {
		h.Report(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Drain makes the node not ready permanently.
func (h *Health) Drain() { h.draining.Store(true) }

// Report returns the results of all checks, at most a second old. It takes at most a second. If ctx
// ends earlier, the results are missing.
func (h *Health) Report(ctx context.Context) Report {
	r := h.round(ctx)
	select {
	case <-r.done:
	case <-ctx.Done():
		return Report{Status: Unavailable, Checks: map[string]Result{}, Draining: h.draining.Load()}
	}
	return h.evaluate(r.results)
}

// evaluate computes the status of the node from the results.
func (h *Health) evaluate(results map[string]Result) Report {
	report := Report{Status: OK, Checks: results, Draining: h.draining.Load(), Warnings: h.warnings.list()}
	if slices.Contains(report.Warnings, SecondNode) {
		report.Status = Degraded
	}
	for _, p := range h.probes {
		if results[p.Name].Status != OK {
			report.Status = Degraded
		}
	}
	if report.Draining {
		report.Status = Unavailable
	}
	return report
}

// round returns the current or a recent round, or starts the next one.
func (h *Health) round(ctx context.Context) *round {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current != nil && h.now().Sub(h.current.began) < cacheTime {
		return h.current
	}
	if h.current != nil {
		select {
		case <-h.current.done:
		default:
			return h.current // late, but about to end
		}
	}
	h.current = &round{began: h.now(), done: make(chan struct{}), results: map[string]Result{}}
	// All callers share the round, so it must not end with the caller that started it.
	go h.run(context.WithoutCancel(ctx), h.current)
	return h.current
}

// run checks all engines in parallel and waits for them, at most probeTimeout.
func (h *Health) run(ctx context.Context, r *round) {
	results := make([]Result, len(h.probes))
	var wg sync.WaitGroup
	for i, p := range h.probes {
		wg.Go(func() { results[i] = h.check(ctx, p) })
	}
	wg.Wait()
	for i, p := range h.probes {
		r.results[p.Name] = results[i]
	}
	close(r.done)
}

func (h *Health) check(ctx context.Context, p *probe) Result {
	start := time.Now()
	err := p.call(ctx)
	took := time.Since(start)
	h.note(p, err)
	h.observe(p.Name, err == nil, took)
	result := Result{Status: OK, LatencyMs: float64(took.Microseconds()) / 1000}
	if err != nil {
		result.Status, result.Error = Unavailable, publicReason(err)
	}
	return result
}

// publicReason returns the text that the public report shows for an error.
func publicReason(err error) string {
	if because, ok := errors.AsType[reason](err); ok {
		return because.word
	}
	switch {
	case errors.Is(err, ErrStarting):
		return ErrStarting.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "timed out"
	}
	return "failed"
}

// call runs a probe with a timeout. A probe that ignores its context is left running and is not started
// again before it returns.
func (p *probe) call(ctx context.Context) error {
	if !p.running.CompareAndSwap(false, true) {
		return context.DeadlineExceeded
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	answer := make(chan error, 1)
	go func() {
		defer cancel()
		err := p.Probe(ctx)
		p.running.Store(false)
		answer <- err
	}()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-answer: // it stopped because ctx ended, or just before
		return err
	default:
		return ctx.Err()
	}
}

// note logs when an engine becomes unavailable and when it is available again.
func (h *Health) note(p *probe, err error) {
	if errors.Is(err, ErrStarting) {
		return
	}
	switch failing := err != nil; {
	case failing && !p.failing:
		h.log.Warn("engine unavailable", "engine", p.Name, "err", err)
	case !failing && p.failing:
		h.log.Info("engine available", "engine", p.Name)
	}
	p.failing = err != nil
}
