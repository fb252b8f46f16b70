package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/version"
)

func versionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "version", Short: "Print the version of this program", Args: arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			info := version.Read()
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(info)
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "chillin %s, %s\n", info, info.Go)
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print version, commit and Go release as JSON")
	return c
}
