package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// namedPath matches a file or a folder in a code span. Names without a slash are examples.
var namedPath = regexp.MustCompile("`([A-Za-z0-9_.-]+/[A-Za-z0-9_./-]*)`")

// TestArchitecturePathsExist checks the paths in the documents about the code, which are
// relative to the repository or to internal.
func TestArchitecturePathsExist(t *testing.T) {
	const root = "../.."
	for _, document := range []string{"ARCHITECTURE.md", "docs/decisions.md"} {
		text, err := os.ReadFile(filepath.Join(root, document))
		if err != nil {
			t.Fatal(err)
		}
		paths := namedPath.FindAllStringSubmatch(string(text), -1)
		if len(paths) == 0 {
			t.Errorf("%s names no paths", document)
		}
		for _, m := range paths {
			path := m[1]
			if strings.HasPrefix(path, "./") { // relative to the working directory of a node
				continue
			}
			_, err := os.Stat(filepath.Join(root, path))
			if _, inside := os.Stat(filepath.Join(root, "internal", path)); err != nil && inside != nil {
				t.Errorf("%s names %s, which does not exist", document, path)
			}
		}
	}
}

// TestArchitectureNamesEveryPackage checks that a newcomer finds each package in the map.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	for dir := range mayImport {
		name := filepath.Base(dir)
		if !regexp.MustCompile(`\b` + regexp.QuoteMeta(name) + `\b`).Match(text) {
			t.Errorf("ARCHITECTURE.md does not mention package %s", dir)
		}
	}
	if lines := strings.Count(string(text), "\n"); lines > 250 {
		t.Errorf("ARCHITECTURE.md has %d lines, want at most 250", lines)
	}
}
