package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/doctor"
)

// examine says of everything that the node would stand on how it is, a line each, and
// fails where something is wrong.
func examine(ctx context.Context, out io.Writer) error {
	var findings []doctor.Finding
	env, err := config.Environment(".env")
	if err != nil {
		return err
	}
	if c, err := config.Load(env); err != nil {
		findings = doctor.Faults(err)
	} else {
		findings = doctor.Examine(ctx, c)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	wrong := 0
	for _, f := range findings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Grade, f.About, f.Text)
		if f.Grade == doctor.Wrong {
			wrong++
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if wrong > 0 {
		return errors.New("not all is right: see the lines that begin with wrong")
	}
	return nil
}
