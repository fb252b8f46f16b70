package main

import (
	"fmt"
	"strings"
)

// table is a Markdown table.
type table struct{ text strings.Builder }

// newTable returns a table with a header. Columns whose name begins with a colon are aligned to the left,
// the others to the right.
func newTable(columns ...string) *table {
	t := &table{}
	rules := make([]string, len(columns))
	for i, name := range columns {
		rules[i] = "---:"
		if left, found := strings.CutPrefix(name, ":"); found {
			columns[i], rules[i] = left, "---"
		}
	}
	t.row(columns...)
	t.text.WriteString("|" + strings.Join(rules, "|") + "|\n")
	return t
}

func (t *table) row(cells ...string) { t.text.WriteString("| " + strings.Join(cells, " | ") + " |\n") }

func (t *table) String() string { return t.text.String() }

// figure formats a measured number with about three digits; 0 stands for one that is not known.
func figure(v float64) string {
	switch {
	case v == 0:
		return "–"
	case v < 0.1:
		return fmt.Sprintf("%.2g", v)
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return thousands(v)
}

// split formats a usage and its parts. Without engines it is only that of the node.
func split(u Usage, nodes int) string {
	if nodes == embedded {
		return figure(u.Total())
	}
	return fmt.Sprintf("%s = %s + %s + %s", figure(u.Total()), figure(u.Nodes), figure(u.Postgres), figure(u.Redis))
}

// atMost formats a target and whether it is reached; "–" without a target.
func atMost(measured, limit float64) string {
	switch {
	case limit == 0:
		return "–"
	case measured > limit:
		return fmt.Sprintf("≤ %g, missed", limit)
	}
	return fmt.Sprintf("≤ %g, reached", limit)
}

// atLeast is atMost for targets that are lower limits.
func atLeast(measured, limit float64) string {
	if measured < limit {
		return fmt.Sprintf("≥ %g, missed", limit)
	}
	return fmt.Sprintf("≥ %g, reached", limit)
}

// thousands formats a whole number with commas.
func thousands(v float64) string {
	text := fmt.Sprintf("%.0f", v)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
