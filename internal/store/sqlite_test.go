package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/chillin-chat/chillin/internal/store/schema"
)

func TestDataFolderIsPrivate(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, dir string){
		"new folder": func(*testing.T, string) {},
		"folder of an older version": func(t *testing.T, dir string) {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"chillin.db", "chillin.lock"} {
				if err := os.WriteFile(filepath.Join(dir, file), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Join(dir, "chillin.db"), 0o644), os.Chmod(filepath.Join(dir, "chillin.lock"), 0o644)); err != nil {
				t.Fatal(err) // independent of the umask
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			prepare(t, dir)
			migrator, err := schema.OpenSQLite(t.Context(), dir)
			migrateUp(t, migrator, err)
			s, err := OpenSQLite(t.Context(), dir, Options{})
			s = opened(t, s, err)
			register(t, s, "alice")
			modes := map[string]fs.FileMode{dir: 0o700}
			for _, file := range []string{"chillin.db", "chillin.db-wal", "chillin.db-shm", "chillin.lock"} {
				modes[filepath.Join(dir, file)] = 0o600
			}
			for path, want := range modes {
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				if got := info.Mode().Perm(); got != want {
					t.Errorf("%s has mode %o, want %o", filepath.Base(path), got, want)
				}
			}
		})
	}
}

func TestFolderIsOpenedByOneProcess(t *testing.T) {
	s := openTestSQLite(t)
	var path string
	if err := s.read.QueryRow(`SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		t.Fatal(err)
	}
	dir := path[:len(path)-len("/chillin.db")]
	if second, err := OpenSQLite(t.Context(), dir, Options{}); err == nil {
		_ = second.Close()
		t.Fatal("a second store opened the same folder, want an error")
	}
}
