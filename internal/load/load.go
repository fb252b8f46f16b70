// Package load tells what a running chat carries: many light clients, messages sent
// at the times of a plan, and every client checks what it is told.
//
// The loop is open. A message is sent when its time has come, however slow the
// answers are, and what is waited for is counted from that time on: a server that
// stands still for a second shows it in every message of that second, and not in
// one. The clients use the wire as strangers do; what they make they remove.
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

// socketsPerUser is how many connections the server lets one user have.
const socketsPerUser = 20

// commandsPerClient bounds the messages of one connection in a second: half of what
// the server takes, because chance gives some connections more than others.
const commandsPerClient = 50

// Options say what is measured.
type Options struct {
	URL     string        // the server, as http://localhost:5000
	Mine    bool          // URL may name another machine than this one
	Metrics string        // where the server shows its metrics, if on this machine; "" is nowhere
	Clients int           // connections, each in one room
	Rooms   int           // at most as many as clients
	Rate    float64       // messages a second, in all rooms together
	For     time.Duration // how long they are sent
	Seed    uint64        // decides which client sends when
	// Progress is told, a line at a time, what is under way.
	Progress io.Writer
}

// Check returns all that is wrong with the options.
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
		"--url: %q is not this machine; a load run hurts a server, so say --yes-this-is-my-server if it is yours", o.URL)
	fault(o.Clients < 1, "--clients: %d is less than 1", o.Clients)
	fault(o.Rooms < 1 || o.Rooms > max(1, o.Clients), "--rooms: %d is not from 1 to the number of clients", o.Rooms)
	fault(!(o.Rate > 0), "--rate: %g is not more than 0", o.Rate)
	fault(o.Rate > commandsPerClient*float64(max(1, o.Clients)), "--rate: %g is more than %d a second for each client", o.Rate, commandsPerClient)
	fault(o.For <= 0, "--for: %s is not more than 0", o.For)
	fault(o.Rate > 0 && o.For > 0 && o.messages() < 1, "--rate and --for: %g a second for %s is no message", o.Rate, o.For)
	return errors.Join(faults...)
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func (o Options) messages() int { return int(math.Round(o.Rate * o.For.Seconds())) }

// Run measures, and removes what it made, also when ctx ends before. Broken promises
// are in the report. With an error there is no report, or there is one and something
// was left behind.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	crowd := newCrowd(o)
	defer func() { err = errors.Join(err, crowd.remove(context.WithoutCancel(ctx))) }()
	if err := crowd.gather(ctx); err != nil {
		return nil, err
	}
	r := newRun(o, crowd.rooms)
	defer r.close()
	alone, err := look(ctx, o.Metrics)
	if err != nil {
		return nil, err
	}
	if err := r.connect(ctx, crowd.users); err != nil {
		return nil, err
	}
	before, err := look(ctx, o.Metrics)
	if err != nil {
		return nil, err
	}
	if err := r.carry(ctx); err != nil {
		return nil, err
	}
	after, err := look(ctx, o.Metrics)
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

func (o Options) say(format string, args ...any) { fmt.Fprintf(o.Progress, format+"\n", args...) }
