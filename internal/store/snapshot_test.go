package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// TestEveryTableIsInABackupOrExcluded fails for a new table that is in neither list.
func TestEveryTableIsInABackupOrExcluded(t *testing.T) {
	list := map[string]string{
		"postgres": `SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`,
		"sqlite":   `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite_%'`,
	}
	for _, e := range engines {
		if list[e.name] == "" {
			continue // another way to an engine of the list
		}
		t.Run(e.name, func(t *testing.T) {
			s := e.open(t)
			tables, err := queryAll(t.Context(), s.read, scanValue[string], list[e.name])
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range tables {
				if slices.Contains(backupTables, table) == slices.Contains(excludedTables, table) {
					t.Errorf("%s must be in exactly one of the lists backupTables and excludedTables (tables.go)", table)
				}
			}
			for _, table := range backupTables {
				if !slices.Contains(tables, table) {
					t.Errorf("there is no table %s", table)
				}
			}
		})
	}
}

// TestHeldBlobsAreNotDue tests the rule in the database. The claim of an older node is the
// same statement, so it is held as well.
func TestHeldBlobsAreNotDue(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		due := func(want ...string) {
			t.Helper()
			keys, err := s.ClaimBlobDeletions(t.Context(), 10, 0)
			slices.Sort(keys)
			if err != nil || !slices.Equal(keys, want) {
				t.Fatalf("due blobs = %q, %v, want %q", keys, err, want)
			}
		}
		hold := func(id string, d time.Duration) {
			t.Helper()
			if err := s.HoldBlobs(t.Context(), id, d); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.ScheduleBlobDeletion(t.Context(), []string{"files/a", "files/b"}, -time.Hour); err != nil {
			t.Fatal(err)
		}
		hold("one", time.Hour)
		hold("two", time.Hour)
		due()
		if err := s.RenewHold(t.Context(), "one", time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := s.FinishBackup(t.Context(), "one", chat.Backup{FinishedAt: 5, Messages: 6, Files: 7, Bytes: 8}); err != nil {
			t.Fatal(err)
		}
		due() // the second backup still runs
		if err := s.AbandonBackup(t.Context(), "two"); err != nil {
			t.Fatal(err)
		}
		due("files/a", "files/b")
		if last, err := s.LastBackup(t.Context()); err != nil || last != (chat.Backup{FinishedAt: 5, Messages: 6, Files: 7, Bytes: 8}) {
			t.Fatalf("last backup = %+v, %v", last, err)
		}
		hold("three", 0)
		due("files/a", "files/b")
		for name, err := range map[string]error{
			"renew": s.RenewHold(t.Context(), "three", time.Hour), "finish": s.FinishBackup(t.Context(), "three", chat.Backup{}),
		} {
			if !errors.Is(err, ErrHoldExpired) {
				t.Errorf("%s of an expired hold: %v, want %v", name, err, ErrHoldExpired)
			}
		}
		due("files/a", "files/b")
	})
}
