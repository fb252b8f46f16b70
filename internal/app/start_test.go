package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/config"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// lookupIn returns a function like os.LookupEnv for settings.
func lookupIn(settings map[string]string) func(string) (string, bool) {
	return func(key string) (string, bool) { v, ok := settings[key]; return v, ok }
}

// startError returns the log of a node with these settings, and the error with which it does not start.
func startError(t *testing.T, settings map[string]string) (log string, reason error) {
	t.Helper()
	settings["DATA_DIR"], settings["HOST"], settings["PORT"] = t.TempDir(), "127.0.0.1", "0"
	c, err := config.Load(lookupIn(settings))
	if err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	if _, err = app.New(t.Context(), c, slog.New(slog.NewTextHandler(&lines, nil))); err == nil {
		t.Fatalf("a node started with %v", settings)
	}
	return lines.String(), err
}

// A wrong setting ends the start immediately, with the name of the variable: waiting does not help.
func TestWrongDatabaseSettingsPreventTheStart(t *testing.T) {
	dsn, err := url.Parse(testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{"DB_HOST": dsn.Hostname(), "DB_PORT": dsn.Port(), "DB_USER": dsn.User.Username()}
	for name, c := range map[string]struct{ key, value, want string }{
		"no such database":        {"DB_NAME", "nosuchdatabase", "DB_NAME: the database does not exist"},
		"no such user":            {"DB_USER", "nosuchuser", "DB_USER: the user does not exist in Postgres"},
		"no such database by URL": {"DATABASE_URL", strings.Replace(dsn.String(), dsn.Path, "/nosuchdatabase", 1), "DATABASE_URL: the database does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := map[string]string{c.key: c.value}
			if c.key != "DATABASE_URL" {
				for key, value := range parts {
					if key != c.key {
						settings[key] = value
					}
				}
			}
			log, reason := startError(t, settings)
			if !strings.HasPrefix(reason.Error(), c.want) {
				t.Errorf("err = %v, want %q", reason, c.want)
			}
			if strings.Contains(log, "waiting") {
				t.Errorf("it waited:\n%s", log)
			}
		})
	}
}

func TestWrongBucketKeyPreventsTheStart(t *testing.T) {
	_, bucket := ownStorage(t)
	for key, want := range map[string]string{"S3_SECRET_ACCESS_KEY": "S3_", "S3_ACCESS_KEY_ID": "S3_ACCESS_KEY_ID: "} {
		settings := storageEnv(bucket)
		settings[key] = "wrong"
		if _, reason := startError(t, settings); !strings.HasPrefix(reason.Error(), want) {
			t.Errorf("wrong %s: %v, want its name", key, reason)
		}
	}
}

// systemd is notified when the node serves and when it stops, and periodically in between.
func TestSystemdIsNotified(t *testing.T) {
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", socket.LocalAddr().String())
	t.Setenv("WATCHDOG_USEC", "30000")
	states := make(chan string)
	go func() {
		defer close(states)
		buffer := make([]byte, 1000)
		for {
			n, err := socket.Read(buffer)
			if err != nil {
				return // closed
			}
			states <- string(buffer[:n])
		}
	}()
	c, err := config.Load(lookupIn(map[string]string{"DATA_DIR": t.TempDir(), "HOST": "127.0.0.1", "PORT": "0"}))
	if err != nil {
		t.Fatal(err)
	}
	node, err := app.NewCheap(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	life, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- node.Run(life) }()
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		for state := range states {
			if state == "STOPPING=1" {
				t.Fatal("STOPPING=1 while it serves")
			}
			if state == want {
				break
			}
		}
	}
	cancel()
	for state := range states {
		if state == "STOPPING=1" {
			break
		}
	}
	go func() {
		for range states { // so that the node never waits for a reader
		}
	}()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// An unknown proxy is logged once, and stays in the health report.
func TestUntrustedProxyIsReported(t *testing.T) {
	t.Parallel()
	report := func(base string, header, value string) string {
		request, err := http.NewRequestWithContext(ctx(t), http.MethodGet, base+"/api/v1/me", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if header != "" {
			request.Header.Set(header, value)
		}
		fetch(t, request)
		ready, err := http.NewRequestWithContext(ctx(t), http.MethodGet, base+"/health/ready", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		_, body := fetchOnce(t, ready)
		return string(body)
	}
	for _, c := range []struct {
		trust, header, value string
		want                 bool
	}{
		{"", "", "", false},
		{"", "X-Forwarded-For", "192.0.2.1", true},
		{"", "Forwarded", "for=192.0.2.1", true},
		{"10.0.0.1", "X-Forwarded-For", "192.0.2.1", true},
		{"loopback", "X-Forwarded-For", "192.0.2.1", false},
		{"1", "X-Forwarded-For", "192.0.2.1", false},
	} {
		base := embedded(t, map[string]string{"TRUST_PROXY": c.trust}).nodes[0]
		for range 2 {
			if got := report(base, c.header, c.value); strings.Contains(got, "untrusted_proxy") != c.want || !strings.Contains(got, `"status":"ok"`) {
				t.Errorf("TRUST_PROXY=%s, %s: %s, want the warning: %t", c.trust, c.header, got, c.want)
			}
		}
	}
}

// Two nodes on one database without Redis do not receive each other's events.
func TestSecondNodeWithoutRedisIsReported(t *testing.T) {
	env := map[string]string{"DATABASE_URL": testenv.Postgres(t), "DATA_DIR": t.TempDir()}
	startNode(t, env, nil)
	second := startNode(t, env, nil)
	request, err := http.NewRequestWithContext(ctx(t), http.MethodGet, second.base+"/health/ready", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := ctx(t); ; {
		answer, body := fetchOnce(t, request)
		if strings.Contains(string(body), `"second_node_without_redis"`) {
			if answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `"status":"degraded"`) {
				t.Errorf("%d %s, want 200 and degraded", answer.StatusCode, body)
			}
			return
		}
		if deadline.Err() != nil {
			t.Fatalf("no warning in %s", body)
		}
	}
}
