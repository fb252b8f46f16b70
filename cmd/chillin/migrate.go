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
			Use: "up", Short: "Bring the schema to the newest version", Args: arguments(),
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
		Short: "Go back to an older version of the schema, so that an older chillin can serve",
		Long: "Down takes every migration above VERSION back, the newest first, and deletes what they added to the\n" +
			"database. It first prints what it will do, and does it only with --yes. Stop all nodes before; it is\n" +
			"refused while one is connected. Make a backup before.",
		Args: arguments("VERSION"),
		RunE: func(c *cobra.Command, args []string) error {
			version, err := strconv.ParseUint(args[0], 10, 32)
			if err != nil {
				return &usageError{c, fmt.Sprintf("VERSION is a number such as 7, not %q", args[0])}
			}
			return withSchema(c.Context(), func(s *schema.Migrator) error {
				return migrateDown(c.Context(), s, uint(version), yes, c.OutOrStdout())
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do it; without this flag only print what would be done")
	return c
}

func migrateDown(ctx context.Context, s *schema.Migrator, version uint, yes bool, out io.Writer) error {
	plan, err := s.DownPlan(ctx, version)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Going down to schema version %d takes back, with all data that they added:\n", version)
	for _, migration := range plan {
		fmt.Fprintf(out, "  %s\n", migration)
	}
	if !yes {
		return errors.New("nothing was changed: stop all nodes, make a backup, and repeat the command with --yes")
	}
	if err := s.Down(ctx, version); err != nil {
		return err
	}
	return printVersion(ctx, s, out)
}

// withSchema opens the schema of the configured database for f.
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
		return fmt.Errorf("migration %d broke off in the middle: restore the backup, or mend the schema by hand", version)
	}
	return nil
}
