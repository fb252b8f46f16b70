// Package health tells balancers and people whether a node lives, whether it is
// ready for clients, and which of the engines it stands on is away.
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
	// probeTimeout is how long an engine has to answer.
	probeTimeout = time.Second
	// freshFor is how long a result stands, so that nobody can make a node hammer
	// its engines by asking often.
	freshFor = time.Second
	// roundEvery is the time between two rounds while nobody asks: the log and the metrics
	// tell of an engine that goes away.
	roundEvery = 5 * time.Second
)

// Status is the state of an engine or of the whole node.
type Status string

// The states.
const (
	OK          Status = "ok"
	Degraded    Status = "degraded"    // serves, with something away
	Unavailable Status = "unavailable" // an engine: away; the node: send no clients
)

// Check asks one engine.
type Check struct {
	Name string // in the report, such as "database"
	// Probe returns nil if the engine works, as far as it and the node's own experience
	// tell. An engine that is away never takes the node out of the balancer: all nodes
	// share it, and with all of them gone, so would be what still works without it.
	Probe func(ctx context.Context) error
}

// Observer is told of every result.
type Observer func(engine string, up bool, latency time.Duration)

// Result is the answer of one engine.
type Result struct {
	Status    Status  `json:"status"`
	LatencyMs float64 `json:"latencyMs"`
	// Error is a word without details: addresses and names belong in the log, and
	// the report is public.
	Error string `json:"error,omitempty"`
}

// Report is what /health/ready shows.
type Report struct {
	Status   Status            `json:"status"`
	Checks   map[string]Result `json:"checks"`
	Draining bool              `json:"draining"`
	Warnings []Warning         `json:"warnings,omitempty"`
}

// Health knows the checks of a node and their latest results.
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

// probe is a check with what is remembered of it.
type probe struct {
	Check
	running atomic.Bool // a call that has not returned yet, perhaps long after its timeout
	failing bool        // at the last round; touched by one round at a time
}

// round is one run of all checks; callers that come meanwhile share it.
type round struct {
	began   time.Time
	done    chan struct{} // closed when results stand
	results map[string]Result
}

// New makes the Health of a node that has its database: one that has not is starting, and
// serves a Stage. Changes of an engine's state are logged.
func New(log *slog.Logger, observe Observer, checks ...Check) *Health {
	h := &Health{log: log, now: time.Now, observe: observe}
	for _, c := range checks {
		h.probes = append(h.probes, &probe{Check: c})
	}
	return h
}

// Run asks all engines every few seconds until ctx ends, whether anybody wants to know or
// not.
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

// Drain makes the node not ready from now on, for good.
func (h *Health) Drain() { h.draining.Store(true) }

// Report returns the results of all checks, at most a second old, and what they
// mean. It takes at most a second, less if ctx ends: then results that are not in
// yet are missing.
func (h *Health) Report(ctx context.Context) Report {
	r := h.round(ctx)
	select {
	case <-r.done:
	case <-ctx.Done():
		return Report{Status: Unavailable, Checks: map[string]Result{}, Draining: h.draining.Load()}
	}
	return h.judge(r.results)
}

// judge decides what the results mean for the node.
func (h *Health) judge(results map[string]Result) Report {
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

// round returns the round under way or a fresh one, else begins the next.
func (h *Health) round(ctx context.Context) *round {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current != nil && h.now().Sub(h.current.began) < freshFor {
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
	// The round is for everybody: it must not end with the caller that began it.
	go h.run(context.WithoutCancel(ctx), h.current)
	return h.current
}

// run asks all engines at once and waits for them, at most probeTimeout.
func (h *Health) run(ctx context.Context, r *round) {
	results := make([]Result, len(h.probes))
	var wg sync.WaitGroup
	for i, p := range h.probes {
		wg.Go(func() { results[i] = h.ask(ctx, p) })
	}
	wg.Wait()
	for i, p := range h.probes {
		r.results[p.Name] = results[i]
	}
	close(r.done)
}

func (h *Health) ask(ctx context.Context, p *probe) Result {
	start := time.Now()
	err := p.call(ctx)
	took := time.Since(start)
	h.note(p, err)
	h.observe(p.Name, err == nil, took)
	result := Result{Status: OK, LatencyMs: float64(took.Microseconds()) / 1000}
	if err != nil {
		result.Status, result.Error = Unavailable, wordOf(err)
	}
	return result
}

// wordOf is what the public report says of an error.
func wordOf(err error) string {
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

// call bounds a probe, also one that does not heed its context: that one is left
// to itself and not called again before it returns.
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
	case err := <-answer: // it heeded the end of ctx, or came with it
		return err
	default:
		return ctx.Err()
	}
}

// note logs when an engine goes away and when it is back.
func (h *Health) note(p *probe, err error) {
	if errors.Is(err, ErrStarting) {
		return
	}
	switch failing := err != nil; {
	case failing && !p.failing:
		h.log.Warn("engine away", "engine", p.Name, "err", err)
	case !failing && p.failing:
		h.log.Info("engine back", "engine", p.Name)
	}
	p.failing = err != nil
}
