package load

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Report is what a run has found. Times are in milliseconds where nothing else is
// said.
type Report struct {
	URL     string  `json:"url"`
	Clients int     `json:"clients"`
	Rooms   int     `json:"rooms"`
	Rate    float64 `json:"rate"` // messages a second, planned
	Seconds float64 `json:"seconds"`
	Seed    uint64  `json:"seed"`

	ConnectSeconds float64        `json:"connectSeconds"` // until all clients had a seat
	TriedAgain     int            `json:"triedAgain"`     // connections that the server could not take at once
	Lost           map[string]int `json:"lost"`           // those that ended, by why

	Messages   Messages   `json:"messages"`
	Deliveries Deliveries `json:"deliveries"`

	Confirmed Latency `json:"confirmed"` // from the planned time to the answer
	Delivered Latency `json:"delivered"` // from the planned time to each member
	Late      Latency `json:"late"`      // from the planned time to the send: the tool's own fault

	ToolMicros float64 `json:"toolMicros"`       // µs of processor time of this tool for a delivery
	Server     *Server `json:"server,omitempty"` // where its metrics could be asked
}

// Messages counts what was sent.
type Messages struct {
	Sent       int               `json:"sent"`
	Confirmed  int               `json:"confirmed"`
	Refused    map[chat.Code]int `json:"refused"`
	Unanswered int               `json:"unanswered"`
}

// Deliveries counts what came: each message once for each client in its room.
type Deliveries struct {
	Count     int     `json:"count"`
	PerSecond float64 `json:"perSecond"`
	Bytes     int     `json:"bytes"`    // of one
	PerFrame  float64 `json:"perFrame"` // how many came together

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

// Server is what the run cost the server.
type Server struct {
	Micros      float64 `json:"micros"`                // µs of processor time for a delivery, with all that led to it
	FloorMicros float64 `json:"floorMicros,omitempty"` // µs of one bare write of as many bytes, as often, to as many sockets
	Ratio       float64 `json:"ratio,omitempty"`       // of the two
	ConnBytes   float64 `json:"connBytes"`             // resident memory that one more connection took
}

func (h *histogram) latency() Latency {
	ms := func(q float64) float64 { return float64(h.quantile(q)) / float64(time.Millisecond) }
	return Latency{P50: ms(0.5), P99: ms(0.99), P999: ms(0.999), Max: ms(1)}
}

// per is a for each of b, 0 where there are none.
func per(a, b float64) float64 {
	if b <= 0 {
		return 0
	}
	return a / b
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// Err tells what was not as promised. Refusals are no broken promise.
func (r *Report) Err() error {
	var broken []string
	for _, n := range []struct {
		count int
		what  string
	}{
		{r.Deliveries.Missing, "deliveries missing"}, {r.Deliveries.Twice, "twice"}, {r.Deliveries.OutOfOrder, "out of order"},
		{r.Messages.Unanswered, "messages without an answer"}, {sum(r.Lost), "connections lost"},
	} {
		if n.count > 0 {
			broken = append(broken, fmt.Sprintf("%d %s", n.count, n.what))
		}
	}
	if broken == nil {
		return nil
	}
	return errors.New("not as promised: " + strings.Join(broken, ", "))
}

func sum[K comparable](counts map[K]int) (n int) {
	for _, count := range counts {
		n += count
	}
	return n
}

// Write prints the report as a table.
func (r *Report) Write(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { fmt.Fprintf(table, format+"\n", args...) }
	m, d := r.Messages, r.Deliveries
	again := ""
	if r.TriedAgain > 0 {
		again = fmt.Sprintf(", put off %d times", r.TriedAgain)
	}
	row("clients\t%d in %d rooms, connected in %.2f s%s", r.Clients, r.Rooms, r.ConnectSeconds, again)
	row("messages\t%d sent, %d confirmed, %d refused%s, %d without an answer", m.Sent, m.Confirmed, sum(m.Refused), named(m.Refused), m.Unanswered)
	row("deliveries\t%d of %d bytes, %.0f a second, %.1f in a frame", d.Count, d.Bytes, d.PerSecond, d.PerFrame)
	row("promises\t%d missing, %d twice, %d out of order, %d connections lost%s", d.Missing, d.Twice, d.OutOfOrder, sum(r.Lost), named(r.Lost))
	if s := r.Server; s != nil {
		floor := ""
		if s.FloorMicros > 0 {
			floor = fmt.Sprintf(", %.1f × a bare write (%.1f µs)", s.Ratio, s.FloorMicros)
		}
		row("server\t%.1f µs of processor a delivery%s; %.1f KiB a connection", s.Micros, floor, s.ConnBytes/1024)
	}
	row("this tool\t%.1f µs of processor a delivery", r.ToolMicros)
	if err := table.Flush(); err != nil {
		return err
	}
	table.Init(out, 10, 0, 2, ' ', tabwriter.AlignRight)
	row("\nms\tp50\tp99\tp99.9\tmax\t")
	for _, l := range []struct {
		of string
		Latency
	}{{"confirmed", r.Confirmed}, {"delivered", r.Delivered}, {"sent late", r.Late}} {
		row("%s\t%.2f\t%.2f\t%.2f\t%.2f\t", l.of, l.P50, l.P99, l.P999, l.Max)
	}
	return table.Flush()
}

// named lists what was counted, if anything was.
func named[K ~string](counts map[K]int) string {
	if len(counts) == 0 {
		return ""
	}
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s: %d", what, counts[what]))
	}
	return " (" + strings.Join(parts, ", ") + ")"
}
