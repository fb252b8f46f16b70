package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/chillin-chat/chillin/internal/load"
)

const loadUsage = `What a chat carries, measured from outside:

  chillin load                  on a node of its own, with data that is thrown away
  chillin load -url URL         on the server at URL; the rooms that it makes there it removes

Clients sit in rooms; messages are sent at their times, however slow the answers
are; each client checks that all come, once and in order. Times count from when a
message was to be sent; "sent late" is this tool's own part of them. A bare write is
that of a loop which does nothing else, to as many sockets, right after. Memory for
each client is right on a server that has just started.

  -clients 500     connections, each in one room
  -rooms 5         as many rooms
  -rate 20         messages a second, in all rooms together
  -for 30s         how long they are sent
  -seed 1          decides which client sends when
  -json            print the report as JSON
  -metrics URL     with -url, where the server is on this machine: its METRICS_ADDR,
                   as http://127.0.0.1:9090/metrics, for its processor and memory
  -yes-this-is-my-server
                   with -url, where the server is not on this machine

The server's limits hold for the run: where they do not allow it, it says which variable
raises them. Exit code: 0 all came, 1 something did not or nothing was measured, 2 not
understood.
`

// measure is chillin load. What is under way it tells on stderr.
func measure(ctx context.Context, args []string, out io.Writer) error {
	o, asJSON, err := loadOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(out, loadUsage)
		return err
	}
	if err != nil {
		return misuse{err.Error() + "\n" + loadUsage}
	}
	var report *load.Report
	if o.URL == "" {
		report, err = onThrowaway(ctx, o)
	} else {
		report, err = load.Run(ctx, o)
	}
	if report == nil {
		return err
	}
	write := report.Write
	if asJSON {
		write = func(out io.Writer) error { return json.NewEncoder(out).Encode(report) }
	}
	return errors.Join(write(out), report.Err(), err)
}

func loadOptions(args []string) (o load.Options, asJSON bool, err error) {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.URL, "url", "", "")
	flags.StringVar(&o.Metrics, "metrics", "", "")
	flags.BoolVar(&o.Mine, "yes-this-is-my-server", false, "")
	flags.IntVar(&o.Clients, "clients", 500, "")
	flags.IntVar(&o.Rooms, "rooms", 5, "")
	flags.Float64Var(&o.Rate, "rate", 20, "")
	flags.DurationVar(&o.For, "for", 30*time.Second, "")
	flags.Uint64Var(&o.Seed, "seed", 1, "")
	flags.BoolVar(&asJSON, "json", false, "")
	o.Progress = os.Stderr
	switch err := flags.Parse(args); {
	case err != nil:
		return o, asJSON, err
	case flags.NArg() > 0:
		return o, asJSON, fmt.Errorf("load takes no %q", flags.Arg(0))
	case o.URL == "" && (o.Metrics != "" || o.Mine):
		return o, asJSON, errors.New("-metrics and -yes-this-is-my-server go with -url")
	}
	checked := o
	if o.URL == "" {
		checked.URL = "http://localhost" // of the node to come
	}
	return o, asJSON, checked.Check()
}
