package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/store"
)

func migrateCommand() *cobra.Command {
	return group("migrate", "Show or change the version of the database schema",
		&cobra.Command{
			Use: "status", Short: "Print the version of the schema", Args: arguments(),
			RunE: func(c *cobra.Command, _ []string) error {
				return withSchema(c.Context(), func(s *store.Schema) error { return printVersion(c.Context(), s, c.OutOrStdout()) })
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
				return withSchema(c.Context(), func(s *store.Schema) error { return printVersion(c.Context(), s, c.OutOrStdout()) })
			},
		},
		&cobra.Command{
			Use: "down", Short: "Take the newest schema change back", Args: arguments(),
			RunE: func(c *cobra.Command, _ []string) error {
				return withSchema(c.Context(), func(s *store.Schema) error {
					if err := s.Down(c.Context()); err != nil {
						return err
					}
					return printVersion(c.Context(), s, c.OutOrStdout())
				})
			},
		},
	)
}

// withSchema opens the schema of the configured database for f.
func withSchema(ctx context.Context, f func(*store.Schema) error) error {
	c, err := settings()
	if err != nil {
		return err
	}
	schema, err := app.OpenSchema(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(f(schema), schema.Close())
}

func printVersion(ctx context.Context, schema *store.Schema, out io.Writer) error {
	version, dirty, err := schema.Version(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "schema version %d\n", version)
	if dirty {
		return fmt.Errorf("migration %d broke off in the middle: restore the backup, or mend the schema by hand", version)
	}
	return nil
}
