package load

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// socketsPerUser is the number of connections that the server allows a user.
const socketsPerUser = 20

// commandsPerClient limits the messages of one connection per second to half of what the server
// accepts, because they are distributed randomly.
const commandsPerClient = 50

// Options configure a load test. SetDefaults sets what depends on the scenario.
type Options struct {
	Scenario string        // its name, see Scenarios; "" for steady
	URLs     []string      // the servers, as http: // the server, such as http://localhost:5000
	Mine     bool          // URLs may name other machines
	Metrics  []string      // URLs of the servers' metrics, if they run on this machine
	Sources  []string      // local addresses to connect from; empty for that of the system
	Profiles string        // folder for profiles of the first server in Metrics, if it serves them; "" for none
	Clients  int           // connections, each in one room
	PerUser  int           // connections of each user; 0 for as many as the server allows
	Rooms    int           // at most the number of clients
	Rate     float64       // messages (in history: pages) per second, in all rooms together
	Rates    []float64     // rates of a series, ascending, in place of Rate
	For      time.Duration // how long messages are sent
	Fill     int           // messages that history sends to each room first
	Seed     uint64        // seed of the random choices
	// Immediately makes disconnected clients reconnect at once, and not after the delay of the web client.
	Immediately bool
	// ReturnTo is the server to which the disconnected clients of a storm return. The others, and all REST
	// requests, use it from the beginning: the servers of URLs may be stopped at the storm. "" for URLs.
	ReturnTo string
	// Progress receives one line for each step.
	Progress io.Writer
}

// Check returns all errors of the options.
func (o Options) Check() error {
	var c checker
	o.checkServers(&c)
	o.checkAmounts(&c)
	kind, known := findScenario(o.Scenario)
	c.fault(!known, "--scenario: %q is none of %s", o.Scenario, scenarioNames())
	if known {
		o.checkScenario(&c, kind)
	}
	return errors.Join(c.faults...)
}

// checker collects errors.
type checker struct{ faults []error }

func (c *checker) fault(wrong bool, format string, args ...any) {
	if wrong {
		c.faults = append(c.faults, fmt.Errorf(format, args...))
	}
}

func (o Options) checkServers(c *checker) {
	c.fault(len(o.URLs) == 0, "--url: no server is named")
	servers := o.URLs
	if o.ReturnTo != "" {
		servers = append(slices.Clone(servers), o.ReturnTo)
	}
	for _, address := range servers {
		target, err := url.Parse(address)
		known := err == nil && (target.Scheme == "http" || target.Scheme == "https") && target.Hostname() != ""
		c.fault(!known, "--url: %q is not http://host:port", address)
		c.fault(known && !o.Mine && !loopback(target.Hostname()),
			"--url: %q is not this machine; a load test slows a server down, so confirm with --yes-this-is-my-server if it is yours", address)
	}
	for _, address := range o.Sources {
		err := checkLocal(address)
		c.fault(err != nil, "--source: %q is not an IP address of this machine: %v", address, err)
	}
	c.fault(o.Profiles != "" && len(o.Metrics) == 0, "--profiles: with --url it requires --metrics")
}

func (o Options) checkAmounts(c *checker) {
	c.fault(o.Clients < 1, "--clients: %d is less than 1", o.Clients)
	c.fault(o.Rooms < 1 || o.Rooms > max(1, o.Clients), "--rooms: %d is not from 1 to the number of clients", o.Rooms)
	c.fault(o.PerUser < 0 || o.PerUser > socketsPerUser, "--connections-per-user: %d is not from 1 to %d", o.PerUser, socketsPerUser)
	c.fault(o.For <= 0, "--for: %s is not more than 0", o.For)
	for i := 1; i < len(o.Rates); i++ {
		c.fault(o.Rates[i] <= o.Rates[i-1], "--rates: %g does not follow %g: they must rise", o.Rates[i], o.Rates[i-1])
	}
}

func (o Options) checkScenario(c *checker, kind scenario) {
	c.fault(o.Fill != 0 && kind.defaults.fill == 0, "--fill: the scenario %s does not fill rooms", kind.name)
	c.fault(o.ReturnTo != "" && !kind.storms, "--return-to: the scenario %s does not disconnect clients at once", kind.name)
	c.fault(o.Immediately && !kind.reconnects, "--reconnect-immediately: the scenario %s does not reconnect", kind.name)
	if kind.check != nil {
		kind.check(o, c.fault)
	}
	if kind.silent {
		c.fault(o.Rate != 0 || o.Rates != nil, "--rate and --rates: the scenario %s sends no messages", kind.name)
		return
	}
	active := max(1, kind.active(o))
	for _, rate := range o.rates() {
		o.Rate = rate
		c.fault(!(rate > 0) || math.IsInf(rate, 0), "--rate: %g is not more than 0", rate)
		c.fault(kind.sending == nil && rate > commandsPerClient*float64(active),
			"--rate: %g is more than %d per second for each of %d clients that send", rate, commandsPerClient, active)
		c.fault(rate > 0 && o.For > 0 && o.planned() < 1, "--rate and --for: %g per second for %s are no messages", rate, o.For)
	}
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// checkLocal returns an error if no connection can be opened from the address.
func checkLocal(address string) error {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", netip.AddrPortFrom(addr, 0).String())
	if err != nil {
		return err
	}
	return listener.Close()
}

// planned returns the number of messages, or of pages, of the whole run.
func (o Options) planned() int { return int(math.Round(o.Rate * o.For.Seconds())) }

func (o Options) rates() []float64 {
	if len(o.Rates) > 0 {
		return o.Rates
	}
	return []float64{o.Rate}
}

func (o Options) perUser() int { return cmp.Or(o.PerUser, socketsPerUser) }
