// Package load measures the capacity of a running chat: many lightweight clients send messages at
// planned times, and every client checks what it receives. A scenario determines what is measured.
//
// The load is open-loop: a message is sent at its time, however slow the responses are, and latency is
// measured from the planned time. If a server stops for a second, every message of that second shows
// it, not only one. The clients use the public protocol and remove what they create.
package load

import (
	"context"
	"errors"
	"fmt"
)

// Run measures once, at o.Rate, and removes everything it created, even if ctx ends earlier. Violated
// guarantees are in the report. If err is not nil, the report is nil or something could not be removed.
func Run(ctx context.Context, o Options) (*Report, error) {
	o.Rates = nil
	reports, err := RunSeries(ctx, o)
	if len(reports) == 0 {
		return nil, err
	}
	return reports[0], err
}

// RunSeries is Run for each of o.Rates, one after the other, with the same guests and rooms; once at
// o.Rate if there are none. It returns the reports of the rates before an error.
func RunSeries(ctx context.Context, o Options) (reports []*Report, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	guests := newClients(o)
	defer func() { err = errors.Join(err, guests.remove(context.WithoutCancel(ctx))) }()
	if err := guests.create(ctx); err != nil {
		return nil, err
	}
	alone, err := readProcessMetrics(ctx, o.Metrics)
	if err != nil {
		return nil, err
	}
	rates := o.rates()
	for i, rate := range rates {
		if len(rates) > 1 {
			o.progress("rate %g per second, %d of %d", rate, i+1, len(rates))
		}
		o.Rate = rate
		report, err := measureOnce(ctx, o, guests, alone)
		if err != nil {
			return reports, err
		}
		if i == 0 { // later ones use the same guests
			report.Entering = guests.entering(report.ConnectSeconds)
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// measureOnce connects all clients and runs the scenario.
func measureOnce(ctx context.Context, o Options, guests *clients, alone processMetrics) (*Report, error) {
	r := newRun(o, guests.freshRooms())
	r.http, r.alone = guests.http, alone
	defer r.close()
	if err := r.connect(ctx, guests.users); err != nil {
		return nil, err
	}
	before, err := readProcessMetrics(ctx, o.Metrics)
	if err != nil {
		return nil, err
	}
	if r.kind.prepare != nil {
		if err := r.kind.prepare(ctx, r); err != nil {
			return nil, err
		}
	}
	if err := o.profiled(ctx, r.measure); err != nil {
		return nil, err
	}
	o.progress("closing the connections") // what the servers do from here on does not count
	after, err := readProcessMetrics(ctx, o.Metrics)
	if err != nil {
		return nil, err
	}
	r.close()
	report := r.report()
	if len(o.Metrics) > 0 {
		report.Server = r.compare(ctx, report, before, after)
	}
	return report, nil
}

func (o Options) progress(format string, args ...any) { fmt.Fprintf(o.Progress, format+"\n", args...) }
