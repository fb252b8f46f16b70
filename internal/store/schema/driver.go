package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/golang-migrate/migrate/v4/database"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

var _ database.Driver = (*driver)(nil)

// driver is the database driver for golang-migrate, with one connection. The drivers of
// golang-migrate commit a migration and its version in two transactions, so that a process
// that is killed in between leaves a schema in an unknown state. This driver commits both in
// one transaction.
type driver struct {
	db     *sql.DB
	conn   *sql.Conn
	exists string // the query that reports whether the table schema_migrations exists
	lock   func(ctx context.Context, conn *sql.Conn) error
	unlock func(ctx context.Context, conn *sql.Conn)
	// locked returns an error if the lock does not protect the transaction.
	locked func(ctx context.Context, tx *sql.Tx) error
	// unused returns a *NodesConnectedError while nodes use the database.
	unused func(ctx context.Context, conn *sql.Conn) error

	ctx context.Context // of the current call: golang-migrate does not pass one
	tx  *sql.Tx         // of the current migration
}

func newDriver(ctx context.Context, db *sql.DB, exists string) (*driver, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), db.Close())
	}
	return &driver{
		db: db, conn: conn, exists: exists, ctx: ctx,
		lock: func(context.Context, *sql.Conn) error { return nil }, unlock: func(context.Context, *sql.Conn) {},
		locked: func(context.Context, *sql.Tx) error { return nil },
		unused: func(context.Context, *sql.Conn) error { return nil }, // the folder of SQLite is locked
	}, nil
}

func openSQLiteDriver(ctx context.Context, dir string) (*driver, error) {
	db, err := sql.Open("sqlite", dbconn.SQLiteDSN(dir))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return newDriver(ctx, db, `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations')`)
}

// acquire locks the schema for one run and creates the version table if necessary.
func (d *driver) acquire() error {
	if err := d.lock(d.ctx, d.conn); err != nil {
		return err
	}
	exists, err := d.hasVersionTable()
	if err == nil && !exists {
		_, err = d.conn.ExecContext(d.ctx, `CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)`)
	}
	if err != nil {
		d.release()
		return fmt.Errorf("prepare migrations: %w", err)
	}
	return nil
}

// release ends a run. It rolls back a migration that did not finish.
func (d *driver) release() {
	if d.tx != nil {
		_ = d.tx.Rollback() // a failed rollback changes nothing: uncommitted changes are never visible
		d.tx = nil
	}
	d.unlock(context.WithoutCancel(d.ctx), d.conn)
}

// hasVersionTable reports whether the version table exists. It is checked first, because a
// user may not be allowed to create tables and still have all privileges on existing ones.
func (d *driver) hasVersionTable() (exists bool, err error) {
	err = d.conn.QueryRowContext(d.ctx, d.exists).Scan(&exists)
	return exists, err
}

// Lock does nothing: Migrator takes the lock before golang-migrate reads the version.
func (*driver) Lock() error { return nil }

// Unlock does nothing, see Lock.
func (*driver) Unlock() error { return nil }

// SetVersion is called with dirty before a migration and without it afterwards.
func (d *driver) SetVersion(version int, dirty bool) (err error) {
	if dirty {
		// The statements can be canceled. If the transaction could be, database/sql would roll it back and close
		// the connection in another goroutine, while release uses it: Conn does not support that.
		if d.tx, err = d.conn.BeginTx(context.WithoutCancel(d.ctx), nil); err != nil {
			return err
		}
		return d.locked(d.ctx, d.tx)
	}
	tx := d.tx
	if _, err := tx.ExecContext(d.ctx, `DELETE FROM schema_migrations`); err != nil {
		return fmt.Errorf("set schema version: %w", err)
	}
	if version != database.NilVersion {
		if _, err := tx.ExecContext(d.ctx, `INSERT INTO schema_migrations (version, dirty) VALUES ($1, false)`, version); err != nil {
			return fmt.Errorf("set schema version: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	d.tx = nil
	return nil
}

// Run runs one migration.
func (d *driver) Run(migration io.Reader) error {
	statements, err := io.ReadAll(migration)
	if err != nil {
		return err
	}
	_, err = d.tx.ExecContext(d.ctx, string(statements))
	return err
}

// Version returns the version of the newest migration, database.NilVersion if there is none.
func (d *driver) Version() (version int, dirty bool, err error) {
	exists, err := d.hasVersionTable()
	if err != nil || !exists {
		return database.NilVersion, false, err
	}
	err = d.conn.QueryRowContext(d.ctx, `SELECT version, dirty FROM schema_migrations`).Scan(&version, &dirty)
	if errors.Is(err, sql.ErrNoRows) {
		return database.NilVersion, false, nil
	}
	return version, dirty, err
}

// Close closes the connection and the database.
func (d *driver) Close() error { return errors.Join(d.conn.Close(), d.db.Close()) }

var errNotSupported = errors.New("not supported: this driver is opened by Migrator only")

// Open is not supported: golang-migrate calls it for drivers that are registered by name.
func (*driver) Open(string) (database.Driver, error) { return nil, errNotSupported }

// Drop is not supported.
func (*driver) Drop() error { return errNotSupported }
