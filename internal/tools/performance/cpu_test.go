package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const fields = " S 17 1 1 0 -1 4194560 1 2 3 4 150 50 20 5 20 0 8 0 100 1000000 25 184"
	for name, c := range map[string]struct {
		text string
		want process
		fail bool
	}{
		"plain":                 {"42 (chillin)" + fields, process{17, 2250 * time.Millisecond, 25 * int64(os.Getpagesize())}, false},
		"parentheses in a name": {"42 (a) S 1 (b)" + fields, process{17, 2250 * time.Millisecond, 25 * int64(os.Getpagesize())}, false},
		"too short":             {"42 (chillin) S 17 1", process{}, true},
		"not a number":          {"42 (chillin) S x" + fields[5:], process{}, true},
		"empty":                 {"", process{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat([]byte(c.text))
			if (err != nil) != c.fail {
				t.Fatalf("err = %v, want an error: %t", err, c.fail)
			}
			if err == nil && got != c.want {
				t.Errorf("process = %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestTreeIncludesDescendantsOnly(t *testing.T) {
	dir := t.TempDir()
	for _, p := range []struct{ pid, parent, ticks, pages string }{
		{"1", "0", "1000", "1"}, {"10", "1", "100", "10"}, {"11", "10", "20", "20"}, {"12", "11", "3", "30"}, {"20", "1", "5000", "1"},
	} {
		path := filepath.Join(dir, p.pid)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		stat := p.pid + " (a name) S " + p.parent + " 1 1 0 -1 0 0 0 0 0 " + p.ticks + " 0 0 0 20 0 1 0 1 1 " + p.pages + " 0"
		if err := os.WriteFile(filepath.Join(path, "stat"), []byte(stat), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	all, err := readProcesses(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := all.tree(10)
	if err != nil {
		t.Fatal(err)
	}
	if want := 123 * tick; got.cpu != want {
		t.Errorf("CPU time = %s, want %s", got.cpu, want)
	}
	if want := 60 * int64(os.Getpagesize()); got.resident != want {
		t.Errorf("memory = %d, want %d", got.resident, want)
	}
	if _, err := all.tree(99); err == nil {
		t.Error("no error for a process that does not exist")
	}
}
