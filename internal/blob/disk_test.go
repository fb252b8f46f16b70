package blob_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
)

func TestDiskLeavesNoTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	suite(t, openDisk(t, dir))
	left, err := filepath.Glob(filepath.Join(dir, ".tmp", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files = %v, %v; want none", left, err)
	}
}

func TestDiskKeepsBlobsAcrossRestarts(t *testing.T) {
	dir := t.TempDir()
	put(t, openDisk(t, dir), "a/b", []byte("kept"), "text/plain")
	if got, _ := get(t, openDisk(t, dir), "a/b"); string(got) != "kept" {
		t.Errorf("blob = %q, want \"kept\"", got)
	}
}

func TestDiskWithoutFolderIsUnavailable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "blobs")
	d := openDisk(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := d.Ready(t.Context()); chat.CodeOf(err) != chat.Unavailable {
		t.Errorf("ready: %v, want UNAVAILABLE", err)
	}
}

func TestDiskRefusesOtherFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "strange"), []byte("hello\nworld"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openDisk(t, dir).Get(t.Context(), "strange"); chat.CodeOf(err) != chat.Unavailable {
		t.Errorf("get: %v, want UNAVAILABLE", err)
	}
}
