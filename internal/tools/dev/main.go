// Command dev runs the server and Vite together until Ctrl-C, and rebuilds the server whenever a Go or
// SQL file changes: make dev.
package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	binary = "bin/chillin-dev"
	look   = 500 * time.Millisecond
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "dev: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	vite := exec.CommandContext(ctx, "./node_modules/.bin/vite")
	vite.Dir, vite.Stdout, vite.Stderr = "web", os.Stdout, os.Stderr
	vite.Cancel = func() error { return vite.Process.Signal(syscall.SIGTERM) }
	if err := vite.Start(); err != nil {
		return fmt.Errorf("start Vite: %w", err)
	}
	// Vite has already printed its error.
	defer func() { _ = vite.Wait() }()

	tick := time.NewTicker(look)
	defer tick.Stop()
	var server *exec.Cmd
	var seen time.Time
	for {
		newest, err := newestSource()
		if err != nil {
			return err
		}
		if newest.After(seen) {
			seen = newest
			server = rebuild(ctx, server)
		}
		select {
		case <-ctx.Done():
			end(server)
			return nil
		case <-tick.C:
		}
	}
}

// rebuild builds the server and starts it in place of old. If the build fails, old keeps running.
func rebuild(ctx context.Context, old *exec.Cmd) *exec.Cmd {
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/chillin")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		return old
	}
	end(old)
	// Without ctx: end shuts it down.
	server := exec.Command(binary)
	server.Stdout, server.Stderr = os.Stdout, os.Stderr
	if err := server.Start(); err != nil {
		fmt.Fprintf(os.Stderr, "dev: start the server: %v\n", err)
		return nil
	}
	return server
}

// end stops the server and waits for it. At a terminal, Ctrl-C also reaches it directly; a second
// signal is harmless.
func end(server *exec.Cmd) {
	if server == nil {
		return
	}
	_ = server.Process.Signal(syscall.SIGTERM)
	_ = server.Wait()
}

// newestSource returns the time of the last change to a source of the server.
func newestSource() (newest time.Time, err error) {
	for _, root := range []string{"cmd", "internal", "migrations", "go.mod", ".env"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !isSource(path) {
				return nil //nolint:nilerr // a file may disappear during the walk
			}
			if info, err := d.Info(); err == nil && info.ModTime().After(newest) {
				newest = info.ModTime()
			}
			return nil
		})
		if err != nil {
			return time.Time{}, fmt.Errorf("find changes: %w", err)
		}
	}
	return newest, nil
}

func isSource(path string) bool {
	switch filepath.Ext(path) {
	case ".go":
		return !strings.HasSuffix(path, "_test.go")
	case ".sql", ".mod", ".env":
		return true
	}
	return false
}
