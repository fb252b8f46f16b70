// Command stack runs a command against the whole product on this machine: nodes of chillin behind
// nginx, on Postgres, Redis and S3.
//
//	go run ./internal/test/env/stack [flags] [-- command …]
//
// The environment of the command contains the address of nginx in BASE_URL, of the nodes in NODE1_URL,
// NODE2_URL, …, their executable in CHILLIN, and the engines in DATABASE_URL (also TEST_DATABASE_URL),
// TEST_REDIS_URL and TEST_S3_*. Stack exits with the command's exit code. Without a command it prints
// the addresses and runs the servers until Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

type options struct {
	cluster testenv.ClusterOptions
	browser bool
	logs    string
	command []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := run(ctx, parse())
	if err != nil {
		fmt.Fprintf(os.Stderr, "stack: %v\n", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func parse() options {
	o := options{cluster: testenv.ClusterOptions{Named: true}}
	flag.IntVar(&o.cluster.Nodes, "nodes", 2, "number of chillin nodes")
	flag.BoolVar(&o.cluster.Durable, "durable", false, "make Postgres sync every commit, for benchmarks")
	flag.BoolVar(&o.cluster.Race, "race", false, "build chillin with the race detector")
	flag.BoolVar(&o.browser, "browser", false, "install Chromium and set CHROMIUM_PATH for the command")
	flag.StringVar(&o.logs, "logs", filepath.Join(".cache", "logs", time.Now().Format("20060102-150405")), "`folder` for the servers' logs")
	flag.Func("env", "`KEY=value` for every node; may be repeated", func(v string) error {
		if !strings.Contains(v, "=") {
			return errors.New("want KEY=value")
		}
		o.cluster.Variables = append(o.cluster.Variables, v)
		return nil
	})
	flag.Parse()
	o.command = flag.Args()
	return o
}

// run starts the servers, runs the command and stops the servers. It returns
// the command's exit code.
func run(ctx context.Context, o options) (code int, err error) {
	environment := os.Environ()
	if o.browser {
		path, err := testenv.Browser()
		if err != nil {
			return 1, err
		}
		environment = append(environment, "CHROMIUM_PATH="+path)
	}
	logs, err := filepath.Abs(o.logs)
	if err != nil {
		return 1, err
	}
	env, err := testenv.Open(logs)
	if err != nil {
		return 1, err
	}
	defer func() {
		if err = errors.Join(err, env.Close()); err != nil || code != 0 {
			fmt.Fprintf(os.Stderr, "stack: the servers' logs are in %s\n", logs)
			return
		}
		_ = os.RemoveAll(logs)
	}()
	cluster, err := env.Cluster(o.cluster)
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, stopCluster(cluster)) }()
	if len(o.command) == 0 {
		fmt.Println(strings.Join(cluster.Command(), "\n"))
		fmt.Println("Running until Ctrl-C; logs in", logs)
		<-ctx.Done()
		return 0, nil
	}
	return execute(ctx, o.command, append(environment, cluster.Command()...))
}

// execute runs command to its end. Ctrl-C in the terminal reaches it as it
// reaches this process; a SIGTERM is forwarded.
func execute(ctx context.Context, command, environment []string) (code int, err error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = environment
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return max(exit.ExitCode(), 1), nil
	}
	if err != nil {
		return 1, fmt.Errorf("run %s: %w", command[0], err)
	}
	return 0, nil
}

func stopCluster(c *testenv.Cluster) error {
	var errs []error
	for _, n := range c.Nodes {
		errs = append(errs, n.Stop())
	}
	return errors.Join(append(errs, c.Release())...)
}
