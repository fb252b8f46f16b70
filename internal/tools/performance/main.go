// Command performance measures the server on this machine: CPU time, latency and memory under the
// workloads of docs/performance.md. It starts the servers itself, on loopback, and ends only those.
//
//	go run ./internal/tools/performance [flags]
//
// Measured rows are stored as JSON. The tables are made from all stored rows, so that rows can be
// measured one after the other. They are printed, and inserted into the document.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// harness measures rows.
type harness struct {
	binary     string
	results    string        // folder of the stored rows
	repeat     int           // runs of rows that are repeated
	seconds    time.Duration // how long messages are sent in a run
	idle       time.Duration // how long idle connections are measured
	endurance  time.Duration
	only       []string // names of rows and groups; empty for all except long ones
	markdown   string   // file for the tables, or ""
	document   string   // file with markers for the tables, or ""
	plot       string   // file for the image of latency against rate, or ""
	out, notes io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	h := parse()
	if err := errors.Join(h.measure(ctx), h.report()); err != nil {
		fmt.Fprintf(os.Stderr, "performance: %v\n", err)
		os.Exit(1)
	}
}

func parse() *harness {
	h := &harness{out: os.Stdout, notes: os.Stderr}
	var only string
	flag.StringVar(&h.binary, "binary", filepath.Join("bin", "chillin"), "`path` of chillin")
	flag.StringVar(&h.results, "results", filepath.Join(".cache", "performance"), "`folder` of the stored rows")
	flag.StringVar(&only, "only", "", "`rows` and groups to measure, such as B,scaling-1-5000,entering; or none, only to make the tables again (default: all except endurance and storage)")
	flag.IntVar(&h.repeat, "repeat", 3, "runs of rows other than scaling; tables contain medians")
	flag.DurationVar(&h.seconds, "for", 20*time.Second, "how long messages are sent in each run")
	flag.DurationVar(&h.idle, "idle", 15*time.Second, "how long idle connections are measured")
	flag.DurationVar(&h.endurance, "endurance", time.Hour, "how long the row endurance takes")
	flag.StringVar(&h.markdown, "markdown", "", "also write the tables into this `file`")
	flag.StringVar(&h.document, "document", "", "insert the tables into this `file`, between its markers")
	flag.StringVar(&h.plot, "plot", "", "write the image of latency against rate into this `file` (SVG)")
	flag.Parse()
	if only != "" {
		h.only = strings.Split(only, ",")
	}
	return h
}

// measure measures and stores the chosen rows. A failed row does not prevent the next.
func (h *harness) measure(ctx context.Context) (err error) {
	if h.binary, err = filepath.Abs(h.binary); err != nil {
		return fmt.Errorf("find chillin: %w", err)
	}
	chosen, err := choose(jobs(), h.only)
	if err != nil {
		return err
	}
	var errs []error
	began := time.Now()
	// Repetitions alternate between the rows, so that a disturbance does not affect all of one.
	for round := range max(h.repeat, 1) {
		for _, j := range chosen {
			if round > 0 && j.once || ctx.Err() != nil {
				continue
			}
			fmt.Fprintf(h.notes, "%s %s: run %d\n", time.Since(began).Round(time.Second), j.row.Name, round+1)
			if round == 0 {
				j.row.Machine = thisMachine(ctx, h.binary)
			}
			if err := j.measure(ctx, h, &j.row); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", j.row.Name, err))
				continue
			}
			errs = append(errs, j.row.store(h.results))
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// report makes the tables of the stored rows.
func (h *harness) report() error {
	all, err := readRows(h.results)
	if err != nil {
		return err
	}
	sections, err := sectionsOf(all)
	if err != nil {
		fmt.Fprintf(h.notes, "%v\n", err)
	}
	var text strings.Builder
	for _, s := range sections {
		fmt.Fprintf(&text, "## %s\n\n%s\n\n", s.heading, strings.TrimSpace(s.text))
	}
	if _, err := io.WriteString(h.out, text.String()); err != nil {
		return fmt.Errorf("print the tables: %w", err)
	}
	if h.markdown != "" {
		if err := os.WriteFile(h.markdown, []byte(text.String()), 0o644); err != nil {
			return fmt.Errorf("write the tables: %w", err)
		}
	}
	if h.plot != "" {
		if err := plotRates(h.plot, all); err != nil {
			return err
		}
	}
	if h.document != "" {
		return updateDocument(h.document, sections)
	}
	return nil
}

// withStack calls fn with new servers.
func (h *harness) withStack(nodes int, fn func(*stack) error) (err error) {
	s, err := startStack(h.binary, nodes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	return fn(s)
}
