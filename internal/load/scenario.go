package load

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
)

// scenario is a kind of load test. The functions may be nil where their comment describes what is done
// then.
type scenario struct {
	name     string
	summary  string // one line, for the help
	defaults defaults

	silent     bool // sends no messages
	reconnects bool // some clients are disconnected
	storms     bool // they are disconnected at once
	floor      bool // the server is compared with plain writes
	textLength int  // characters of a message; 0 for about 75
	// smallBuffers: the first connections of the disturbed clients have a small receive buffer.
	smallBuffers bool

	// steadyClients returns how many clients, the first ones, are not disturbed. They send, and the
	// latencies are theirs. Nil: all.
	steadyClients func(o Options) int
	// sending returns how many messages are sent at which rate. Nil: at o.Rate for o.For.
	sending func(o Options) (rate float64, messages int)
	// check reports the errors of the options that only this scenario has. Nil: none.
	check func(o Options, fault func(wrong bool, format string, args ...any))
	// prepare runs before the measurement, with all clients connected. Nil: nothing.
	prepare func(ctx context.Context, r *run) error
	measure func(ctx context.Context, r *run) error
}

// defaults are the amounts of a scenario unless options set them.
type defaults struct {
	clients  int
	rooms    int // 0: as many as roomSize requires
	roomSize int
	perUser  int // 0: as many as the server allows
	rate     float64
	duration time.Duration
	fill     int
}

func (d defaults) roomsFor(clients int) int {
	if d.rooms > 0 {
		return min(d.rooms, max(1, clients))
	}
	return max(1, clients/d.roomSize)
}

// String describes the amounts.
func (d defaults) String() string {
	rate := ""
	if d.rate > 0 {
		rate = fmt.Sprintf(", %g/s", d.rate)
	}
	return fmt.Sprintf("%d clients, %d rooms%s, %s", d.clients, d.roomsFor(d.clients), rate, d.duration)
}

// scenarios returns all scenarios, the default first. It is a function because the scenarios refer to
// functions that search here.
func scenarios() []scenario {
	return []scenario{
		steadyScenario(), idleScenario(), manyRoomsScenario(), crossNodeScenario(),
		ingestScenario(), stormScenario(), slowReadersScenario(), historyScenario(),
	}
}

// findScenario returns the scenario with the name, which is steady if it is "".
func findScenario(name string) (scenario, bool) {
	for _, s := range scenarios() {
		if s.name == cmp.Or(name, "steady") {
			return s, true
		}
	}
	return scenario{}, false
}

func scenarioNames() string {
	var names []string
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

// Scenario describes a scenario.
type Scenario struct {
	Name     string
	Summary  string // one line
	Defaults string // the amounts, such as "500 clients, 5 rooms, 20/s, 30s"
}

// Scenarios returns all scenarios, the default first.
func Scenarios() []Scenario {
	var all []Scenario
	for _, s := range scenarios() {
		all = append(all, Scenario{s.name, s.summary, s.defaults.String()})
	}
	return all
}

// SetDefaults sets the options whose flag is not set to the amounts of the scenario. It changes nothing
// if the scenario is unknown, which Check reports.
func (o *Options) SetDefaults(isSet func(flag string) bool) {
	kind, known := findScenario(o.Scenario)
	if !known {
		return
	}
	d := kind.defaults
	if !isSet("clients") {
		o.Clients = d.clients
	}
	if !isSet("rooms") {
		o.Rooms = d.roomsFor(o.Clients)
	}
	if !isSet("connections-per-user") {
		o.PerUser = d.perUser
	}
	if !isSet("rate") {
		o.Rate = d.rate
	}
	if !isSet("for") {
		o.For = d.duration
	}
	if !isSet("fill") {
		o.Fill = d.fill
	}
}

// active returns how many clients, the first ones, may send.
func (s scenario) active(o Options) int {
	if s.steadyClients == nil {
		return o.Clients
	}
	return s.steadyClients(o)
}

// messages returns the messages of the plan and the interval between them.
func (s scenario) messages(o Options) (every time.Duration, n int) {
	rate, n := o.Rate, o.planned()
	switch {
	case s.silent:
		return 0, 0
	case s.sending != nil:
		rate, n = s.sending(o)
	}
	return interval(rate), n
}

// interval returns the time between events of which there are rate per second.
func interval(rate float64) time.Duration {
	return time.Duration(float64(time.Second) / rate)
}
