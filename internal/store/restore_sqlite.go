package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

// RestoreSQLite opens dir for a restore and locks it, as a node does. It returns ErrNotEmpty
// if dir contains a database. Until Commit, nodes refuse the folder.
func RestoreSQLite(dir string) (_ *Restore, err error) {
	release, err := dbconn.LockFolder(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, release())
		}
	}()
	final, partial := dbconn.SQLitePath(dir), filepath.Join(dir, dbconn.RestoreFolder)
	for _, file := range []string{final, final + "-wal", final + "-journal"} {
		// SQLite would apply the journal of another database to the restored one.
		if info, err := os.Stat(file); err == nil && info.Size() > 0 {
			return nil, fmt.Errorf("%w: %s exists; set another DATA_DIR, or move this file away", ErrNotEmpty, file)
		}
	}
	r := &Restore{Resumed: dbconn.Restoring(dir), dialect: sqliteTables{}, files: "sqlite", release: release}
	r.mark = func(ctx context.Context) error {
		if err := os.RemoveAll(partial); err != nil {
			return err
		}
		return r.openSQLite(ctx, partial)
	}
	r.publish = func(context.Context) error { return publishSQLite(r, partial, final) }
	return r, nil
}

// ScratchSQLite opens a restore into a temporary file, which Close deletes.
func ScratchSQLite(ctx context.Context) (*Restore, error) {
	dir, err := os.MkdirTemp("", "chillin-check-")
	if err != nil {
		return nil, fmt.Errorf("create a scratch folder: %w", err)
	}
	r := &Restore{dialect: sqliteTables{}, files: "sqlite", release: func() error { return os.RemoveAll(dir) }}
	if err := r.openSQLite(ctx, dir); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// openSQLite creates the database without a journal, because an incomplete file is not used.
// Foreign keys are checked when everything is loaded.
func (r *Restore) openSQLite(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(dbconn.SQLitePath(dir), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+file.Name()+"?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)&_pragma=cache_size(-32000)")
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	r.db, r.conn, r.enter = db, conn, func(context.Context) error { return nil }
	return nil
}

// publishSQLite moves the complete database to its final name, in a way that survives a power
// failure.
func publishSQLite(r *Restore, partial, final string) error {
	built := dbconn.SQLitePath(partial)
	for _, step := range []func() error{
		r.conn.Close, r.db.Close,
		func() error { return syncFile(built) },
		func() error { return os.Rename(built, final) },
		func() error { return syncFile(filepath.Dir(final)) },
		func() error { return os.RemoveAll(partial) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("publish database: %w", err)
		}
	}
	return nil
}

func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
