package schema_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func TestMigrate(t *testing.T) {
	dsn, dir := testenv.Postgres(t), t.TempDir()
	for _, e := range []struct {
		name string
		open func() (*schema.Migrator, error)
	}{
		{"sqlite", func() (*schema.Migrator, error) { return schema.OpenSQLite(t.Context(), dir) }},
		{"postgres", func() (*schema.Migrator, error) { return schema.OpenPostgres(t.Context(), dsn) }},
	} {
		t.Run(e.name+" migrates up, down and up again", func(t *testing.T) {
			migrator, err := e.open()
			if err != nil {
				t.Fatal(err)
			}
			defer migrator.Close()
			var newest uint
			for _, step := range []struct {
				name string
				move func(context.Context) error
				back bool // whether the version is below the newest
			}{{"up", migrator.Up, false}, {"up again", migrator.Up, false}, {"down", oneDown(t, migrator), true}, {"up after down", migrator.Up, false}} {
				if err := step.move(t.Context()); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				version, dirty, err := migrator.Version(t.Context())
				newest = max(newest, version)
				if err != nil || dirty || (version < newest) != step.back {
					t.Fatalf("after %s: version %d of %d, dirty %v, err %v", step.name, version, newest, dirty, err)
				}
			}
		})
	}
}

// oneDown returns a function that reverts the newest migration.
func oneDown(t *testing.T, migrator *schema.Migrator) func(context.Context) error {
	t.Helper()
	newest, err := schema.Newest()
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context) error { return migrator.Down(ctx, newest-1) }
}

func TestDownRefusesInvalidVersion(t *testing.T) {
	dsn, dir := testenv.Postgres(t), t.TempDir()
	newest, err := schema.Newest()
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() (*schema.Migrator, error){
		"sqlite":   func() (*schema.Migrator, error) { return schema.OpenSQLite(t.Context(), dir) },
		"postgres": func() (*schema.Migrator, error) { return schema.OpenPostgres(t.Context(), dsn) },
	} {
		t.Run(name, func(t *testing.T) {
			migrator, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer migrator.Close()
			if err := migrator.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			for version, want := range map[uint]string{0: "is empty", newest: "not below", newest + 1: "not below"} {
				if err := migrator.Down(t.Context(), version); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("down to %d: %v, want %q", version, err, want)
				}
			}
			plan, err := migrator.DownPlan(t.Context(), 1)
			if err != nil || len(plan) != int(newest)-1 || plan[len(plan)-1] != "000002_accounts" {
				t.Errorf("plan = %q, %v, want the migrations from %d to 2", plan, err, newest)
			}
			if version, _, err := migrator.Version(t.Context()); version != newest || err != nil {
				t.Errorf("version = %d, %v, want %d", version, err, newest)
			}
		})
	}
}

func TestDownIsRefusedWhileNodeIsConnected(t *testing.T) {
	dsn := testenv.Postgres(t)
	migrator, err := schema.OpenPostgres(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer migrator.Close()
	if err := migrator.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The last name is that of nodes of older versions.
	for _, node := range []string{"one-abcdefgh", strings.Repeat("long", 20) + "-abcdefgh", ""} {
		s, err := store.OpenPostgres(t.Context(), dsn, store.Options{Node: node})
		if err != nil {
			t.Fatal(err)
		}
		err = oneDown(t, migrator)(t.Context())
		if used, ok := errors.AsType[*schema.NodesConnectedError](err); !ok || len(used.Names) != 1 || !strings.Contains(used.Names[0], node[max(0, len(node)-9):]) {
			t.Errorf("down while node %q is connected: %v, want its name", node, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := oneDown(t, migrator)(t.Context()); err != nil {
		t.Errorf("down after the nodes: %v", err)
	}
}

// migratingUp starts a migration and makes it wait in its last statement, which writes the
// version. free lets it continue; done receives the result of Up.
func migratingUp(t *testing.T, ctx context.Context, dsn string) (free func(), done chan error) {
	t.Helper()
	look := connected(t, dsn)
	migrator, err := schema.OpenPostgres(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	if err := errors.Join(migrator.Up(t.Context()), oneDown(t, migrator)(t.Context())); err != nil {
		t.Fatal(err)
	}
	holding, err := connected(t, dsn).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holding.Exec(t.Context(), `LOCK TABLE schema_migrations IN SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	done = make(chan error, 1)
	go func() {
		defer close(ended)
		done <- migrator.Up(ctx)
	}()
	t.Cleanup(func() {
		_ = holding.Rollback(context.WithoutCancel(t.Context()))
		<-ended
		_ = migrator.Close()
	})
	for waits := false; !waits; {
		select {
		case err := <-done:
			t.Fatalf("the migration did not wait: %v", err)
		default:
		}
		err := look.QueryRow(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
			WHERE application_name = 'chillin migrate' AND datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
	}
	return func() { _ = holding.Rollback(t.Context()) }, done
}

func connected(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func TestConcurrentMigrationIsRefused(t *testing.T) {
	dsn := testenv.Postgres(t)
	free, done := migratingUp(t, t.Context(), dsn)
	second, err := schema.OpenPostgres(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	newest, err := schema.Newest()
	if err != nil {
		t.Fatal(err)
	}
	if version, dirty, err := second.Version(t.Context()); version != newest-1 || dirty || err != nil {
		t.Errorf("version = %d, dirty %v, %v during the migration, want %d", version, dirty, err, newest-1)
	}
	err = second.Up(t.Context())
	if busy, ok := errors.AsType[*schema.BusyError](err); !ok || busy.PID == 0 {
		t.Fatalf("concurrent up: %v, want the process that migrates", err)
	}
	free()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := second.Up(t.Context()); err != nil {
		t.Errorf("up afterwards: %v", err)
	}
}

// Whatever interrupts a migration, the schema is unchanged and the next migration continues
// from there.
func TestInterruptedMigrationChangesNothing(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, dsn string, stop func()){
		"canceled": func(_ *testing.T, _ string, stop func()) { stop() },
		"connection lost": func(t *testing.T, dsn string, _ func()) {
			second, err := schema.OpenPostgres(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer second.Close()
			busy, ok := errors.AsType[*schema.BusyError](second.Up(t.Context()))
			if !ok {
				t.Fatal("no process migrates the schema")
			}
			if _, err := connected(t, dsn).Exec(t.Context(), `SELECT pg_terminate_backend($1)`, busy.PID); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := testenv.Postgres(t)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			free, done := migratingUp(t, ctx, dsn)
			end(t, dsn, stop)
			if err := <-done; err == nil {
				t.Fatal("the migration succeeded")
			}
			free()
			next, err := schema.OpenPostgres(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer next.Close()
			before, dirty, err := next.Version(t.Context())
			if err != nil || dirty {
				t.Fatalf("dirty %v, %v", dirty, err)
			}
			// The server may notice later than the client that the connection has ended.
			for err = next.Up(t.Context()); err != nil; err = next.Up(t.Context()) {
				if _, busy := errors.AsType[*schema.BusyError](err); !busy {
					t.Fatal(err)
				}
			}
			if after, _, err := next.Version(t.Context()); after != before+1 || err != nil {
				t.Errorf("version %d after %d, %v", after, before, err)
			}
		})
	}
}

func TestUnknownSchemaStateIsNotChanged(t *testing.T) {
	for name, c := range map[string]struct{ set, want string }{
		"an interrupted migration": {`UPDATE schema_migrations SET dirty = true`, "was interrupted"},
		"a newer schema":           {`UPDATE schema_migrations SET version = version + 1`, "use a version of chillin that supports it"},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := testenv.Postgres(t)
			migrator, err := schema.OpenPostgres(t.Context(), dsn)
			if err == nil {
				err = errors.Join(migrator.Up(t.Context()), migrator.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := connected(t, dsn).Exec(t.Context(), c.set); err != nil {
				t.Fatal(err)
			}
			if migrator, err = schema.OpenPostgres(t.Context(), dsn); err != nil {
				t.Fatal(err)
			}
			defer migrator.Close()
			for step, move := range map[string]func(context.Context) error{"up": migrator.Up, "down": oneDown(t, migrator)} {
				if err := move(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: %v, want %q", step, err, c.want)
				}
			}
		})
	}
}

// The driver of golang-migrate, which older versions used, and ours exclude each other.
func TestOlderVersionsUseTheSameLock(t *testing.T) {
	dsn := testenv.Postgres(t)
	id, err := database.GenerateAdvisoryLockId(databaseName(t, dsn), "public", "schema_migrations")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connected(t, dsn).Exec(t.Context(), `SELECT pg_advisory_lock(`+id+`)`); err != nil {
		t.Fatal(err)
	}
	migrator, err := schema.OpenPostgres(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer migrator.Close()
	if _, busy := errors.AsType[*schema.BusyError](migrator.Up(t.Context())); !busy {
		t.Error("up did not wait for an older version that migrates")
	}
}

func databaseName(t *testing.T, dsn string) string {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return config.Database
}
