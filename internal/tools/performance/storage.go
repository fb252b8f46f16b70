package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// storageRow is the row of the benchmarks of the store. It is measured only if it is named, because
// filling tables with a million messages takes longer than all other rows.
const storageRow = "storage"

// benchmarks are the arguments of go test that measure the row.
var benchmarks = [][]string{
	{"./internal/store", "-bench=^BenchmarkAppendLone$", "-benchtime=20x"},
	{"./internal/store", "-bench=^BenchmarkAppend$", "-benchtime=10x"},
	{"./internal/store", "-bench=^Benchmark(History|Search)$", "-messages=1000000"},
	{"./internal/cache", "-bench=^BenchmarkNewest$"},
}

// benchmarkTargets are the targets of the benchmarks whose name is or continues a name. Others have none
// and are not shown.
var benchmarkTargets = []struct {
	name, metric string
	scale        float64 // of the metric in the unit
	unit         string
	limit        float64
}{
	{"AppendLone", "times-the-floor", 1, "× the CPU of Postgres for two bare statements", 1.3},
	{"Append/postgres", "times-the-floor", 1, "× the time of a bare batch", 2},
	{"Append/sqlite", "times-the-floor", 1, "× the time of a bare batch", 1.5},
	{"Newest/with", "ns/op", 1e-6, "ms", 0.3},
	{"History", "ns/op", 1e-6, "ms", 2},
	{"Search", "ns/op", 1e-6, "ms", 150},
}

// Benchmark is the result of a Go benchmark.
type Benchmark struct {
	Name    string             `json:"name"`    // without "Benchmark" and the number of processors
	Metrics map[string]float64 `json:"metrics"` // by unit
}

func measureStorage(ctx context.Context, _ *harness, row *Row) error {
	row.Benchmarks = nil
	for _, arguments := range benchmarks {
		cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-run=^$", "-timeout=3h"}, arguments...)...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("run the benchmarks of %s: %w\n%s", arguments[0], err, out.String())
		}
		found, err := parseBenchmarks(out.String())
		if err != nil {
			return err
		}
		row.Benchmarks = append(row.Benchmarks, found...)
	}
	return nil
}

var processors = regexp.MustCompile(`-\d+$`)

// parseBenchmarks parses the output of go test -bench: lines of a name, the number of iterations, and pairs
// of a value and its unit.
func parseBenchmarks(output string) (found []Benchmark, err error) {
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := processors.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")
		b := Benchmark{Name: name, Metrics: map[string]float64{}}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("parse benchmark line %q: %w", line, err)
			}
			b.Metrics[fields[i+1]] = value
		}
		found = append(found, b)
	}
	if found == nil {
		return nil, errors.New("parse benchmarks: the output has none")
	}
	return found, nil
}

func storageTable(all rows) string {
	row, found := all[storageRow]
	if !found {
		return ""
	}
	t := newTable(":benchmark", "measured", ":", ":target")
	for _, b := range row.Benchmarks {
		for _, target := range benchmarkTargets {
			if b.Name == target.name || strings.HasPrefix(b.Name, target.name+"/") {
				value := b.Metrics[target.metric] * target.scale
				t.row(strings.ReplaceAll(b.Name, "_", " "), figure(value), target.unit, atMost(value, target.limit))
			}
		}
	}
	return t.String()
}
