package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/chat"
)

func adminCommand() *cobra.Command {
	c := group("admin", "Manage accounts, settings and messages in the configured database",
		&cobra.Command{
			Use: "list", Short: "List all users: id, username, role, state, last seen", Args: arguments(),
			RunE: func(c *cobra.Command, _ []string) error {
				return withOperator(c.Context(), func(o *app.Operator) error { return listAccounts(c.Context(), o, c.OutOrStdout()) })
			},
		},
		accountCommand("promote", "Make a user an admin of the server", setFlag((*app.Operator).SetAdmin, true, "an admin")),
		accountCommand("demote", "Make an admin a plain user", setFlag((*app.Operator).SetAdmin, false, "a plain user")),
		accountCommand("disable", "Disable an account: end all sessions, keep the messages", setFlag((*app.Operator).SetDisabled, true, "disabled")),
		accountCommand("enable", "Enable a disabled account", setFlag((*app.Operator).SetDisabled, false, "enabled")),
		accountCommand("reset", "Set and print a new random password; end all sessions",
			func(ctx context.Context, o *app.Operator, name string) (string, error) {
				return o.ResetPassword(ctx, name)
			}),
		&cobra.Command{
			Use: "settings", Short: "List the settings that admins can change, with their source", Args: arguments(),
			RunE: func(c *cobra.Command, _ []string) error {
				return withOperator(c.Context(), func(o *app.Operator) error { return listSettings(c.Context(), o, c.OutOrStdout()) })
			},
		},
		&cobra.Command{
			Use: "set NAME=VALUE", Short: "Set a setting for all nodes, as an admin can; without a value, that of the environment", Args: arguments("NAME=VALUE"),
			RunE: func(c *cobra.Command, args []string) error {
				name, value, ok := strings.Cut(args[0], "=")
				if !ok {
					return fmt.Errorf("%q is not NAME=VALUE", args[0])
				}
				return withOperator(c.Context(), func(o *app.Operator) error { return o.ChangeSetting(c.Context(), name, value) })
			},
		},
		renderCommand(),
		jobsCommand(),
		&cobra.Command{
			Use: "new-epoch", Short: "After a restore, while no node runs: make clients reload everything", Args: arguments(),
			RunE: func(c *cobra.Command, _ []string) error {
				return withOperator(c.Context(), func(o *app.Operator) error {
					epoch, err := o.NewEpoch(c.Context())
					if err == nil {
						fmt.Fprintf(c.OutOrStdout(), "The new epoch of the database is %s. Start the nodes, or restart those that run.\n", epoch)
					}
					return err
				})
			},
		},
	)
	c.Long = "Admin changes accounts and settings in the configured database, with the environment of the server.\n" +
		"The server may be running. A change then takes effect immediately on requests, and within\n" +
		"ten seconds on sockets. Every change of an account or setting is written to the audit log."
	return c
}

// accountChange changes an account and returns a line that describes the result.
type accountChange func(ctx context.Context, o *app.Operator, name string) (string, error)

func accountCommand(name, short string, change accountChange) *cobra.Command {
	return &cobra.Command{
		Use: name + " USERNAME", Short: short, Args: arguments("USERNAME"),
		RunE: func(c *cobra.Command, args []string) error {
			return withOperator(c.Context(), func(o *app.Operator) error {
				text, err := change(c.Context(), o, args[0])
				if err == nil {
					fmt.Fprintln(c.OutOrStdout(), text)
				}
				return err
			})
		},
	}
}

func setFlag(set func(*app.Operator, context.Context, string, bool) (bool, error), on bool, state string) accountChange {
	return func(ctx context.Context, o *app.Operator, name string) (string, error) {
		changed, err := set(o, ctx, name, on)
		if changed {
			return name + " is " + state + " now.", err
		}
		return name + " was " + state + " already.", err
	}
}

func withOperator(ctx context.Context, do func(*app.Operator) error) error {
	c, err := settings()
	if err != nil {
		return err
	}
	o, err := app.NewOperator(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(do(o), o.Close())
}

// listSettings prints the settings that admins can change, as a node with this environment has them.
func listSettings(ctx context.Context, o *app.Operator, out io.Writer) error {
	all, err := o.Settings(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tVALUE\tSOURCE")
	for _, s := range all {
		if s.ChangedBy == "admin" {
			fmt.Fprintf(table, "%s\t%s\t%s\n", s.Name, s.Value, s.Source)
		}
	}
	return table.Flush()
}

func listAccounts(ctx context.Context, o *app.Operator, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tUSERNAME\tROLE\tSTATE\tLAST SEEN")
	err := o.Accounts(ctx, func(a chat.Account) {
		state, seen := "active", "never"
		switch {
		case a.Disabled:
			state = "disabled"
		case a.Guest:
			state = "guest"
		}
		if a.LastSeenAt != 0 {
			seen = a.LastSeenAt.Std().Format(time.DateTime) + " UTC"
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", a.ID, a.Username, a.Role, state, seen)
	})
	return errors.Join(err, table.Flush())
}
