package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

// trialWrite sets a row to its current value. It needs everything that a write needs and
// changes nothing.
const trialWrite = `UPDATE instance SET epoch = epoch`

// TryPostgres commits a write to the database of dsn, which must have a schema, and returns
// its duration.
func TryPostgres(ctx context.Context, dsn string, pooled bool) (took time.Duration, err error) {
	pool, err := dbconn.OpenPool(ctx, dbconn.Address{DSN: dsn, Pooled: pooled}, dbconn.ToolName, 1, nil)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	if err := pool.Ping(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	_, err = pool.Exec(ctx, trialWrite)
	return time.Since(began), err
}

// TrySQLite is TryPostgres for the database in dir. A node may use the database at the same
// time.
func TrySQLite(ctx context.Context, dir string) (took time.Duration, err error) {
	db, err := sql.Open("sqlite", "file:"+dbconn.SQLitePath(dir)+"?mode=rw&_pragma=busy_timeout(1500)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	began := time.Now()
	if _, err := db.ExecContext(ctx, trialWrite); err != nil {
		return 0, fmt.Errorf("write: %w", err)
	}
	return time.Since(began), nil
}
