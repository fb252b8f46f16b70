package testenv

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// machineDir returns the folder, the same for every test binary of this user on
// this machine, that holds what is made once. User postgres can pass it, which
// it could not with a home folder.
func machineDir() (string, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("chillin-testenv-of-%d", os.Getuid()))
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		return "", fmt.Errorf("make the folder of what is shared: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("look at the folder of what is shared: %w", err)
	}
	// /tmp is everybody's: another user could have put this name there.
	if stat, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(stat.Uid) != os.Getuid() {
		return "", fmt.Errorf("folder %s belongs to somebody else: remove it or set TMPDIR", dir)
	}
	return dir, nil
}

// locked calls f while no other process of this user does the same under name.
func locked(name string, f func() error) error {
	dir, err := machineDir()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(dir, name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("open the lock: %w", err)
	}
	defer file.Close() // this also unlocks
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	return f()
}
