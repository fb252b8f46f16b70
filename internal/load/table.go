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
	m, d := r.Messages, r.Deliveries
	again := ""
	if r.TriedAgain > 0 {
		again = fmt.Sprintf(", postponed %d times", r.TriedAgain)
	}
	row("clients\t%d in %d rooms, connected in %.2f s%s", r.Clients, r.Rooms, r.ConnectSeconds, again)
	row("messages\t%d sent, %d confirmed, %d refused%s, %d without a response", m.Sent, m.Confirmed, sum(m.Refused), named(m.Refused), m.Unanswered)
	row("deliveries\t%d of %d bytes, %.0f per second, %.1f per frame", d.Count, d.Bytes, d.PerSecond, d.PerFrame)
	row("guarantees\t%d missing, %d twice, %d out of order, %d connections lost%s", d.Missing, d.Twice, d.OutOfOrder, sum(r.Lost), named(r.Lost))
	if s := r.Server; s != nil {
		floor := ""
		if s.FloorMicros > 0 {
			floor = fmt.Sprintf(", %.1f × a plain write (%.1f µs)", s.Ratio, s.FloorMicros)
		}
		row("server\t%.1f µs of CPU per delivery%s; %.1f KiB more per client", s.Micros, floor, s.ConnBytes/1024)
	}
	row("this tool\t%.1f µs of CPU per delivery", r.ToolMicros)
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
