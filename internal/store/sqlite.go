package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

const sqliteReaders = 4

// OpenSQLite opens the database in the data folder dir and locks the folder. The schema
// must exist, see package schema.
func OpenSQLite(ctx context.Context, dir string, o Options) (*Store, error) {
	release, err := openFolder(dir, o.Shared)
	if err != nil {
		return nil, err
	}
	write, err := dbconn.OpenSQLite(dbconn.SQLiteDSN(dir))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), release())
	}
	writer := oneWriter(write) // SQLite has one writer: waiting here is fair, its busy loop is not
	read, err := dbconn.OpenSQLite(dbconn.SQLiteDSN(dir))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), write.Close(), release())
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	return open(ctx, database{
		dialect: &sqliteDialect{write: writer}, read: read, byKey: read, write: writer,
		stats: func() map[string]sql.DBStats {
			return map[string]sql.DBStats{"reads": read.Stats(), "writes": writer.Stats()}
		},
		close: func() error { return errors.Join(read.Close(), write.Close(), release()) },
	}, o)
}

// openFolder locks the folder, unless it is shared with the process that has the lock. Then
// the locks of SQLite keep the two processes apart, and the database must exist.
func openFolder(dir string, shared bool) (release func() error, err error) {
	if shared {
		return func() error { return nil }, dbconn.CheckDatabase(dir)
	}
	return dbconn.LockFolder(dir)
}
