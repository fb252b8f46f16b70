package store

import (
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
