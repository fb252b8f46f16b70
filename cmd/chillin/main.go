// Command chillin is the chat server together with the tools of its operator.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes of every command.
const (
	exitFailed = 1 // the command did not do what it was asked to
	exitUsage  = 2 // the command line is not understood; nothing was done
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	if err == nil {
		return
	}
	if _, done := errors.AsType[loggedError](err); !done {
		fmt.Fprintln(os.Stderr, "chillin:", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		os.Exit(exitUsage)
	}
	os.Exit(exitFailed)
}
