package chaos

import (
	"fmt"
	"strings"
	"time"
)

// Table formats results as a Markdown table.
func Table(results []Result, seed uint64) string {
	var b strings.Builder
	b.WriteString("| scenario | sent | confirmed | changed | lost | duplicated | reordered | slowest confirmation | delivery p99 | recovery | result |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n")
	for _, r := range results {
		verdict := "holds"
		switch {
		case r.Err != nil:
			verdict = "did not finish"
		case len(r.Violations) > 0:
			verdict = fmt.Sprintf("%d violations", len(r.Violations))
		case len(r.Complaints) > 0:
			verdict = "out of bounds"
		}
		f := r.Figures
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d | %s | %s | %s | %s |\n", r.Name, f.Sent, f.Confirmed, f.Changed,
			f.Lost, f.Twice, f.Reordered, short(f.SlowestConfirm), short(f.P99Delivery), short(f.Recovery), verdict)
	}
	fmt.Fprintf(&b, "\nSeed %d. Changed are confirmed edits, deletions and reactions. Delivery is from the sender's confirmation to the event at others, during the fault.\n"+
		"A message that was sent but not confirmed was refused, or its sender left the room or stopped permanently.\n", seed)
	return b.String()
}

func short(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
