package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/health"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// migrator is another process that migrates the schema of dsn, with the lock of all versions of
// chillin, until done is called.
func migrator(t *testing.T, dsn string) (done func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	key, err := database.GenerateAdvisoryLockId(conn.Config().Database, "public", "schema_migrations")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), `SELECT pg_advisory_lock(`+key+`)`); err != nil {
		t.Fatal(err)
	}
	return func() { _ = conn.Close(t.Context()) }
}

// lines sends each logged line to a channel.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// waiter is a node that starts while another process migrates the schema.
type waiter struct {
	addr, watch string
	log         lines
	stop        context.CancelFunc
	node        chan *app.App
	failed      chan error
}

func startWaiting(t *testing.T, dsn string) *waiter {
	t.Helper()
	w := &waiter{addr: freeAddr(t), watch: freeAddr(t), log: make(lines, 100), node: make(chan *app.App, 1), failed: make(chan error, 1)}
	host, port, _ := net.SplitHostPort(w.addr)
	settings := map[string]string{"DATABASE_URL": dsn, "DATA_DIR": t.TempDir(), "HOST": host, "PORT": port, "METRICS_ADDR": w.watch}
	c, err := config.Load(func(key string) (string, bool) { v, ok := settings[key]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	w.stop = stop
	go func() {
		a, err := app.New(ctx, c, slog.New(slog.NewTextHandler(w.log, nil)))
		if err != nil {
			w.failed <- err
			return
		}
		w.node <- a
		w.failed <- a.Run(ctx)
	}()
	for line := range w.log {
		if strings.Contains(line, "waiting for another process") {
			return w
		}
	}
	return nil
}

// health requests path from the second listener. It returns the status and, for /health/ready, the
// reason of the database.
func (w *waiter) health(t *testing.T, path string) (status int, word string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx(t), http.MethodGet, "http://"+w.watch+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, body := fetchOnce(t, request)
	var report health.Report
	if err := json.Unmarshal(body, &report); err != nil {
		t.Fatalf("%s: %s, %v", path, body, err)
	}
	return answer.StatusCode, report.Checks["database"].Error
}

func TestNodeWaitsForAnotherMigration(t *testing.T) {
	t.Parallel()
	dsn := testenv.Postgres(t)
	done := migrator(t, dsn)
	w := startWaiting(t, dsn)
	defer w.stop()
	if status, _ := w.health(t, "/health"); status != http.StatusOK {
		t.Errorf("/health of a waiting node = %d, want 200: it is alive", status)
	}
	if status, word := w.health(t, "/health/ready"); status != http.StatusServiceUnavailable || word != "migrating" && word != "connecting" {
		t.Errorf("/health/ready = %d %q, want 503 and the stage", status, word)
	}
	if conn, err := net.Dial("tcp", w.addr); err == nil {
		_ = conn.Close()
		t.Error("its port is open, want it closed: a load balancer must skip the node")
	}
	done()
	select {
	case <-w.node:
	case err := <-w.failed:
		t.Fatal(err)
	}
	if status, word := w.health(t, "/health/ready"); status != http.StatusOK || word != "" {
		t.Errorf("/health/ready of a serving node = %d %q, want 200", status, word)
	}
	w.stop()
	if err := <-w.failed; err != nil {
		t.Error(err)
	}
}

func TestWaitingNodeCanBeStopped(t *testing.T) {
	dsn := testenv.Postgres(t)
	defer migrator(t, dsn)()
	w := startWaiting(t, dsn)
	w.stop()
	if err := <-w.failed; !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", err)
	}
	if conn, err := net.Dial("tcp", w.watch); err == nil {
		_ = conn.Close()
		t.Error("its second listener is still open")
	}
}

func TestNodesMigrateTogether(t *testing.T) {
	c := config.Config{Database: config.Database{Engine: config.Postgres, DSN: config.Secret(testenv.Postgres(t))}}
	ended := make(chan error)
	for range 4 {
		go func() { ended <- app.MigrateUp(t.Context(), c, slog.New(slog.DiscardHandler)) }()
	}
	for range 4 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
