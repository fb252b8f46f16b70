package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// trialWrite changes a row to what it is already: that needs everything that a write needs,
// and leaves nothing.
const trialWrite = `UPDATE instance SET epoch = epoch`

// TryPostgres commits a write to the database that dsn names, which must have a schema, and
// returns how long that took.
func TryPostgres(ctx context.Context, dsn string) (took time.Duration, err error) {
	pool, err := openPool(ctx, dsn, toolName, 1, nil)
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

// TrySQLite is TryPostgres for the database in dir, beside the node that may have it open.
func TrySQLite(ctx context.Context, dir string) (took time.Duration, err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "chillin.db")+"?mode=rw&_pragma=busy_timeout(1500)&_pragma=synchronous(FULL)&_txlock=immediate")
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
