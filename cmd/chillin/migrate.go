package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/chillin-chat/chillin/internal/app"
)

func migrate(step string, out io.Writer) (err error) {
	c, err := settings()
	if err != nil {
		return err
	}
	schema, err := app.OpenSchema(c.Database, c.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, schema.Close()) }()
	switch step {
	case "up":
		err = schema.Up()
	case "down":
		err = schema.Down()
	case "status":
	default:
		return fmt.Errorf("migrate up, down or status, not %q", step)
	}
	if err != nil {
		return err
	}
	version, dirty, err := schema.Version()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "schema version %d\n", version)
	if dirty {
		return fmt.Errorf("migration %d broke off in the middle: restore the backup, or mend the schema by hand", version)
	}
	return nil
}
