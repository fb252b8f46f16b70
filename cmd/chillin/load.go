package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/load"
)

const loadLong = `Load measures from outside what a chat carries. Without --url it starts a node of its own
with data that is thrown away. With --url it measures the server there and removes the
rooms that it made.

Clients join rooms; messages are sent at their times, however slow the answers are. Each
client checks that all of them arrive, once and in order. Times count from when a message
was due; "sent late" is this tool's own part of them. "A plain write" is the cost of a loop
that does nothing else, to as many sockets, right after. Memory per client is correct on a
server that has just started.

Scenarios, with what they do unless flags say otherwise:
%s
The server's limits apply. If they do not allow the run, the error names the variable that
raises them. Exit code 0 means that everything arrived, 1 that something did not or that
nothing was measured.`

// loadHelp returns the description of the command with all scenarios.
func loadHelp() string {
	var list strings.Builder
	for _, s := range load.Scenarios() {
		fmt.Fprintf(&list, "  %-13s %s (%s)\n", s.Name, s.Summary, s.Defaults)
	}
	return fmt.Sprintf(loadLong, list.String())
}

// loadOutput is how a load test reports.
type loadOutput struct {
	asJSON bool
	plot   string // file for an image of latency against rate; "" for none
}

func loadCommand() *cobra.Command {
	o := load.Options{Progress: os.Stderr}
	var output loadOutput
	c := &cobra.Command{
		Use:   "load",
		Short: "Measure the capacity of this machine or of a server",
		Long:  loadHelp(),
		Args:  arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			o.SetDefaults(c.Flags().Changed)
			if err := errors.Join(checkLoadFlags(c.Flags().Changed, output), checkLoad(o)); err != nil {
				return &usageError{c, err.Error()}
			}
			return measure(c.Context(), o, output, c.OutOrStdout())
		},
	}
	addLoadFlags(c, &o, &output)
	return c
}

func addLoadFlags(c *cobra.Command, o *load.Options, output *loadOutput) {
	flags := c.Flags()
	flags.StringVar(&o.Scenario, "scenario", "steady", "`name` of what is measured, see above")
	flags.IntVar(&o.Clients, "clients", 0, "connections, each in one room")
	flags.IntVar(&o.PerUser, "connections-per-user", 0, "connections of each guest, at most 20 (default 20, in storm 1, in slow-readers 10)")
	flags.IntVar(&o.Rooms, "rooms", 0, "number of rooms")
	flags.Float64Var(&o.Rate, "rate", 0, "messages per second, in all rooms together (in history: pages)")
	flags.Float64SliceVar(&o.Rates, "rates", nil, "measure once at each of these `rates`, such as 50,100,200")
	flags.Lookup("rates").DefValue = "" // the library prints "[]"
	flags.DurationVar(&o.For, "for", 0, "how long to send messages, such as 30s")
	flags.IntVar(&o.Fill, "fill", 0, "in history: number of messages in each room (default 1000)")
	flags.BoolVar(&o.Immediately, "reconnect-immediately", false, "disconnected clients reconnect at once, without the random delay of browsers")
	flags.StringVar(&o.ReturnTo, "return-to", "", "in storm: disconnected clients return to this `URL`, which the others use from the\nbeginning: the server at --url may be stopped")
	flags.Uint64Var(&o.Seed, "seed", 1, "`seed` of the random choice of senders")
	flags.BoolVar(&output.asJSON, "json", false, "print the report as JSON, with --rates an array of reports")
	flags.StringVar(&output.plot, "plot", "", "with --rates: write an image of latency against rate into this `file` (SVG)")
	flags.StringArrayVar(&o.URLs, "url", nil, "measure the server at this `URL`; repeat it for several nodes")
	flags.StringArrayVar(&o.Metrics, "metrics", nil, "with --url, if the server is on this machine: the `URL` of its metrics,\nsuch as http://127.0.0.1:9090/metrics, to report its CPU time and memory;\nrepeat it for several nodes")
	flags.StringArrayVar(&o.Sources, "source", nil, "connect from this local `address`; repeat it for more than 28,000 connections")
	flags.StringVar(&o.Profiles, "profiles", "", "write CPU, heap and mutex profiles of the (first) server into this `folder`")
	flags.BoolVar(&o.Mine, "yes-this-is-my-server", false, "confirm --url if the server is not on this machine")
}

// checkLoadFlags returns the errors of flags that depend on each other.
func checkLoadFlags(changed func(flag string) bool, output loadOutput) error {
	var faults []error
	if changed("rates") && changed("rate") {
		faults = append(faults, errors.New("--rate and --rates exclude each other"))
	}
	if output.plot != "" && !changed("rates") {
		faults = append(faults, errors.New("--plot requires --rates"))
	}
	return errors.Join(faults...)
}

func checkLoad(o load.Options) error {
	if len(o.URLs) == 0 {
		if len(o.Metrics) > 0 || o.ReturnTo != "" || o.Mine {
			return errors.New("--metrics, --return-to and --yes-this-is-my-server require --url")
		}
		o.URLs, o.Metrics = []string{"http://localhost"}, []string{"http://localhost/metrics"} // placeholders for the node that is started later
	}
	return o.Check()
}

// measure runs the load tests and writes their reports to out. Progress goes to stderr.
func measure(ctx context.Context, o load.Options, output loadOutput, out io.Writer) error {
	if output.plot != "" { // a file that cannot be written is reported before a long run
		file, err := os.Create(output.plot)
		if err != nil {
			return fmt.Errorf("--plot: %w", err)
		}
		file.Close()
	}
	start := load.RunSeries
	if len(o.URLs) == 0 {
		start = measureTemporaryNode
	}
	reports, err := start(ctx, o)
	if len(reports) == 0 {
		if output.plot != "" {
			os.Remove(output.plot)
		}
		return err
	}
	faults := []error{output.write(o, reports, out)}
	for _, report := range reports {
		faults = append(faults, report.Err())
	}
	return errors.Join(append(faults, err)...)
}

// write writes the reports and the plot.
func (w loadOutput) write(o load.Options, reports []*load.Report, out io.Writer) error {
	var err error
	switch {
	case w.asJSON && len(o.Rates) > 0:
		err = json.NewEncoder(out).Encode(reports)
	case w.asJSON:
		err = json.NewEncoder(out).Encode(reports[0])
	default:
		for i, report := range reports {
			if i > 0 {
				fmt.Fprintln(out)
			}
			err = errors.Join(err, report.Write(out))
		}
	}
	if w.plot == "" {
		return err
	}
	return errors.Join(err, writePlot(w.plot, reports))
}

func writePlot(path string, reports []*load.Report) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	first := reports[0]
	title := fmt.Sprintf("chillin load, %s: %d clients in %d rooms", first.Scenario, first.Clients, first.Rooms)
	if err := errors.Join(load.Plot(file, title, reports), file.Close()); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}
