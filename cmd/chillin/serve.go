package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/version"
)

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the chat (the default)",
		Args:  arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return serve(c.Context(), c.OutOrStdout())
		},
	}
}

// loggedError is an error that is already in the log.
type loggedError struct{ error }

// serve runs a node until ctx ends. With LOG_FORMAT=json it writes only JSON, including the error with
// which it ended.
func serve(ctx context.Context, out io.Writer) error {
	c, err := settings()
	if err != nil {
		return logFailure(configuredFormat(), err)
	}
	return logFailure(c.LogFormat, runNode(ctx, c, out))
}

// configuredFormat returns the log format even if other settings are invalid.
func configuredFormat() config.LogFormat {
	env, err := config.Environment(".env")
	if err != nil {
		return config.LogText
	}
	format, _ := env.Lookup("LOG_FORMAT")
	return config.LogFormat(strings.ToLower(strings.TrimSpace(format)))
}

// logFailure logs the error with which a node ended if the log format is JSON.
func logFailure(format config.LogFormat, err error) error {
	if err == nil || format != config.LogJSON {
		return err
	}
	newLog(config.Config{LogFormat: format}).Error("chillin failed", "err", err)
	return loggedError{err}
}

func runNode(ctx context.Context, c config.Config, out io.Writer) error {
	log, build := newLog(c), version.Read()
	log.Info("starting", "version", build.Version, "commit", build.Commit, "go", build.Go)
	if err := warnOfUnknownKeys(log); err != nil {
		return err
	}
	app.AddSpareThread()
	app.LimitMemory(memlimit.FromCgroup, log)
	node, err := app.New(ctx, c, log)
	switch {
	case errors.Is(err, context.Canceled):
		return nil // canceled before the node served
	case err != nil:
		return err
	}
	node.LogLibraries()
	if c.LogFormat == config.LogText {
		printGreeting(out, c, node.Addr().String())
	}
	return node.Run(ctx)
}

// warnOfUnknownKeys logs unknown settings, which may be typing errors.
func warnOfUnknownKeys(log *slog.Logger) error {
	env, err := config.Environment(".env")
	if err != nil {
		return err
	}
	for _, u := range env.UnknownKeys() {
		log.Warn("unknown setting", "variable", u.Key, "similar", u.Similar)
	}
	return nil
}

// printGreeting prints the address of the chat and the location of its data.
func printGreeting(out io.Writer, c config.Config, addr string) {
	port := addr[strings.LastIndex(addr, ":"):]
	fmt.Fprintf(out, "\n  Chillin is at http://localhost%s\n", port)
	if c.Embedded() {
		dir, err := filepath.Abs(c.DataDir)
		if err != nil {
			dir = c.DataDir
		}
		fmt.Fprintf(out, "  Embedded mode: one node, SQLite and files. Data: %s\n\n", dir)
		return
	}
	fmt.Fprintf(out, "  Database: %s. Event bus: %s. Files: %s.\n\n", c.Database.Engine, busName(c), c.Storage.Kind)
}

func busName(c config.Config) string {
	if c.Redis.Enabled() {
		return "Redis"
	}
	return "in process (one node)"
}
