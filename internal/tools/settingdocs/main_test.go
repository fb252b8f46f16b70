package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDocumentsAreCurrent(t *testing.T) {
	const root = "../../.."
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is stale: run make generate", name)
		}
	}
}

func TestReplaceMarkedKeepsTheRest(t *testing.T) {
	got, err := replaceMarked("before\n"+begin+"old\n"+end+"after\n", "new\n")
	if want := "before\n" + begin + "\nnew\n\n" + end + "after\n"; got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if _, err := replaceMarked("before\n"+begin+"old\n", "new\n"); err == nil {
		t.Error("a document without the second marker: no error")
	}
}

func TestCommentsAreWrapped(t *testing.T) {
	var out strings.Builder
	writeComment(&out, strings.Repeat("words ", 40)+"\n"+strings.Repeat("x", 200))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "# ") || len(line) > commentWidth && i < len(lines)-1 {
			t.Errorf("line %d = %q", i, line)
		}
	}
	if len(lines) != 4 { // 240 characters in lines of 96, and a word that is longer than a line
		t.Errorf("%d lines, want 4: %q", len(lines), lines)
	}
}
