package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/version"
)

// newRoot returns the root command, which writes to out. Each command is a function that returns a
// *cobra.Command with Use, Short, Args and RunE; add it to the list below. Use group for a command with
// subcommands.
func newRoot(out io.Writer) *cobra.Command {
	root := serveCommand()
	root.Use = "chillin"
	root.Args = cobra.ArbitraryArgs // see checkCommand
	root.Version = version.Read().String()
	root.SetVersionTemplate("chillin {{.Version}}\n")
	root.Short = "Chillin, a chat server"
	root.Long = "Chillin, a chat server. Without a command it serves, on http://localhost:5000 by default.\n\n" +
		"Settings are environment variables; the file .env in the current folder can also set them.\n" +
		"Exit codes: 0 success, 1 failure, 2 invalid command line."
	root.AddCommand(
		serveCommand(),
		doctorCommand(),
		adminCommand(),
		migrateCommand(),
		backupCommand(),
		restoreCommand(),
		healthCommand(),
		loadCommand(),
		openapiCommand(),
		versionCommand(),
	)
	root.SetOut(out) // before the completion commands are added: they store it
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

// group returns a command that has only subcommands.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short}
	g.AddCommand(commands...)
	g.AddCommand(&cobra.Command{
		Use: "help", Short: "Print this help", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error { return c.Parent().Help() },
	})
	return g
}

// arguments accepts exactly the named arguments.
func arguments(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return fmt.Errorf("%s is missing", names[len(args)])
		case len(args) > len(names):
			return fmt.Errorf("unexpected argument %q", args[len(names)])
		}
		return nil
	}
}

// usageError reports an invalid command line.
type usageError struct {
	command *cobra.Command
	text    string
}

func (e *usageError) Error() string {
	use := e.command.UseLine()
	if e.command.HasAvailableSubCommands() {
		use += " [command]"
	}
	return fmt.Sprintf("%s\nUsage: %s\nSee '%s --help'.", e.text, use, e.command.CommandPath())
}

// run executes a command line and writes its output to out. It returns a *usageError for an invalid
// command line; any other error means that the command failed.
func run(ctx context.Context, args []string, out io.Writer) error {
	root := newRoot(out)
	started := false
	prepare(root, &started)
	args = longFlags(args)
	root.SetArgs(args)
	if err := checkCommand(root, args); err != nil {
		return err
	}
	command, err := root.ExecuteContextC(ctx)
	if err != nil && !started {
		return &usageError{command, err.Error()}
	}
	return err
}

// prepare makes c and all its subcommands return their errors to run instead of printing them. It sets
// started when a command runs.
func prepare(c *cobra.Command, started *bool) {
	c.SilenceErrors, c.SilenceUsage = true, true
	c.DisableFlagsInUseLine = !c.HasFlags()
	c.SuggestionsMinimumDistance = 2
	if body := c.RunE; body != nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			*started = true
			return body(c, args)
		}
	}
	for _, sub := range c.Commands() {
		prepare(sub, started)
	}
}

// checkCommand refuses a missing or unknown subcommand of a group. By default cobra prints the group's
// help and exits with 0.
func checkCommand(root *cobra.Command, args []string) error {
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		return nil // cobra adds these commands later
	}
	c, rest, err := root.Find(args)
	if err == nil && c.Name() == "help" && c.Parent() == root {
		c, rest, err = root.Find(rest)
	}
	switch {
	case err != nil:
		return &usageError{c, err.Error()}
	case !c.HasSubCommands(), c != root && c.Runnable(): // the command checks its own arguments
		return nil
	case len(rest) == 0 && !c.Runnable() && args[0] != "help":
		return &usageError{c, "a command is missing"}
	}
	for _, arg := range rest {
		if arg == "-h" || arg == "--help" {
			continue
		}
		if strings.HasPrefix(arg, "-") {
			return nil // cobra checks the flags
		}
		text := fmt.Sprintf("unknown command %q for %q", arg, c.CommandPath())
		if similar := c.SuggestionsFor(arg); len(similar) > 0 {
			text += "; did you mean " + strings.Join(similar, " or ") + "?"
		}
		return &usageError{c, text}
	}
	return nil
}

// longFlags rewrites -name to --name. Earlier versions used package flag, which accepts both, so
// scripts contain the short form.
func longFlags(args []string) []string {
	long := make([]string, len(args))
	for i, arg := range args {
		if arg == "--" {
			copy(long[i:], args[i:])
			break
		}
		if len(arg) > 2 && arg[0] == '-' && arg[1] >= 'a' && arg[1] <= 'z' {
			arg = "-" + arg
		}
		long[i] = arg
	}
	return long
}
