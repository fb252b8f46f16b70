package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

// tx runs fn in one write transaction. It commits if fn returns nil, and rolls back if fn
// returns an error or panics.
func (s *Store) tx(ctx context.Context, fn func(tx *sql.Tx) error) error {
	err := runTx(ctx, s.write, fn)
	s.noteFailure(err)
	return err
}

// batchTx is dialect.batchTx, and reports failures as tx does.
func (s *Store) batchTx(ctx context.Context, first []stmt, next func() ([]stmt, error)) error {
	err := s.dialect.batchTx(ctx, first, next)
	s.noteFailure(err)
	return err
}

// beginner is a pool of connections.
type beginner interface {
	BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error)
}

// runTx runs fn in a transaction of db. See Store.tx.
func runTx(ctx context.Context, db beginner, fn func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // also after a panic; does nothing after the commit
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// runBatchTx runs a transaction in two round trips, so that it holds its row locks only
// for a short time. The first round trip is BEGIN and the statements that first queues.
// The second one is the statements that last queues, and COMMIT. runBatchTx rolls back if
// last queues nothing, returns an error or panics: a transaction that stays open would
// hold its locks and a connection. After an error of the commit the outcome can be
// unknown.
func runBatchTx(ctx context.Context, pool *dbconn.Pool, first func(b *pgx.Batch), last func(b *pgx.Batch) error) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("acquire connection: %w", err)
	}
	committed := false
	defer func() {
		if !committed {
			rollBack(conn)
		}
		conn.Release()
	}()
	b := &pgx.Batch{}
	pool.QueueBegin(b)
	first(b)
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	b = &pgx.Batch{}
	if err := last(b); err != nil || b.Len() == 0 {
		return err
	}
	b.Queue(`COMMIT`)
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}

// rollBack uses its own timeout, because the context of the transaction may have ended. If it
// fails, the pool closes the connection on release, which also rolls back.
func rollBack(conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if !conn.Conn().IsClosed() {
		_, _ = conn.Exec(ctx, `ROLLBACK`)
	}
}

// stmt is one statement of a transaction. Each statement sees what was committed before
// it started.
type stmt struct {
	query string
	args  []any
	// scan reads the first row of the result. Its Scan returns sql.ErrNoRows if there is no
	// row. scan is nil for a statement whose result is not read.
	scan func(r row) error
}

func exec(query string, args ...any) stmt { return stmt{query: query, args: args} }

func queryRow(scan func(r row) error, query string, args ...any) stmt { return stmt{query, args, scan} }

// ifAny is s, which may have no row. It sets found to whether there is one.
func ifAny(found *bool, s stmt) stmt {
	return queryRow(func(r row) (err error) {
		*found, err = rowFound(s.scan(r))
		return err
	}, s.query, s.args...)
}

// execAll executes stmts one after the other.
func execAll(ctx context.Context, tx *sql.Tx, stmts ...stmt) error {
	for _, s := range stmts {
		var err error
		if s.scan != nil {
			err = s.scan(tx.QueryRowContext(ctx, s.query, s.args...))
		} else {
			_, err = tx.ExecContext(ctx, s.query, s.args...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// queueAll queues stmts for one round trip.
func queueAll(b *pgx.Batch, stmts ...stmt) {
	for _, s := range stmts {
		q := b.Queue(s.query, s.args...)
		if s.scan != nil {
			q.QueryRow(func(r pgx.Row) error { return s.scan(r) })
		}
	}
}
