package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// step is one statement of a transaction. Each sees what was committed before it.
type step struct {
	query string
	args  []any
	read  func(r row) error // takes its row, sql.ErrNoRows where it has none; nil: it is not read
}

func do(query string, args ...any) step { return step{query: query, args: args} }

func reading(read func(r row) error, query string, args ...any) step { return step{query, args, read} }

// trips is a transaction of two round trips, however many its steps: whoever holds a
// room's row for longer lets all wait who send there. It ends with commit or rollback.
type trips interface {
	// commit does steps and commits, in one round trip. After an error rollback is to
	// be called, and the outcome may be unknown.
	commit(ctx context.Context, steps ...step) error
	rollback()
}

// unless calls undo unless done is set. Deferred, it also undoes what a panic broke off:
// a transaction left open would hold a room's row and a connection.
func unless(done *bool, undo func()) {
	if !*done {
		undo()
	}
}

type pgTrips struct{ conn *pgxpool.Conn }

func (p *postgres) begin(ctx context.Context, steps ...step) (trips, error) {
	begun := false
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("acquire connection: %w", err)
	}
	t := pgTrips{conn}
	defer unless(&begun, t.rollback)
	if err := t.send(ctx, append([]step{do(`BEGIN`)}, steps...)); err != nil {
		return nil, err
	}
	begun = true
	return t, nil
}

func (t pgTrips) send(ctx context.Context, steps []step) error {
	trip := &pgx.Batch{}
	for _, s := range steps {
		q := trip.Queue(s.query, s.args...)
		if s.read != nil {
			q.QueryRow(func(r pgx.Row) error { return s.read(r) })
		}
	}
	return t.conn.SendBatch(ctx, trip).Close()
}

func (t pgTrips) commit(ctx context.Context, steps ...step) error {
	if err := t.send(ctx, append(steps, do(`COMMIT`))); err != nil {
		return err
	}
	t.conn.Release()
	return nil
}

func (t pgTrips) rollback() { rollBack(t.conn) }

// rollBack is bounded on its own: the context of the transaction may be over. A
// connection that is not idle then is closed by the pool, which rolls back too.
func rollBack(conn *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if !conn.Conn().IsClosed() {
		_, _ = conn.Exec(ctx, `ROLLBACK`)
	}
	conn.Release()
}

// sqliteTrips has no way to go: the database is in the process.
type sqliteTrips struct{ tx *sql.Tx }

func (e *sqliteEngine) begin(ctx context.Context, steps ...step) (trips, error) {
	tx, err := e.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	t, begun := sqliteTrips{tx}, false
	defer unless(&begun, t.rollback)
	if err := inTurn(ctx, tx, steps...); err != nil {
		return nil, err
	}
	begun = true
	return t, nil
}

func (t sqliteTrips) commit(ctx context.Context, steps ...step) error {
	if err := inTurn(ctx, t.tx, steps...); err != nil {
		return err
	}
	return t.tx.Commit()
}

func (t sqliteTrips) rollback() { _ = t.tx.Rollback() }

// inTurn does steps one after the other.
func inTurn(ctx context.Context, tx *sql.Tx, steps ...step) error {
	for _, s := range steps {
		var err error
		if s.read != nil {
			err = s.read(tx.QueryRowContext(ctx, s.query, s.args...))
		} else {
			_, err = tx.ExecContext(ctx, s.query, s.args...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
