package doctor

import (
	"errors"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestAgeOfTheLastBackup(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration][]string{
		-time.Minute:            {"ok backup: the last backup is 0 minutes old"}, // clock skew
		90 * time.Minute:        {"ok backup: the last backup is 90 minutes old and has 5 messages and 6 files"},
		47 * time.Hour:          {"ok backup: the last backup is 47 hours old"},
		chat.OldBackup:          {"ok backup: the last backup is 2 days old"},
		chat.OldBackup + 1e9:    {"warning backup: the last backup is 2 days old", "chillin backup FOLDER"},
		30 * 24 * time.Hour:     {"warning backup: the last backup is 30 days old", "chillin backup FOLDER"},
		20_000 * 24 * time.Hour: {"warning backup: the last backup is 20000 days old"},
	} {
		f := schema.Facts{LastBackup: &chat.Backup{FinishedAt: chat.At(now.Add(-ago)), Messages: 5, Files: 6}}
		wantWords(t, format(gradeBackup(f, now)...), want...)
	}
	wantWords(t, format(gradeBackup(schema.Facts{LastBackup: &chat.Backup{}}, now)...), "warning backup: there is no backup", "chillin backup FOLDER", "!old")
	if got := gradeBackup(schema.Facts{}, now); got != nil {
		t.Errorf("for a database of an older version: %v, want nothing", got)
	}
}

// TestLastBackupIsReadFromBothEngines also runs with a connected node.
func TestLastBackupIsReadFromBothEngines(t *testing.T) {
	dsn, dir := testenv.Postgres(t), t.TempDir()
	for name, e := range map[string]struct {
		settings map[string]string
		migrator func() (*schema.Migrator, error)
		open     func() (*store.Store, error)
	}{
		"postgres": {map[string]string{"DATABASE_URL": dsn, "PORT": "0"},
			func() (*schema.Migrator, error) { return schema.OpenPostgres(t.Context(), dsn) },
			func() (*store.Store, error) { return store.OpenPostgres(t.Context(), dsn, store.Options{}) }},
		"sqlite": {map[string]string{"DATA_DIR": dir, "PORT": "0"},
			func() (*schema.Migrator, error) { return schema.OpenSQLite(t.Context(), dir) },
			func() (*store.Store, error) { return store.OpenSQLite(t.Context(), dir, store.Options{}) }},
	} {
		t.Run(name, func(t *testing.T) {
			examined := func() string { return format(database(t.Context(), load(t, e.settings))...) }
			wantWords(t, examined(), "!backup:")
			migrator, err := e.migrator()
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(migrator.Up(t.Context()), migrator.Down(t.Context(), 11)); err != nil {
				t.Fatal(err)
			}
			wantWords(t, examined(), "ok schema: version 11", "!backup:")
			if err := errors.Join(migrator.Up(t.Context()), migrator.Close()); err != nil {
				t.Fatal(err)
			}
			wantWords(t, examined(), "warning backup: there is no backup")
			s, err := e.open()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			done := chat.Backup{FinishedAt: chat.At(time.Now()), Messages: 7, Files: 8, Bytes: 9}
			if err := errors.Join(s.HoldBlobs(t.Context(), "one", time.Hour), s.FinishBackup(t.Context(), "one", done)); err != nil {
				t.Fatal(err)
			}
			wantWords(t, examined(), "ok backup: the last backup is 0 minutes old and has 7 messages and 8 files", "!warning backup")
		})
	}
}
