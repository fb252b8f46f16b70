package load

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Write prints the report as a table.
func (r *Report) Write(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { fmt.Fprintf(table, format+"\n", args...) }
	r.writeClients(row)
	if r.Messages.Sent > 0 {
		r.writeMessages(row)
	}
	for _, s := range r.sections() {
		s.write(row)
	}
	if s := r.Server; s != nil {
		row("server\t%s", s)
	}
	if r.ToolMicros > 0 {
		row("this tool\t%.1f µs of CPU per delivery", r.ToolMicros)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	rows := r.latencies()
	if len(rows) == 0 {
		return nil
	}
	table.Init(out, 10, 0, 2, ' ', tabwriter.AlignRight)
	row("\nms\tp50\tp99\tp99.9\tmax\t")
	for _, l := range rows {
		row("%s\t%.2f\t%.2f\t%.2f\t%.2f\t", l.name, l.P50, l.P99, l.P999, l.Max)
	}
	return table.Flush()
}

func (r *Report) writeClients(row func(format string, args ...any)) {
	again, rate := "", ""
	if r.TriedAgain > 0 {
		again = fmt.Sprintf(", postponed %d times", r.TriedAgain)
	}
	if r.Rate > 0 {
		rate = fmt.Sprintf(", %g per second", r.Rate)
	}
	row("scenario\t%s%s", r.Scenario, rate)
	row("clients\t%d in %d rooms, connected in %.2f s%s", r.Clients, r.Rooms, r.ConnectSeconds, again)
	if e := r.Entering; e != nil {
		row("entering\t%.0f guests per second, with %.0f connections each", e.GuestsPerSecond, per(float64(e.Connections), float64(e.Guests)))
	}
	row("lost\t%d connections%s", sum(r.Lost), named(r.Lost))
}

func (r *Report) writeMessages(row func(format string, args ...any)) {
	m, d := r.Messages, r.Deliveries
	row("messages\t%d sent, %d confirmed, %d refused%s, %d without a response; %.0f per second",
		m.Sent, m.Confirmed, sum(m.Refused), named(m.Refused), m.Unanswered, m.PerSecond)
	row("deliveries\t%d of %d bytes, %.0f per second, %.1f per frame", d.Count, d.Bytes, d.PerSecond, d.PerFrame)
	row("guarantees\t%d missing, %d twice, %d out of order", d.Missing, d.Twice, d.OutOfOrder)
}

// latencies returns the rows of the table of latencies. Without messages there are only those of the
// scenario.
func (r *Report) latencies() (all []namedLatency) {
	if r.Messages.Sent > 0 {
		all = append(all, namedLatency{"confirmed", r.Confirmed}, namedLatency{"delivered", r.Delivered})
	}
	for _, s := range r.sections() {
		all = append(all, s.latencies()...)
	}
	if r.Messages.Sent > 0 {
		all = append(all, namedLatency{"sent late", r.Late})
	}
	return all
}

// String describes the cost.
func (s *Server) String() string {
	var parts []string
	if s.Micros > 0 {
		part := fmt.Sprintf("%.1f µs of CPU per delivery", s.Micros)
		if s.FloorMicros > 0 {
			part += fmt.Sprintf(", %.1f × a plain write (%.1f µs)", s.Ratio, s.FloorMicros)
		}
		parts = append(parts, part)
	}
	if s.MessageMicros > 0 {
		parts = append(parts, fmt.Sprintf("%.0f µs of CPU per message", s.MessageMicros))
	}
	return strings.Join(append(parts, fmt.Sprintf("%.1f KiB more per client", s.ConnBytes/1024)), "; ")
}

// named formats counts, if there are any.
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
