package store

import (
	"sync"
	"testing"

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
