package testenv

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// machineDir returns the folder for data that is created once per machine and user. Unlike a home
// folder, user postgres can enter it.
func machineDir() (string, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("chillin-testenv-of-%d", os.Getuid()))
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		return "", fmt.Errorf("create the shared folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("check the shared folder: %w", err)
	}
	// Anyone can write to /tmp: another user could have created this name.
	if stat, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(stat.Uid) != os.Getuid() {
		return "", fmt.Errorf("folder %s belongs to another user: remove it or set TMPDIR", dir)
	}
	return dir, nil
}

// locked calls f while no other process of this user runs with the same name.
func locked(name string, f func() error) error {
	dir, err := machineDir()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(dir, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("open the lock: %w", err)
	}
	defer file.Close() // also releases the lock
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	return f()
}
