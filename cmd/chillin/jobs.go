package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/chat"
)

func jobsCommand() *cobra.Command {
	return group("jobs", "List and retry the jobs of the server",
		&cobra.Command{
			Use: "list", Short: "List stored jobs: id, kind, key, state, attempts, next attempt, last error", Args: arguments(),
			RunE: func(c *cobra.Command, _ []string) error {
				return withOperator(c.Context(), func(o *app.Operator) error { return listJobs(c.Context(), o, c.OutOrStdout()) })
			},
		},
		&cobra.Command{
			Use: "retry ID", Short: "Run a job now that was given up or waits", Args: arguments("ID"),
			RunE: func(c *cobra.Command, args []string) error {
				id, err := strconv.ParseInt(args[0], 10, 64)
				if err != nil {
					return fmt.Errorf("%q is not the id of a job", args[0])
				}
				return withOperator(c.Context(), func(o *app.Operator) error {
					if err := o.RunJob(c.Context(), chat.JobID(id)); err != nil {
						return err
					}
					fmt.Fprintf(c.OutOrStdout(), "Job %d runs as soon as a node is free.\n", id)
					return nil
				})
			},
		},
	)
}

func listJobs(ctx context.Context, o *app.Operator, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tKIND\tKEY\tSTATE\tATTEMPTS\tNEXT\tERROR")
	err := o.Jobs(ctx, func(j chat.StoredJob) {
		next, failure := "", ""
		if j.State == chat.JobScheduled {
			next = j.RunAt.Std().Format(time.DateTime) + " UTC"
		}
		if j.LastError != "" {
			failure = strconv.Quote(j.LastError)
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%d\t%s\t%s\n", j.ID, j.Kind, j.Key, j.State, j.Attempts, next, failure)
	})
	return errors.Join(err, table.Flush())
}
