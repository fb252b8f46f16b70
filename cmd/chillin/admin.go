package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/chat"
)

const adminUsage = `Accounts and more, in the configured database (settings as for the server):

  chillin admin list            every user: id, username, role, state, last seen
  chillin admin promote NAME    make an admin of the server
  chillin admin demote NAME     make a plain user again
  chillin admin disable NAME    lock out: all sessions end, messages stay
  chillin admin enable NAME     let in again
  chillin admin reset NAME      print a new password, once; all sessions end

The server may run or not. Where it runs, requests are refused at once and
sockets close within ten seconds. Everything is written into the audit log.

  chillin admin new-epoch       after a restore from a backup, while no node runs:
                                clients read anew what they had seen
Exit code: 0 done, 1 not done, 2 not understood.
`

// deed is something that is done to one account; it says what is so now.
type deed func(ctx context.Context, o *app.Operator, name string) (string, error)

var deeds = map[string]deed{
	"promote": toggled((*app.Operator).SetAdmin, true, "an admin"),
	"demote":  toggled((*app.Operator).SetAdmin, false, "a plain user"),
	"disable": toggled((*app.Operator).SetDisabled, true, "disabled"),
	"enable":  toggled((*app.Operator).SetDisabled, false, "enabled"),
	"reset": func(ctx context.Context, o *app.Operator, name string) (string, error) {
		return o.ResetPassword(ctx, name)
	},
}

func toggled(set func(*app.Operator, context.Context, string, bool) (bool, error), on bool, what string) deed {
	return func(ctx context.Context, o *app.Operator, name string) (string, error) {
		changed, err := set(o, ctx, name, on)
		if changed {
			return name + " is " + what + " now.", err
		}
		return name + " was " + what + " already.", err
	}
}

func admin(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) == 1 && (args[0] == "help" || args[0] == "-h" || args[0] == "--help"):
		_, err := io.WriteString(out, adminUsage)
		return err
	case len(args) == 1 && args[0] == "list":
		return asOperator(ctx, func(o *app.Operator) error { return listAccounts(ctx, o, out) })
	case len(args) == 1 && args[0] == "new-epoch":
		return asOperator(ctx, func(o *app.Operator) error {
			epoch, err := o.NewEpoch(ctx)
			if err == nil {
				fmt.Fprintf(out, "The database's epoch is %s now. Start the nodes; one that runs must be restarted.\n", epoch)
			}
			return err
		})
	case len(args) == 2 && deeds[args[0]] != nil:
		return asOperator(ctx, func(o *app.Operator) error {
			said, err := deeds[args[0]](ctx, o, args[1])
			if err == nil {
				fmt.Fprintln(out, said)
			}
			return err
		})
	}
	return misuse{"admin wants a command, and those about one account a username\n" + adminUsage}
}

func asOperator(ctx context.Context, do func(*app.Operator) error) error {
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
