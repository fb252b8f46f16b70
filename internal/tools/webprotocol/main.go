// Webprotocol generates the TypeScript types and decoders of the browser client:
// wire.generated.ts from web/openapi.json, errorCodes.generated.ts and
// permissions.generated.ts and others from the constants of package chat, frames.generated.ts from
// package wire.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// directory contains decoding.json and the generated files, relative to the root
// of the repository.
const directory = "web/src/protocol"

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "webprotocol:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(root, directory, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the generated files by name.
func generate(root string) (map[string]string, error) {
	document, err := readDocument(filepath.Join(root, "web/openapi.json"))
	if err != nil {
		return nil, err
	}
	rules, err := readRules(filepath.Join(root, directory, "decoding.json"))
	if err != nil {
		return nil, err
	}
	wire, err := wireFile(document, rules)
	if err != nil {
		return nil, err
	}
	codes, err := errorCodesFile(root)
	if err != nil {
		return nil, err
	}
	permissions, err := permissionsFile(root)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"wire.generated.ts":        wire,
		"errorCodes.generated.ts":  codes,
		"permissions.generated.ts": permissions,
		"frames.generated.ts":      framesFile(),
		"limits.generated.ts":      limitsFile(),
		"mediaTypes.generated.ts":  mediaTypesFile(),
	}, nil
}
