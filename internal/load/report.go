package load

import (
	"errors"
	"fmt"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Report is the result of a run. Times are in milliseconds unless stated otherwise.
type Report struct {
	Scenario string   `json:"scenario"`
	URL      string   `json:"url"`            // the first
	URLs     []string `json:"urls,omitempty"` // all, if there are several
	Clients  int      `json:"clients"`
	Rooms    int      `json:"rooms"`
	Rate     float64  `json:"rate"` // messages (in history: pages) per second, planned
	Seconds  float64  `json:"seconds"`
	Seed     uint64   `json:"seed"`

	Entering       *Entering      `json:"entering,omitempty"` // in the first report of a series
	ConnectSeconds float64        `json:"connectSeconds"`     // until all clients have joined
	TriedAgain     int            `json:"triedAgain"`         // connection attempts that the server postponed
	Lost           map[string]int `json:"lost"`               // connections that ended, by reason

	Messages   Messages   `json:"messages"`
	Deliveries Deliveries `json:"deliveries"`

	Confirmed Latency `json:"confirmed"` // from the planned time to the response
	Delivered Latency `json:"delivered"` // from the planned time to each member that is not disturbed
	Late      Latency `json:"late"`      // from the planned time to the send: the delay of this tool

	ToolMicros float64 `json:"toolMicros"`       // µs of CPU time of this tool per delivery
	Server     *Server `json:"server,omitempty"` // if its metrics could be read

	Idle        *Idle        `json:"idle,omitempty"`
	CrossNode   *CrossNode   `json:"crossNode,omitempty"` // if there are several addresses
	Storm       *Storm       `json:"storm,omitempty"`
	SlowReaders *SlowReaders `json:"slowReaders,omitempty"`
	History     *History     `json:"history,omitempty"`
}

// section is the part of a report that one scenario adds.
type section interface {
	// write adds the lines of the table.
	write(row func(format string, args ...any))
	latencies() []namedLatency
	violations() []violation
}

// namedLatency is a row of the table of latencies.
type namedLatency struct {
	name string
	Latency
}

// violation is a number of violated guarantees, or 0.
type violation struct {
	count int
	what  string
}

// sections returns the sections that the report has.
func (r *Report) sections() (all []section) {
	if r.Idle != nil {
		all = append(all, r.Idle)
	}
	if r.CrossNode != nil {
		all = append(all, r.CrossNode)
	}
	if r.Storm != nil {
		all = append(all, r.Storm)
	}
	if r.SlowReaders != nil {
		all = append(all, r.SlowReaders)
	}
	if r.History != nil {
		all = append(all, r.History)
	}
	return all
}

// Entering is how fast new guests entered: registered, became members of their rooms and connected. Each
// guest has Connections/Guests connections. Creating the rooms is not included.
type Entering struct {
	Guests      int `json:"guests"`
	Memberships int `json:"memberships"`
	Connections int `json:"connections"`

	GuestsPerSecond      float64 `json:"guestsPerSecond"` // by the time of all three steps
	RegisteredPerSecond  float64 `json:"registeredPerSecond"`
	MembershipsPerSecond float64 `json:"membershipsPerSecond"`
	ConnectionsPerSecond float64 `json:"connectionsPerSecond"` // connected and joined
}

// Messages counts the sent messages.
type Messages struct {
	Sent       int               `json:"sent"`
	Confirmed  int               `json:"confirmed"`
	PerSecond  float64           `json:"perSecond"` // confirmed
	Refused    map[chat.Code]int `json:"refused"`
	Unanswered int               `json:"unanswered"`
}

// Deliveries counts the received messages: each once per client in its room.
type Deliveries struct {
	Count     int     `json:"count"`
	PerSecond float64 `json:"perSecond"`
	Bytes     int     `json:"bytes"`              // of one
	PerFrame  float64 `json:"perFrame"`           // deliveries per frame
	CaughtUp  int     `json:"caughtUp,omitempty"` // of Count, those that a client received by catching up

	Missing    int `json:"missing"`
	Twice      int `json:"twice"`
	OutOfOrder int `json:"outOfOrder"`
}

// Latency is a distribution, in milliseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Server is the cost of the run to the servers, all together.
type Server struct {
	Micros        float64 `json:"micros"`                // µs of CPU time per delivery, including everything that led to it
	MessageMicros float64 `json:"messageMicros"`         // µs of CPU time per confirmed message, likewise
	CPUSeconds    float64 `json:"cpuSeconds"`            // of the whole run
	FloorMicros   float64 `json:"floorMicros,omitempty"` // µs of one plain write of as many bytes, as often, to as many sockets
	Ratio         float64 `json:"ratio,omitempty"`       // of Micros and FloorMicros
	ConnBytes     float64 `json:"connBytes"`             // resident memory per additional connection
}

// Err returns an error that lists the violated guarantees. Refusals are not violations.
func (r *Report) Err() error {
	all := []violation{
		{r.Deliveries.Missing, "deliveries missing"}, {r.Deliveries.Twice, "twice"}, {r.Deliveries.OutOfOrder, "out of order"},
		{r.Messages.Unanswered, "messages without a response"}, {sum(r.Lost), "connections lost"},
	}
	for _, s := range r.sections() {
		all = append(all, s.violations()...)
	}
	var broken []string
	for _, v := range all {
		if v.count > 0 {
			broken = append(broken, fmt.Sprintf("%d %s", v.count, v.what))
		}
	}
	if broken == nil {
		return nil
	}
	return errors.New("guarantees violated: " + strings.Join(broken, ", "))
}

func sum[K comparable](counts map[K]int) (n int) {
	for _, count := range counts {
		n += count
	}
	return n
}
