// Package load measures the capacity of a running chat: many lightweight clients send messages at
// planned times, and every client checks what it receives.
//
// The load is open-loop: a message is sent at its time, however slow the responses are, and latency is
// measured from the planned time. If a server stops for a second, every message of that second shows
// it, not only one. The clients use the public protocol and remove what they create.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"net/url"
	"time"
)

// socketsPerUser is the number of connections that the server allows a user.
const socketsPerUser = 20

// commandsPerClient limits the messages of one connection per second to half of what the server
// accepts, because they are distributed randomly.
const commandsPerClient = 50

// Options configure a load test.
type Options struct {
	URL      string        // the server, as http: // the server, such as http://localhost:5000
	Mine     bool          // URL may name another machine
	Metrics  string        // URL of the server's metrics, if it runs on this machine; "" if not
	Profiles string        // folder for profiles of that server, if it serves them; "" for none
	Clients  int           // connections, each in one room
	Rooms    int           // at most the number of clients
	Rate     float64       // messages per second, in all rooms together
	For      time.Duration // how long messages are sent
	Seed     uint64        // seed of the random choice of senders
	// Progress receives one line for each step.
	Progress io.Writer
}

// Check returns all errors of the options.
func (o Options) Check() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	target, err := url.Parse(o.URL)
	known := err == nil && (target.Scheme == "http" || target.Scheme == "https") && target.Hostname() != ""
	fault(!known, "--url: %q is not http://host:port", o.URL)
	fault(known && !o.Mine && !loopback(target.Hostname()),
		"--url: %q is not this machine; a load test slows a server down, so confirm with --yes-this-is-my-server if it is yours", o.URL)
	fault(o.Profiles != "" && o.Metrics == "", "--profiles: with --url it requires --metrics")
	fault(o.Clients < 1, "--clients: %d is less than 1", o.Clients)
	fault(o.Rooms < 1 || o.Rooms > max(1, o.Clients), "--rooms: %d is not from 1 to the number of clients", o.Rooms)
	fault(!(o.Rate > 0), "--rate: %g is not more than 0", o.Rate)
	fault(o.Rate > commandsPerClient*float64(max(1, o.Clients)), "--rate: %g is more than %d per second for each client", o.Rate, commandsPerClient)
	fault(o.For <= 0, "--for: %s is not more than 0", o.For)
	fault(o.Rate > 0 && o.For > 0 && o.messages() < 1, "--rate and --for: %g per second for %s are no messages", o.Rate, o.For)
	return errors.Join(faults...)
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func (o Options) messages() int { return int(math.Round(o.Rate * o.For.Seconds())) }

// Run measures and removes everything it created, even if ctx ends earlier. Violated guarantees are in
// the report. If err is not nil, the report is nil or something could not be removed.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	guests := newClients(o)
	defer func() { err = errors.Join(err, guests.remove(context.WithoutCancel(ctx))) }()
	if err := guests.create(ctx); err != nil {
		return nil, err
	}
	r := newRun(o, guests.rooms)
	defer r.close()
	alone, err := readProcessMetrics(ctx, o.Metrics)
	if err != nil {
		return nil, err
	}
	if err := r.connect(ctx, guests.users); err != nil {
		return nil, err
	}
	before, err := readProcessMetrics(ctx, o.Metrics)
	if err != nil {
		return nil, err
	}
	if err := o.profiled(ctx, r.sendAll); err != nil {
		return nil, err
	}
	after, err := readProcessMetrics(ctx, o.Metrics)
	if err != nil {
		return nil, err
	}
	r.close()
	report := r.report()
	if o.Metrics != "" {
		report.Server = o.compare(ctx, r.plan, report.Deliveries, alone, before, after)
	}
	return report, nil
}

func (o Options) progress(format string, args ...any) { fmt.Fprintf(o.Progress, format+"\n", args...) }
