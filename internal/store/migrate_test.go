package store

import (
	"sync"
	"testing"

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
		{"sqlite", func() (*Schema, error) { return SQLiteSchema(dir) }},
		{"postgres", func() (*Schema, error) { return PostgresSchema(dsn) }},
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
				move func() error
				back bool // below the newest
			}{{"up", schema.Up, false}, {"up again", schema.Up, false}, {"down", schema.Down, true}, {"up after down", schema.Up, false}} {
				if err := step.move(); err != nil {
					t.Fatalf("%s: %v", step.name, err)
				}
				version, dirty, err := schema.Version()
				newest = max(newest, version)
				if err != nil || dirty || (version < newest) != step.back {
					t.Fatalf("after %s: version %d of %d, dirty %v, err %v", step.name, version, newest, dirty, err)
				}
			}
		})
	}
}

func TestADatabaseWithDataGoesDownToTheFirstSchemaAndUpAgain(t *testing.T) {
	dsn, dir := testenv.Postgres(t), t.TempDir()
	for _, e := range []struct {
		name   string
		schema func() (*Schema, error)
		open   func() (*Store, error)
	}{
		{"sqlite", func() (*Schema, error) { return SQLiteSchema(dir) }, func() (*Store, error) { return OpenSQLite(t.Context(), dir, Options{}) }},
		{"postgres", func() (*Schema, error) { return PostgresSchema(dsn) }, func() (*Store, error) { return OpenPostgres(t.Context(), dsn, Options{}) }},
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
			m, _, err := s.Append(ctx, d)
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
			for version := uint(0); version != 1; {
				if err := schema.Down(); err != nil {
					t.Fatal(err)
				}
				if version, _, err = schema.Version(); err != nil {
					t.Fatal(err)
				}
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
		})
	}
}

func TestNodesMigrateTogether(t *testing.T) {
	dsn := testenv.Postgres(t)
	var nodes sync.WaitGroup
	for range 4 {
		nodes.Go(func() {
			schema, err := PostgresSchema(dsn)
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			defer schema.Close()
			if err := schema.Up(); err != nil {
				t.Errorf("up: %v", err)
			}
		})
	}
	nodes.Wait()
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
