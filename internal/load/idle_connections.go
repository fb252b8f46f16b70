package load

import (
	"context"
	"time"
)

// Idle is what connections cost while nothing is sent. CPU and memory are 0 without the metrics of the
// servers, of which they are the sum.
type Idle struct {
	Clients         int     `json:"clients"`
	Alive           int     `json:"alive"`                  // clients that received the response to a ping at the end
	CPUMicros       float64 `json:"cpuMicrosPerConnMinute"` // µs of CPU time per connection and minute
	ConnBytes       float64 `json:"connBytes"`              // resident memory at the end per connection, beyond that before connecting
	ProcessBytes    float64 `json:"processBytesPerConn"`    // resident memory at the end per connection, of the whole processes
	measuresServers bool
}

func idleScenario() scenario {
	return scenario{
		name:     "idle",
		summary:  "no messages: what a connection costs",
		defaults: defaults{clients: 1000, rooms: 10, duration: time.Minute},
		silent:   true,
		measure:  measureIdle,
	}
}

func measureIdle(ctx context.Context, r *run) error {
	r.progress("sending nothing for %s", r.For)
	before, err := readProcessMetrics(ctx, r.Metrics)
	if err != nil {
		return err
	}
	_ = sleep(ctx, r.For)
	if err := stoppedEarly(ctx); err != nil {
		return err
	}
	after, err := readProcessMetrics(ctx, r.Metrics)
	if err != nil {
		return err
	}
	clients := float64(len(r.conns))
	r.out.Idle = &Idle{
		Clients: len(r.conns), Alive: r.awaitHeads(ctx), measuresServers: len(r.Metrics) > 0,
		CPUMicros:    per(micros(after.cpu-before.cpu), clients*r.For.Minutes()),
		ConnBytes:    per(after.resident-r.alone.resident, clients),
		ProcessBytes: per(after.resident, clients),
	}
	return nil
}

func (i *Idle) write(row func(format string, args ...any)) {
	row("idle\t%d of %d connections answer at the end", i.Alive, i.Clients)
	if i.measuresServers {
		row("\t%.0f µs of CPU per connection and minute; %.1f KiB more per connection, %.1f KiB with the rest of the process",
			i.CPUMicros, i.ConnBytes/1024, i.ProcessBytes/1024)
	}
}

func (i *Idle) latencies() []namedLatency { return nil }

func (i *Idle) violations() []violation {
	return []violation{{i.Clients - i.Alive, "idle connections do not answer"}}
}
