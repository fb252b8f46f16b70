package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// A child that is being started has our files until it runs its own program.
func TestAFolderIsFreeAlsoWhileAChildHasItsFile(t *testing.T) {
	dir := t.TempDir()
	release, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFolder(dir); err == nil {
		t.Fatal("a folder is taken twice")
	}
	child, err := syscall.Dup(descriptor(t, filepath.Join(dir, "chillin.lock")))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(child)
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}

// descriptor is this process's own of the file at path.
func descriptor(t *testing.T, path string) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if to, err := os.Readlink("/proc/self/fd/" + file.Name()); err == nil && to == path {
			fd, err := strconv.Atoi(file.Name())
			if err != nil {
				t.Fatal(err)
			}
			return fd
		}
	}
	t.Fatalf("nobody has %s open", path)
	return -1
}

func TestOnlyTheOwnerReadsTheDataFolder(t *testing.T) {
	for name, prepare := range map[string]func(t *testing.T, dir string){
		"a new one": func(*testing.T, string) {},
		"one of an older version": func(t *testing.T, dir string) {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"chillin.db", "chillin.lock"} {
				if err := os.WriteFile(filepath.Join(dir, file), nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Join(dir, "chillin.db"), 0o644), os.Chmod(filepath.Join(dir, "chillin.lock"), 0o644)); err != nil {
				t.Fatal(err) // whatever the umask
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			prepare(t, dir)
			schema, err := SQLiteSchema(t.Context(), dir)
			migrateUp(t, schema, err)
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
