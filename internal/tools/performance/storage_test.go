package main

import (
	"maps"
	"testing"
)

func TestParseBenchmarks(t *testing.T) {
	const output = `goos: linux
BenchmarkAppendLone-2   	      20	  52000000 ns/op	       620.5 floor-server-µs/message	         1.25 times-the-floor
BenchmarkHistory/postgres/before_the_middle-16         	    1000	    812345 ns/op
PASS
`
	found, err := parseBenchmarks(output)
	if err != nil {
		t.Fatal(err)
	}
	want := []Benchmark{
		{"AppendLone", map[string]float64{"ns/op": 52000000, "floor-server-µs/message": 620.5, "times-the-floor": 1.25}},
		{"History/postgres/before_the_middle", map[string]float64{"ns/op": 812345}},
	}
	if len(found) != len(want) {
		t.Fatalf("benchmarks = %+v, want %+v", found, want)
	}
	for i, b := range found {
		if b.Name != want[i].Name || !maps.Equal(b.Metrics, want[i].Metrics) {
			t.Errorf("benchmark = %+v, want %+v", b, want[i])
		}
	}
	if _, err := parseBenchmarks("PASS\n"); err == nil {
		t.Error("no error for an output without benchmarks")
	}
	const table = "| benchmark | measured |  | target |\n|---|---:|---|---|\n" +
		"| AppendLone | 1.25 | × the CPU of Postgres for two bare statements | ≤ 1.3, reached |\n" +
		"| History/postgres/before the middle | 0.81 | ms | ≤ 2, reached |\n"
	if got := storageTable(rows{storageRow: {Benchmarks: found}}); got != table {
		t.Errorf("table = %q, want %q", got, table)
	}
}
