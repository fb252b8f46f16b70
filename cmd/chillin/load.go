package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/load"
)

const loadLong = `Load measures from outside what a chat carries. Without --url it starts a node of its own
with data that is thrown away. With --url it measures the server there and removes the
rooms that it made.

Clients join rooms; messages are sent at their times, however slow the answers are. Each
client checks that all of them arrive, once and in order. Times count from when a message
was due; "sent late" is this tool's own part of them. "A bare write" is the cost of a loop
that does nothing else, to as many sockets, right after. Memory per client is correct on a
server that has just started.

The server's limits apply. If they do not allow the run, the error names the variable that
raises them. Exit code 0 means that everything arrived, 1 that something did not or that
nothing was measured.`

func loadCommand() *cobra.Command {
	o := load.Options{Progress: os.Stderr}
	var asJSON bool
	c := &cobra.Command{
		Use:   "load",
		Short: "Measure the capacity of this machine or of a server",
		Long:  loadLong,
		Args:  arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkLoad(o); err != nil {
				return &usageError{c, err.Error()}
			}
			return measure(c.Context(), o, asJSON, c.OutOrStdout())
		},
	}
	flags := c.Flags()
	flags.IntVar(&o.Clients, "clients", 500, "connections, each in one room")
	flags.IntVar(&o.Rooms, "rooms", 5, "number of rooms")
	flags.Float64Var(&o.Rate, "rate", 20, "messages per second, in all rooms together")
	flags.DurationVar(&o.For, "for", 30*time.Second, "how long to send messages")
	flags.Uint64Var(&o.Seed, "seed", 1, "`seed` of the random choice of senders")
	flags.BoolVar(&asJSON, "json", false, "print the report as JSON")
	flags.StringVar(&o.URL, "url", "", "measure the server at this `URL`")
	flags.StringVar(&o.Metrics, "metrics", "", "with --url, if the server is on this machine: the `URL` of its metrics,\nsuch as http://127.0.0.1:9090/metrics, to report its CPU time and memory")
	flags.StringVar(&o.Profiles, "profiles", "", "write CPU, heap and mutex profiles of the server into this `folder`")
	flags.BoolVar(&o.Mine, "yes-this-is-my-server", false, "confirm --url if the server is not on this machine")
	return c
}

func checkLoad(o load.Options) error {
	if o.URL == "" {
		if o.Metrics != "" || o.Mine {
			return errors.New("--metrics and --yes-this-is-my-server require --url")
		}
		o.URL, o.Metrics = "http://localhost", "http://localhost/metrics" // placeholders for the node that is started later
	}
	return o.Check()
}

// measure runs one load test and writes its report to out. Progress goes to stderr.
func measure(ctx context.Context, o load.Options, asJSON bool, out io.Writer) error {
	start := load.Run
	if o.URL == "" {
		start = measureTemporaryNode
	}
	report, err := start(ctx, o)
	if report == nil {
		return err
	}
	write := report.Write
	if asJSON {
		write = func(out io.Writer) error { return json.NewEncoder(out).Encode(report) }
	}
	return errors.Join(write(out), report.Err(), err)
}
