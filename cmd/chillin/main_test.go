package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/migrations"
)

func TestCommands(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		env  map[string]string
		out  string // part of the output
		err  string // part of the error; "" for none
	}{
		{"migrate status of a new folder", []string{"migrate", "status"}, nil, "schema version 0\n", ""},
		{"migrate up", []string{"migrate", "up"}, nil, fmt.Sprintf("schema version %d\n", newestSchema(t)), ""},
		{"all errors at once", nil, map[string]string{"PORT": "x", "MAX_MESSAGE_LENGTH": "0"}, "", "MAX_MESSAGE_LENGTH"},
		{"redis without postgres", nil, map[string]string{"REDIS_URL": "redis://127.0.0.1:6379"}, "", "REDIS_URL"},
		{"doctor of a new folder", []string{"doctor"}, map[string]string{"PORT": "0"}, "created at the first start", ""},
		{"doctor of wrong settings", []string{"doctor"}, map[string]string{"PORT": "x"}, "wrong", "something is wrong"},
		{"doctor in JSON", []string{"doctor", "--json"}, map[string]string{"PORT": "0"}, `"ok": true`, ""},
		{"doctor of wrong settings in JSON", []string{"doctor", "-json"}, map[string]string{"PORT": "x"}, `"about": "PORT"`, "something is wrong"},
		{"health of a closed port", []string{"health"}, map[string]string{"PORT": "1"}, "", "127.0.0.1:1: connect: connection refused"},
		{"health asks HOST", []string{"health"}, map[string]string{"PORT": "1", "HOST": "127.0.0.7"}, "", "127.0.0.7:1: connect: connection refused"},
		{"health asks HOST over IPv6", []string{"health"}, map[string]string{"PORT": "1", "HOST": "::1"}, "", "[::1]:1"},
		{"health asks loopback for every address", []string{"health"}, map[string]string{"PORT": "1", "HOST": "::"}, "", "127.0.0.1:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("DATA_DIR", t.TempDir())
			for key, value := range c.env {
				t.Setenv(key, value)
			}
			var out bytes.Buffer
			err := run(context.Background(), c.args, &out)
			switch {
			case c.err == "" && err != nil:
				t.Fatalf("err = %v, want none", err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Fatalf("err = %v, want one with %q", err, c.err)
			case !strings.Contains(out.String(), c.out):
				t.Fatalf("printed %q, want %q in it", out.String(), c.out)
			}
		})
	}
}

// migrate down changes data only with --yes, and never below version 1.
func TestMigrateDown(t *testing.T) {
	useTempFolder(t)
	newest := newestSchema(t)
	for _, step := range []struct{ args, out, err string }{
		{"up", fmt.Sprintf("schema version %d\n", newest), ""},
		{"down 1", "000002_accounts", "--yes"},
		{"status", fmt.Sprintf("schema version %d\n", newest), ""},
		{"down --help", "--yes", ""},
		{"status", fmt.Sprintf("schema version %d\n", newest), ""},
		{fmt.Sprintf("down %d --yes", newest), "", "not below"},
		{"down 0 --yes", "", "is empty"},
		{fmt.Sprintf("down %d --yes", newest-1), fmt.Sprintf("schema version %d\n", newest-1), ""},
		{"down 1 --yes", "schema version 1\n", ""},
		{"down 0 --yes", "", "is empty"},
		{"status", "schema version 1\n", ""},
		{"up", fmt.Sprintf("schema version %d\n", newest), ""},
	} {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"migrate"}, strings.Fields(step.args)...), &out)
		if (err == nil) != (step.err == "") || err != nil && !strings.Contains(err.Error(), step.err) || !strings.Contains(out.String(), step.out) {
			t.Errorf("migrate %s: %v, prints %q, want %q and %q", step.args, err, &out, step.err, step.out)
		}
	}
	_, stop := startServer(t)
	defer stop()
	err := run(t.Context(), []string{"migrate", "down", "1", "--yes"}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "another chillin uses the data folder") {
		t.Errorf("down with a running node: %v, want an error", err)
	}
}

// newestSchema returns the number of the newest migration.
func newestSchema(t *testing.T) (n int) {
	t.Helper()
	files, err := fs.Glob(migrations.FS, "sqlite/*.up.sql") // sorted by name
	if err != nil || len(files) == 0 {
		t.Fatalf("migrations: %v, %v", files, err)
	}
	if _, err := fmt.Sscanf(files[len(files)-1], "sqlite/%06d_", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A second node on the same folder must fail with a clear error, not corrupt the data.
func TestSecondNodeOnOneFolderIsRefused(t *testing.T) {
	t.Setenv("DATA_DIR", t.TempDir())
	t.Setenv("HOST", "127.0.0.1")
	t.Setenv("PORT", "0")
	t.Setenv("LOG_LEVEL", "error")
	first, stop := context.WithCancel(t.Context())
	greeting, ended := &outputWatcher{seen: make(chan struct{})}, make(chan error, 1)
	go func() { ended <- run(first, nil, greeting) }()
	<-greeting.seen
	if err := run(t.Context(), nil, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "REDIS_URL") {
		t.Errorf("second node: %v, want an error that names the requirements of several nodes", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatalf("first node: %v", err)
	}
}

// outputWatcher closes seen once the greeting has been written. Read text only after that.
type outputWatcher struct {
	seen chan struct{}
	text bytes.Buffer
}

func (a *outputWatcher) Write(p []byte) (int, error) {
	a.text.Write(p)
	if !bytes.Contains(p, []byte("Data:")) {
		return len(p), nil
	}
	close(a.seen)
	return len(p), nil
}
