package store

import (
	"context"
	"database/sql"
	"sync/atomic"
	"time"
)

// writeDB is the pool of connections that write. With a turn it serves callers in the order in which
// they ask: database/sql gives a free connection to a random caller, so that on a slow disk one in a
// hundred of a few callers waits longer than its budget, while others are served many times.
type writeDB struct {
	*sql.DB
	// turn is held while its holder waits for a connection, so that only one caller does. It is nil for
	// a pool of many connections.
	turn *semaphore
	// waits and waited add up the waits for a turn.
	waits, waited atomic.Int64
}

// oneWriter returns a pool of one connection.
func oneWriter(db *sql.DB) *writeDB {
	db.SetMaxOpenConns(1)
	return &writeDB{DB: db, turn: newSemaphore(1)}
}

// await waits for the turn of the caller, who calls done as soon as it has a connection. If ctx ends,
// the caller receives its error from database/sql.
func (db *writeDB) await(ctx context.Context) (done func()) {
	if db.turn == nil {
		return func() {}
	}
	if !db.turn.tryAcquire() {
		began := time.Now()
		err := db.turn.acquire(ctx)
		db.waits.Add(1)
		db.waited.Add(int64(time.Since(began)))
		if err != nil {
			return func() {}
		}
	}
	return db.turn.release
}

// Stats includes the waits for a turn.
func (db *writeDB) Stats() sql.DBStats {
	stats := db.DB.Stats()
	stats.WaitCount += db.waits.Load()
	stats.WaitDuration += time.Duration(db.waited.Load())
	return stats
}

func (db *writeDB) BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error) {
	defer db.await(ctx)()
	return db.DB.BeginTx(ctx, o)
}

func (db *writeDB) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	defer db.await(ctx)()
	return db.DB.ExecContext(ctx, query, args...)
}

func (db *writeDB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	defer db.await(ctx)()
	return db.DB.QueryContext(ctx, query, args...) //nolint:sqlclosecheck // the caller closes them
}

func (db *writeDB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	defer db.await(ctx)()
	return db.DB.QueryRowContext(ctx, query, args...)
}
