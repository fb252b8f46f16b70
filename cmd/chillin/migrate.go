package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/chillin-chat/chillin/internal/app"
)

func migrate(ctx context.Context, step string, out io.Writer) (err error) {
	if step != "up" && step != "down" && step != "status" {
		return fmt.Errorf("migrate up, down or status, not %q", step)
	}
	c, err := settings()
	if err != nil {
		return err
	}
	if step == "up" {
		if err := app.MigrateUp(ctx, c, newLog(c)); err != nil {
			return err
		}
	}
	schema, err := app.OpenSchema(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, schema.Close()) }()
	if step == "down" {
		if err := schema.Down(ctx); err != nil {
			return err
		}
	}
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
