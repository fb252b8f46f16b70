// Command chillin is the chat server and its administration tools.
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

// Exit codes of all commands.
const (
	exitFailed = 1 // the command failed
	exitUsage  = 2 // the command line is invalid; nothing was done
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
