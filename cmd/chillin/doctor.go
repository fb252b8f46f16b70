package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/doctor"
)

func doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check the settings, the database, Redis, the storage and this machine",
		Long: "Doctor checks the settings, the database, Redis, the file storage and this machine, without changing anything.\n" +
			"It exits with 1 if something is wrong. Warnings do not change the exit code.",
		Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			findings, err := examine(c.Context())
			if err != nil {
				return err
			}
			write := writeTable
			if asJSON {
				write = writeJSON
			}
			if err := write(c.OutOrStdout(), findings); err != nil {
				return err
			}
			if !healthy(findings) {
				return errors.New("something is wrong: see the findings graded wrong")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return c
}

func examine(ctx context.Context) ([]doctor.Finding, error) {
	env, err := config.Environment(".env")
	if err != nil {
		return nil, err
	}
	unknown := doctor.UnknownKeys(env.UnknownKeys())
	c, err := config.Load(env.Lookup)
	if err != nil {
		return append(unknown, doctor.InvalidSettings(err)...), nil
	}
	return append(unknown, doctor.Examine(ctx, c)...), nil
}

// healthy reports whether no finding is graded wrong.
func healthy(findings []doctor.Finding) bool {
	for _, f := range findings {
		if f.Grade == doctor.Wrong {
			return false
		}
	}
	return true
}

func writeTable(out io.Writer, findings []doctor.Finding) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", f.Grade, f.About, f.Text)
	}
	return table.Flush()
}

func writeJSON(out io.Writer, findings []doctor.Finding) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		OK       bool             `json:"ok"`
		Findings []doctor.Finding `json:"findings"`
	}{healthy(findings), findings})
}
