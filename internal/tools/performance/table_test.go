package main

import "testing"

func TestTable(t *testing.T) {
	table := newTable(":what", "value")
	table.row("a", "1")
	if got, want := table.String(), "| what | value |\n|---|---:|\n| a | 1 |\n"; got != want {
		t.Errorf("table = %q, want %q", got, want)
	}
}

func TestFigure(t *testing.T) {
	for value, want := range map[float64]string{
		0: "–", 0.0123: "0.012", 0.5: "0.50", 9.876: "9.88", 28.46: "28.5", 146: "146", 999: "999", 1000: "1,000", 12345: "12,345", 1234567: "1,234,567",
	} {
		if got := figure(value); got != want {
			t.Errorf("figure(%g) = %q, want %q", value, got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{atMost(3, 3), "≤ 3, reached"}, {atMost(3.1, 3), "≤ 3, missed"}, {atMost(3, 0), "–"},
		{atLeast(600, 600), "≥ 600, reached"}, {atLeast(599, 600), "≥ 600, missed"},
		{split(Usage{28.5, 19, 1.5}, 2), "49.0 = 28.5 + 19.0 + 1.50"}, {split(Usage{Nodes: 28.5}, embedded), "28.5"},
	} {
		if c.got != c.want {
			t.Errorf("text = %q, want %q", c.got, c.want)
		}
	}
}

func TestMedian(t *testing.T) {
	same := func(v float64) float64 { return v }
	for name, c := range map[string]struct {
		values []float64
		want   float64
	}{
		"none": {nil, 0}, "one": {[]float64{7}, 7}, "odd": {[]float64{9, 1, 5}, 5}, "even": {[]float64{4, 1, 9, 2}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got := median(c.values, same); got != c.want {
				t.Errorf("median of %v = %g, want %g", c.values, got, c.want)
			}
		})
	}
}
