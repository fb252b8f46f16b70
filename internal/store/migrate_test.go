package store

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
	"github.com/chillin-chat/chillin/internal/testenv"
)

func TestMigrate(t *testing.T) {
	dsn, dir := testenv.Postgres(t), t.TempDir()
	for _, e := range []struct {
		name string
		open func() (*Schema, error)
	}{
		{"sqlite", func() (*Schema, error) { return SQLiteSchema(t.Context(), dir) }},
		{"postgres", func() (*Schema, error) { return PostgresSchema(t.Context(), dsn) }},
	} {
		t.Run(e.name+" goes up, down and up again", func(t *testing.T) {
			schema, err := e.open()
			if err != nil {
				t.Fatal(err)
			}
			defer schema.Close()
			var newest uint
			for _, step := range []struct {
				name string
				move func(context.Context) error
				back bool // below the newest
			}{{"up", schema.Up, false}, {"up again", schema.Up, false}, {"down", oneDown(t, schema), true}, {"up after down", schema.Up, false}} {
				if err := step.move(t.Context()); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				version, dirty, err := schema.Version(t.Context())
				newest = max(newest, version)
				if err != nil || dirty || (version < newest) != step.back {
					t.Fatalf("after %s: version %d of %d, dirty %v, err %v", step.name, version, newest, dirty, err)
				}
			}
		})
	}
}

// oneDown takes the newest migration back.
func oneDown(t *testing.T, schema *Schema) func(context.Context) error {
	t.Helper()
	newest, err := NewestSchema()
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context) error { return schema.Down(ctx, newest-1) }
}

func TestDownRefusesAVersionThatIsNoneToGoDownTo(t *testing.T) {
	dsn, dir := testenv.Postgres(t), t.TempDir()
	newest, err := NewestSchema()
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() (*Schema, error){
		"sqlite":   func() (*Schema, error) { return SQLiteSchema(t.Context(), dir) },
		"postgres": func() (*Schema, error) { return PostgresSchema(t.Context(), dsn) },
	} {
		t.Run(name, func(t *testing.T) {
			schema, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer schema.Close()
			if err := schema.Up(t.Context()); err != nil {
				t.Fatal(err)
			}
			for version, want := range map[uint]string{0: "is empty", newest: "not below", newest + 1: "not below"} {
				if err := schema.Down(t.Context(), version); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("down to %d: %v, want %q", version, err, want)
				}
			}
			plan, err := schema.DownPlan(t.Context(), 1)
			if err != nil || len(plan) != int(newest)-1 || plan[len(plan)-1] != "000002_accounts" {
				t.Errorf("plan = %q, %v, want the migrations from %d to 2", plan, err, newest)
			}
			if version, _, err := schema.Version(t.Context()); version != newest || err != nil {
				t.Errorf("version = %d, %v, want %d", version, err, newest)
			}
		})
	}
}

func TestDownIsRefusedWhileANodeIsConnected(t *testing.T) {
	dsn := testenv.Postgres(t)
	schema, err := PostgresSchema(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer schema.Close()
	if err := schema.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The last one has the name that nodes of older versions have.
	for _, node := range []string{"one-abcdefgh", strings.Repeat("long", 20) + "-abcdefgh", ""} {
		s, err := OpenPostgres(t.Context(), dsn, Options{Node: node})
		if err != nil {
			t.Fatal(err)
		}
		err = oneDown(t, schema)(t.Context())
		if used, ok := errors.AsType[*NodesConnectedError](err); !ok || len(used.Names) != 1 || !strings.Contains(used.Names[0], node[max(0, len(node)-9):]) {
			t.Errorf("down beside the node %q: %v, want its name", node, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := oneDown(t, schema)(t.Context()); err != nil {
		t.Errorf("down after the nodes: %v", err)
	}
}

func TestADatabaseWithDataGoesDownToTheFirstSchemaAndUpAgain(t *testing.T) {
	dsn, dir := testenv.Postgres(t), t.TempDir()
	for _, e := range []struct {
		name   string
		schema func() (*Schema, error)
		open   func() (*Store, error)
	}{
		{"sqlite", func() (*Schema, error) { return SQLiteSchema(t.Context(), dir) }, func() (*Store, error) { return OpenSQLite(t.Context(), dir, Options{}) }},
		{"postgres", func() (*Schema, error) { return PostgresSchema(t.Context(), dsn) }, func() (*Store, error) { return OpenPostgres(t.Context(), dsn, Options{}) }},
	} {
		t.Run(e.name, func(t *testing.T) {
			ctx := t.Context()
			schema, err := e.schema()
			migrateUp(t, schema, err)
			s, err := e.open()
			if err != nil {
				t.Fatal(err)
			}
			alice, bob := register(t, s, "alice"), register(t, s, "bob")
			room := createRoom(t, s, alice, "lobby")
			join(t, s, room, bob)
			if _, _, _, err := s.OpenDirect(ctx, alice.User.ID, bob.User.ID); err != nil {
				t.Fatal(err)
			}
			createIncoming(t, s, room, alice, "hook-one")
			if _, err := s.CreateBot(ctx, alice.User.ID, chat.NewAccount{Username: "robot", DisplayName: "Robot"}, newSession(s)); err != nil {
				t.Fatal(err)
			}
			d := withFiles(draft(room, alice, "hello"), uploaded(t, s, alice, "x.png"))
			d.HTML = markup.HTMLNaming("hello @bob", map[string]int64{"bob": int64(bob.User.ID)})
			m, _, err := s.Append(ctx, d, chat.CanSend)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Ban(ctx, room.ID, alice.User.ID, bob.User.ID, "", func(chat.Membership, *chat.Membership) error { return nil }); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}

			if schema, err = e.schema(); err != nil {
				t.Fatal(err)
			}
			if err := schema.Down(ctx, 1); err != nil {
				t.Fatal(err)
			}
			if version, _, err := schema.Version(ctx); version != 1 || err != nil {
				t.Fatalf("version = %d, %v, want 1", version, err)
			}
			migrateUp(t, schema, nil)
			s, err = e.open()
			s = opened(t, s, err)
			got, err := s.Message(ctx, m.ID, alice.User.ID)
			if err != nil || got.Text != "hello" || got.Seq != m.Seq {
				t.Fatalf("message = %+v, %v", got, err)
			}
			wantFound(t, s, chat.Search{Text: "hello"}, alice, "hello")
			appendText(t, s, room, alice, "again")
			index(t, s)
			wantIndexIntact(t, s)
		})
	}
}

// migratingUp begins to bring the schema up where it has to wait, with the newest
// migration, to write down its number; free lets it go on, and done is what Up returned.
func migratingUp(t *testing.T, ctx context.Context, dsn string) (free func(), done chan error) {
	t.Helper()
	look := connected(t, dsn)
	schema, err := PostgresSchema(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = schema.Close() })
	if err := errors.Join(schema.Up(t.Context()), oneDown(t, schema)(t.Context())); err != nil {
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
	go func() { done <- schema.Up(ctx) }()
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

func TestOneMovesTheSchemaAndTheOthersAreTold(t *testing.T) {
	dsn := testenv.Postgres(t)
	free, done := migratingUp(t, t.Context(), dsn)
	second, err := PostgresSchema(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	newest, err := NewestSchema()
	if err != nil {
		t.Fatal(err)
	}
	if version, dirty, err := second.Version(t.Context()); version != newest-1 || dirty || err != nil {
		t.Errorf("version = %d, dirty %v, %v while it is moved, want %d", version, dirty, err, newest-1)
	}
	err = second.Up(t.Context())
	if busy, ok := errors.AsType[*Migrating](err); !ok || busy.PID == 0 {
		t.Fatalf("up beside who moves: %v, want to be told who", err)
	}
	free()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := second.Up(t.Context()); err != nil {
		t.Errorf("up afterwards: %v", err)
	}
}

// Whatever ends a migration in the middle, the schema is as before, and the next one
// goes on from there.
func TestAMigrationThatBreaksOffHasChangedNothing(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, dsn string, stop func()){
		"told to stop": func(_ *testing.T, _ string, stop func()) { stop() },
		"connection lost": func(t *testing.T, dsn string, _ func()) {
			second, err := PostgresSchema(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer second.Close()
			busy, ok := errors.AsType[*Migrating](second.Up(t.Context()))
			if !ok {
				t.Fatal("nobody moves the schema")
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
				t.Fatal("it went on")
			}
			free()
			next, err := PostgresSchema(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer next.Close()
			before, dirty, err := next.Version(t.Context())
			if err != nil || dirty {
				t.Fatalf("dirty %v, %v", dirty, err)
			}
			// The server may notice a moment later than we that the connection is gone.
			for err = next.Up(t.Context()); err != nil; err = next.Up(t.Context()) {
				if _, busy := errors.AsType[*Migrating](err); !busy {
					t.Fatal(err)
				}
			}
			if after, _, err := next.Version(t.Context()); after != before+1 || err != nil {
				t.Errorf("version %d after %d, %v", after, before, err)
			}
		})
	}
}

func TestWhatAnOlderChillinLeftIsNotTouched(t *testing.T) {
	for name, c := range map[string]struct{ set, want string }{
		"a migration that broke off": {`UPDATE schema_migrations SET dirty = true`, "broke off"},
		"a schema of the future":     {`UPDATE schema_migrations SET version = version + 1`, "use the chillin that serves it"},
	} {
		t.Run(name, func(t *testing.T) {
			dsn := testenv.Postgres(t)
			schema, err := PostgresSchema(t.Context(), dsn)
			migrateUp(t, schema, err)
			if _, err := connected(t, dsn).Exec(t.Context(), c.set); err != nil {
				t.Fatal(err)
			}
			if schema, err = PostgresSchema(t.Context(), dsn); err != nil {
				t.Fatal(err)
			}
			defer schema.Close()
			for step, move := range map[string]func(context.Context) error{"up": schema.Up, "down": oneDown(t, schema)} {
				if err := move(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%s: %v, want %q", step, err, c.want)
				}
			}
		})
	}
}

// golang-migrate's own driver, which older versions used, and ours keep each other out.
func TestOlderVersionsTakeTheSameLock(t *testing.T) {
	dsn := testenv.Postgres(t)
	id, err := database.GenerateAdvisoryLockId(databaseName(t, dsn), "public", "schema_migrations")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connected(t, dsn).Exec(t.Context(), `SELECT pg_advisory_lock(`+id+`)`); err != nil {
		t.Fatal(err)
	}
	schema, err := PostgresSchema(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer schema.Close()
	if _, busy := errors.AsType[*Migrating](schema.Up(t.Context())); !busy {
		t.Error("up went on beside an older version that migrates")
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

func TestOneProcessPerFolder(t *testing.T) {
	s := openTestSQLite(t)
	var path string
	if err := s.read.QueryRow(`SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		t.Fatal(err)
	}
	dir := path[:len(path)-len("/chillin.db")]
	if second, err := OpenSQLite(t.Context(), dir, Options{}); err == nil {
		_ = second.Close()
		t.Fatal("a second store opened the same folder, want a refusal")
	}
}
