package dbconn

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// With synchronous=FULL every commit costs one fsync, which a batch of messages shares. A
// confirmed message survives a power failure, as it does on Postgres.
const sqlitePragmas = "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(1500)" +
	"&_pragma=foreign_keys(1)&_pragma=cache_size(-16000)&_txlock=immediate"

// SQLitePath returns the path of the database in the data folder dir.
func SQLitePath(dir string) string { return filepath.Join(dir, "chillin.db") }

// SQLiteDSN returns the data source name of a node for the database in dir.
func SQLiteDSN(dir string) string { return "file:" + SQLitePath(dir) + sqlitePragmas }

// RestoreFolder is the folder in which a restore builds the database.
const RestoreFolder = "restore.partial"

// Restoring reports whether a restore into dir was started and did not finish.
func Restoring(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, RestoreFolder))
	return err == nil && !hasDatabase(dir)
}

// hasDatabase reports whether dir contains a database. LockFolder creates an empty file,
// which does not count.
func hasDatabase(dir string) bool {
	info, err := os.Stat(SQLitePath(dir))
	return err == nil && info.Size() > 0
}

// LockFolder creates dir if necessary and locks it for this process. The lock ends with
// release or with the process, also if the process is killed.
func LockFolder(dir string) (release func() error, err error) {
	if err := createFolder(dir); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "chillin.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("another chillin uses the data folder %s: "+
			"several nodes need Postgres (DB_HOST) and Redis (REDIS_URL), or a DATA_DIR of their own", dir)
	}
	// Unlock before close: a child process that is just being started inherits the file and,
	// for a moment, the lock.
	release = func() error { return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close()) }
	if err := errors.Join(file.Chmod(0o600), createDatabase(dir)); err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

// createFolder creates dir with access only for the user that runs chillin. It restricts a
// folder of an older version, which was readable by all users.
func createFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create data folder: %w", err)
	}
	// The mount point of a volume can belong to another user. The files are private anyway.
	if err := os.Chmod(dir, 0o700); err != nil && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("make data folder private: %w", err)
	}
	return nil
}

// createDatabase creates the database file with access only for the user that runs
// chillin. SQLite gives the same mode to the files that it creates next to it. Call it
// while the folder is locked: closing a file ends the locks that SQLite holds on it in
// this process.
func createDatabase(dir string) error {
	path := SQLitePath(dir)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("create database: %w", err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Chmod(name, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make database private: %w", err)
		}
	}
	return nil
}

// CheckDatabase returns an error if dir contains no database.
func CheckDatabase(dir string) error {
	if _, err := os.Stat(SQLitePath(dir)); err != nil {
		return fmt.Errorf("there is no database in the data folder (DATA_DIR): %w", err)
	}
	return nil
}
