package dbconn

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/sqlite"
)

// maxStatements is more than the queries that package store has. A connection keeps about 3 KB
// for each of them.
const maxStatements = 256

// OpenSQLite opens a database with connections that keep their prepared statements. To prepare a
// short statement takes SQLite longer than to execute it, and database/sql prepares every
// statement again.
func OpenSQLite(dsn string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("read address of database: %w", err)
	}
	return sql.OpenDB(statementConnector{connector}), nil
}

type statementConnector struct{ driver.Connector }

func (c statementConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &statementConn{sqliteConn: conn.(sqliteConn), kept: map[string]statement{}}, nil
}

// sqliteConn is what database/sql uses of a connection of modernc.org/sqlite.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// statementConn is one connection. Like every driver.Conn, it is used by one goroutine at a time.
type statementConn struct {
	sqliteConn
	kept map[string]statement // by query; while the rows of a statement are read, it is not in it
}

var (
	_ driver.ExecerContext  = (*statementConn)(nil)
	_ driver.QueryerContext = (*statementConn)(nil)
)

func (c *statementConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := s.ExecContext(ctx, args)
	return result, errors.Join(err, c.keep(query, s))
}

func (c *statementConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, c.keep(query, s))
	}
	return &statementRows{rows, func() error { return c.keep(query, s) }}, nil
}

// take returns a statement that nothing else uses.
func (c *statementConn) take(ctx context.Context, query string) (statement, error) {
	if s, ok := c.kept[query]; ok {
		delete(c.kept, query)
		return s, nil
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.(statement), nil
}

// keep keeps s for the next caller. If there are too many, any one of them is closed.
func (c *statementConn) keep(query string, s statement) error {
	if _, ok := c.kept[query]; ok { // taken and prepared again at the same time
		return s.Close()
	}
	c.kept[query] = s
	if len(c.kept) <= maxStatements {
		return nil
	}
	for other, s := range c.kept {
		delete(c.kept, other)
		return s.Close()
	}
	return nil
}

func (c *statementConn) Close() error {
	var errs []error
	for _, s := range c.kept {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.sqliteConn.Close())...)
}

// statementRows gives the statement back when the rows have been read.
type statementRows struct {
	driver.Rows
	done func() error
}

func (r *statementRows) Close() error { return errors.Join(r.Rows.Close(), r.done()) }
