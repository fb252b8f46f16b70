package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

func migrateCommand() *cobra.Command {
	return group("migrate", "Show or change the version of the database schema",
		&cobra.Command{
			Use: "status", Short: "Print the version of the schema", Args: arguments(),
			RunE: func(c *cobra.Command, _ []string) error {
				return withSchema(c.Context(), func(s *schema.Migrator) error { return printVersion(c.Context(), s, c.OutOrStdout()) })
			},
		},
		&cobra.Command{
			Use: "up", Short: "Migrate the schema to the newest version", Args: arguments(),
			RunE: func(c *cobra.Command, _ []string) error {
				settings, err := settings()
				if err != nil {
					return err
				}
				if err := app.MigrateUp(c.Context(), settings, newLog(settings)); err != nil {
					return err
				}
				return withSchema(c.Context(), func(s *schema.Migrator) error { return printVersion(c.Context(), s, c.OutOrStdout()) })
			},
		},
		downCommand(),
	)
}

func downCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "down VERSION",
		Short: "Migrate the schema down to an older version, so that an older chillin can serve",
		Long: "Down reverts every migration above VERSION, newest first, and deletes the data that they added to the\n" +
			"database. It prints what it will do, and does it only with --yes. Stop all nodes first: down is\n" +
			"refused while a node is connected. Make a backup first.",
		Args: arguments("VERSION"),
		RunE: func(c *cobra.Command, args []string) error {
			version, err := strconv.ParseUint(args[0], 10, 32)
			if err != nil {
				return &usageError{c, fmt.Sprintf("VERSION must be a number such as 7, not %q", args[0])}
			}
			return withSchema(c.Context(), func(s *schema.Migrator) error {
				return migrateDown(c.Context(), s, uint(version), yes, c.OutOrStdout())
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "make the changes; without this flag, only print them")
	return c
}

func migrateDown(ctx context.Context, s *schema.Migrator, version uint, yes bool, out io.Writer) error {
	plan, err := s.DownPlan(ctx, version)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Migrating down to schema version %d reverts these migrations and deletes their data:\n", version)
	for _, migration := range plan {
		fmt.Fprintf(out, "  %s\n", migration)
	}
	if !yes {
		return errors.New("nothing was changed: stop all nodes, make a backup, and run the command again with --yes")
	}
	if err := s.Down(ctx, version); err != nil {
		return err
	}
	return printVersion(ctx, s, out)
}

// withSchema calls f with the schema of the configured database.
func withSchema(ctx context.Context, f func(*schema.Migrator) error) error {
	c, err := settings()
	if err != nil {
		return err
	}
	migrator, err := app.OpenSchema(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(f(migrator), migrator.Close())
}

func printVersion(ctx context.Context, migrator *schema.Migrator, out io.Writer) error {
	version, dirty, err := migrator.Version(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "schema version %d\n", version)
	if dirty {
		return fmt.Errorf("migration %d was interrupted: restore the backup, or repair the schema by hand", version)
	}
	return nil
}
