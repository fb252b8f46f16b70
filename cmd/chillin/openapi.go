package main

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/go-chi/chi/v5"
	"github.com/spf13/cobra"

	"github.com/chillin-chat/chillin/internal/api"
	"github.com/chillin-chat/chillin/internal/wire"
)

func openapiCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "openapi",
		Short: "Print the OpenAPI document",
		Args:  arguments(),
		RunE: func(c *cobra.Command, _ []string) error {
			return printOpenAPI(c.OutOrStdout())
		},
	}
}

// printOpenAPI prints the document that a node serves at /api/openapi.json. It needs no running node.
func printOpenAPI(out io.Writer) error {
	document, err := api.Mount(chi.NewRouter(), api.Deps{Frames: wire.Data()}).Document()
	if err != nil {
		return err
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, document, "", "  "); err != nil {
		return err
	}
	indented.WriteByte('\n')
	_, err = indented.WriteTo(out)
	return err
}
