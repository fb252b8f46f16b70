package dbconn

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// A child process that is just being started has our files until it runs its own program.
func TestReleasedFolderCanBeLockedWhileAChildHasTheFile(t *testing.T) {
	dir := t.TempDir()
	release, err := LockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LockFolder(dir); err == nil {
		t.Fatal("a folder was locked twice")
	}
	child, err := syscall.Dup(descriptor(t, filepath.Join(dir, "chillin.lock")))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(child)
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := LockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}

// descriptor returns the file descriptor of this process for the file at path.
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
	t.Fatalf("%s is not open", path)
	return -1
}
