// Command chillin serves the chat.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/config"
)

const usage = `Chillin, a chat server.

  chillin                       serve (http://localhost:5000, settings by environment or .env)
  chillin migrate up            bring the database to the newest schema
  chillin migrate down          take the newest schema change back
  chillin migrate status        tell the schema's version
  chillin admin list            show the users; see chillin admin help for what can be done to them
  chillin doctor                check the settings, the engines and this machine; exit code 0 or 1
  chillin load                  tell what this machine carries; see chillin load -h for measuring a server
  chillin health                ask the node on PORT whether it is ready; exit code 0 or 1
  chillin openapi               print the OpenAPI document
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "chillin:", strings.ReplaceAll(err.Error(), "\n", "\n  "))
		if _, misused := errors.AsType[misuse](err); misused {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

// misuse is a command line that cannot be understood: exit code 2.
type misuse struct{ text string }

func (m misuse) Error() string { return m.text }

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("chillin", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			_, err = io.WriteString(out, usage)
		}
		return err
	}
	switch command := flags.Arg(0); command {
	case "", "serve":
		return serve(ctx, out)
	case "migrate":
		return migrate(ctx, flags.Arg(1), out)
	case "admin":
		return admin(ctx, flags.Args()[1:], out)
	case "doctor":
		return examine(ctx, out)
	case "load":
		return measure(ctx, flags.Args()[1:], out)
	case "health":
		return askHealth(ctx, out)
	case "openapi":
		return printOpenAPI(out)
	case "help":
		_, err := io.WriteString(out, usage)
		return err
	default:
		return misuse{fmt.Sprintf("there is no command %q\n%s", command, usage)}
	}
}

func settings() (config.Config, error) {
	env, err := config.Environment(".env")
	if err != nil {
		return config.Config{}, err
	}
	c, err := config.Load(env)
	if err != nil {
		return c, fmt.Errorf("the settings are not right:\n%w", err)
	}
	return c, nil
}

func newLog(c config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == config.LogJSON {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

func serve(ctx context.Context, out io.Writer) error {
	c, err := settings()
	if err != nil {
		return err
	}
	app.SpareProcessor()
	node, err := app.New(ctx, c, newLog(c))
	switch {
	case errors.Is(err, context.Canceled):
		return nil // told to stop before it served
	case err != nil:
		return err
	}
	greet(out, c, node.Addr().String())
	return node.Run(ctx)
}

// greet tells the operator where the chat is and where its data lies.
func greet(out io.Writer, c config.Config, addr string) {
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
	fmt.Fprintf(out, "  Database: %s. Nodes meet in: %s. Files: %s.\n\n", c.Database.Engine, meeting(c), c.Storage.Kind)
}

func meeting(c config.Config) string {
	if c.Redis.Enabled() {
		return "Redis"
	}
	return "this process (one node)"
}
