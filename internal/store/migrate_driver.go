package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/golang-migrate/migrate/v4/database"
)

var _ database.Driver = (*schemaDriver)(nil)

// schemaDriver is what golang-migrate moves: one connection. With its own drivers a
// migration and the number that tells of it are two transactions, and a process that
// is killed in between leaves a schema that nobody can tell the state of. Here they
// are one.
type schemaDriver struct {
	db     *sql.DB
	conn   *sql.Conn
	exists string // the question whether there is a table schema_migrations
	lock   func(ctx context.Context, conn *sql.Conn) error
	unlock func(ctx context.Context, conn *sql.Conn)
	// unused returns a *NodesConnectedError while nodes use the database.
	unused func(ctx context.Context, conn *sql.Conn) error

	ctx context.Context // of the call under way: golang-migrate knows none
	tx  *sql.Tx         // of the migration under way
}

func openSchemaDriver(ctx context.Context, db *sql.DB, exists string) (*schemaDriver, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), db.Close())
	}
	return &schemaDriver{
		db: db, conn: conn, exists: exists, ctx: ctx,
		lock: func(context.Context, *sql.Conn) error { return nil }, unlock: func(context.Context, *sql.Conn) {},
		unused: func(context.Context, *sql.Conn) error { return nil }, // the folder of SQLite is locked
	}, nil
}

func openSQLiteSchema(ctx context.Context, dir string) (*schemaDriver, error) {
	db, err := sql.Open("sqlite", sqliteDSN(dir))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return openSchemaDriver(ctx, db, `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations')`)
}

// take takes the lock for one move and sees to the table of the version.
func (d *schemaDriver) take() error {
	if err := d.lock(d.ctx, d.conn); err != nil {
		return err
	}
	there, err := d.numbered()
	if err == nil && !there {
		_, err = d.conn.ExecContext(d.ctx, `CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)`)
	}
	if err != nil {
		d.leave()
		return fmt.Errorf("prepare migrations: %w", err)
	}
	return nil
}

// leave ends a move: a migration that was not finished is taken back.
func (d *schemaDriver) leave() {
	if d.tx != nil {
		_ = d.tx.Rollback() // broken or not: what is not committed is not there
		d.tx = nil
	}
	d.unlock(context.WithoutCancel(d.ctx), d.conn)
}

// numbered tells whether there is a table of the version. It is asked first: a user who
// may not make tables may still be one to whom all of them were given.
func (d *schemaDriver) numbered() (there bool, err error) {
	err = d.conn.QueryRowContext(d.ctx, d.exists).Scan(&there)
	return there, err
}

// Lock has nothing to do: Schema holds the lock, from before golang-migrate looks.
func (*schemaDriver) Lock() error { return nil }

// Unlock has nothing to do either.
func (*schemaDriver) Unlock() error { return nil }

// SetVersion is called with dirty before a migration and without after it.
func (d *schemaDriver) SetVersion(version int, dirty bool) (err error) {
	if dirty {
		d.tx, err = d.conn.BeginTx(d.ctx, nil)
		return err
	}
	tx := d.tx
	if _, err := tx.ExecContext(d.ctx, `DELETE FROM schema_migrations`); err != nil {
		return fmt.Errorf("number the schema: %w", err)
	}
	if version != database.NilVersion {
		if _, err := tx.ExecContext(d.ctx, `INSERT INTO schema_migrations (version, dirty) VALUES ($1, false)`, version); err != nil {
			return fmt.Errorf("number the schema: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	d.tx = nil
	return nil
}

// Run does one migration.
func (d *schemaDriver) Run(migration io.Reader) error {
	statements, err := io.ReadAll(migration)
	if err != nil {
		return err
	}
	_, err = d.tx.ExecContext(d.ctx, string(statements))
	return err
}

// Version is the newest migration, database.NilVersion for none.
func (d *schemaDriver) Version() (version int, dirty bool, err error) {
	there, err := d.numbered()
	if err != nil || !there {
		return database.NilVersion, false, err
	}
	err = d.conn.QueryRowContext(d.ctx, `SELECT version, dirty FROM schema_migrations`).Scan(&version, &dirty)
	if errors.Is(err, sql.ErrNoRows) {
		return database.NilVersion, false, nil
	}
	return version, dirty, err
}

// Close lets the connection and the database go.
func (d *schemaDriver) Close() error { return errors.Join(d.conn.Close(), d.db.Close()) }

var errNotOurs = errors.New("this driver is opened by Schema and drops nothing")

// Open is for drivers that are registered by name.
func (*schemaDriver) Open(string) (database.Driver, error) { return nil, errNotOurs }

// Drop is not for us.
func (*schemaDriver) Drop() error { return errNotOurs }
