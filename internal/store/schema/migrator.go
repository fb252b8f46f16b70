// Package schema creates and migrates the database schema, and inspects a database before a
// node starts.
package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/source/iofs"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
	"github.com/chillin-chat/chillin/migrations"
)

// Migrator runs the migrations of one database. Nodes can start at the same time: on Postgres an
// advisory lock admits one at a time, and a SQLite folder belongs to one process. A migration
// that is interrupted in any way changes nothing. The caller must close the Migrator.
type Migrator struct {
	migrate *migrate.Migrate
	db      *driver
	release func() error
}

// OpenPostgres opens the schema of the database of dsn.
func OpenPostgres(ctx context.Context, dsn string) (*Migrator, error) {
	d, err := openPostgresDriver(ctx, dsn)
	if err != nil {
		return nil, err
	}
	var restoring bool
	err = d.conn.QueryRowContext(ctx, `SELECT to_regclass('restore_in_progress') IS NOT NULL`).Scan(&restoring)
	if err == nil && restoring {
		err = errRestoring("the database")
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return newMigrator("postgres", d, func() error { return nil })
}

// OpenSQLite opens the schema of the database in the data folder dir and locks the folder.
func OpenSQLite(ctx context.Context, dir string) (*Migrator, error) {
	release, err := dbconn.LockFolder(dir)
	if err != nil {
		return nil, err
	}
	if dbconn.Restoring(dir) {
		return nil, errors.Join(errRestoring("the data folder "+dir), release())
	}
	d, err := openSQLiteDriver(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, release())
	}
	return newMigrator("sqlite", d, release)
}

func newMigrator(engine string, d *driver, release func() error) (*Migrator, error) {
	files, err := iofs.New(migrations.FS, engine)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read migrations: %w", err), d.Close(), release())
	}
	m, err := migrate.NewWithInstance("embedded", files, engine, d)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare migrations: %w", err), d.Close(), release())
	}
	return &Migrator{m, d, release}, nil
}

// Up migrates the schema to the newest version. It returns nil if the schema is already
// there, and a *BusyError at once if another process migrates it. When ctx ends, the current
// migration is rolled back.
func (m *Migrator) Up(ctx context.Context) error {
	newest, err := Newest()
	if err != nil {
		return err
	}
	if version, dirty, err := m.Version(ctx); err == nil && version == newest && !dirty {
		return nil // without the lock, so that nodes that start at the same time do not wait for each other
	}
	return m.run(ctx, m.migrate.Up)
}

// Down reverts every migration above version. While nodes use the database it changes nothing
// and returns a *NodesConnectedError. Otherwise it is like Up.
func (m *Migrator) Down(ctx context.Context, version uint) error {
	if _, err := m.DownPlan(ctx, version); err != nil {
		return err
	}
	return m.run(ctx, func() error {
		if err := m.db.unused(ctx, m.db.conn); err != nil {
			return err
		}
		return m.migrate.Migrate(version)
	})
}

// firstReleasedSchema is the oldest version that a released chillin supports. Below it there
// are no tables: to migrate down to it would delete all data.
const firstReleasedSchema = 1

// DownPlan returns the migrations that Down would revert, in that order. It returns an error
// if version is not below the current version, or is older than every released chillin.
func (m *Migrator) DownPlan(ctx context.Context, version uint) ([]string, error) {
	current, _, err := m.Version(ctx)
	switch {
	case err != nil:
		return nil, err
	case version < firstReleasedSchema:
		return nil, fmt.Errorf("the schema cannot go down to version %d, which is empty: version %d is the oldest that a chillin supports. To delete all data, drop the database", version, firstReleasedSchema)
	case version >= current:
		return nil, fmt.Errorf("the schema has version %d: version %d is not below it", current, version)
	}
	files, err := fs.Glob(migrations.FS, "sqlite/*.down.sql") // by name; both engines have the same names
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	var plan []string
	for _, file := range slices.Backward(files) {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "sqlite/"), ".down.sql")
		var number uint
		if _, err := fmt.Sscanf(name, "%06d_", &number); err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
		if number > version && number <= current {
			plan = append(plan, name)
		}
	}
	return plan, nil
}

func errRestoring(where string) error {
	return fmt.Errorf("%s has a restore that is running or was interrupted: run chillin restore again until it is complete", where)
}

// NodesConnectedError is returned while nodes or commands of Chillin use the database.
type NodesConnectedError struct {
	Names []string // the names of the connections, each with its address
}

func (e *NodesConnectedError) Error() string {
	return "the database is in use by " + strings.Join(e.Names, ", ") + ": stop all nodes first"
}

func (m *Migrator) run(ctx context.Context, migration func() error) error {
	m.db.ctx = ctx
	if err := m.db.acquire(); err != nil {
		return err
	}
	defer m.db.release()
	version, dirty, err := m.Version(ctx)
	if err == nil {
		err = checkMovable(version, dirty)
	}
	if err != nil {
		return err
	}
	if err := migration(); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		if _, ok := errors.AsType[*NodesConnectedError](err); ok {
			return err
		}
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// checkMovable returns an error for a schema that this binary cannot migrate.
func checkMovable(version uint, dirty bool) error {
	newest, err := Newest()
	switch {
	case err != nil:
		return err
	case dirty:
		return fmt.Errorf("migration %d of an older chillin was interrupted: restore the backup, or repair the schema by hand", version)
	case version > newest:
		return errVersion(version, newest)
	}
	return nil
}

func errVersion(version, newest uint) error {
	return fmt.Errorf("the database has schema version %d and this chillin supports %d: use a version of chillin that supports it", version, newest)
}

// Version returns the version of the newest applied migration, 0 if there is none. It does
// not wait for a running migration. dirty reports whether a migration was interrupted, which
// only older versions of chillin leave behind.
func (m *Migrator) Version(ctx context.Context) (version uint, dirty bool, err error) {
	m.db.ctx = ctx
	version, dirty, err = m.migrate.Version()
	if errors.Is(err, migrate.ErrNilVersion) {
		return 0, false, nil
	}
	return version, dirty, err
}

// Newest returns the version that this binary supports.
func Newest() (newest uint, err error) {
	files, err := fs.Glob(migrations.FS, "sqlite/*.up.sql") // by name; both engines have the same numbers
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	if _, err := fmt.Sscanf(files[len(files)-1], "sqlite/%06d_", &newest); err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	return newest, nil
}

// CheckNewest returns an error unless db has the schema version of this binary.
func CheckNewest(ctx context.Context, db *sql.DB) error {
	newest, err := Newest()
	if err != nil {
		return err
	}
	var version uint
	if err := db.QueryRowContext(ctx, `SELECT version FROM schema_migrations`).Scan(&version); err != nil {
		return fmt.Errorf("read the schema version (has the server run on this database?): %w", err)
	}
	if version != newest {
		return errVersion(version, newest)
	}
	return nil
}

// Close closes the database.
func (m *Migrator) Close() error {
	source, db := m.migrate.Close()
	return errors.Join(source, db, m.release())
}
