package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/source/iofs"

	"github.com/chillin-chat/chillin/migrations"
)

// Schema is the schema of one database, to be moved between versions. Nodes may
// start together: Postgres's advisory lock lets one at a time, and a SQLite
// folder belongs to one process. A migration that breaks off, in whatever way, has
// changed nothing. Close it.
type Schema struct {
	migrate *migrate.Migrate
	db      *schemaDriver
	release func() error
}

// PostgresSchema opens the schema of the database that dsn names.
func PostgresSchema(ctx context.Context, dsn string) (*Schema, error) {
	driver, err := openPostgresSchema(ctx, dsn)
	if err != nil {
		return nil, err
	}
	var restoring bool
	err = driver.conn.QueryRowContext(ctx, `SELECT to_regclass('restore_in_progress') IS NOT NULL`).Scan(&restoring)
	if err == nil && restoring {
		err = errRestoring("the database")
	}
	if err != nil {
		return nil, errors.Join(err, driver.Close())
	}
	return newSchema("postgres", driver, func() error { return nil })
}

// SQLiteSchema opens the schema of chillin.db in dir and holds the folder.
func SQLiteSchema(ctx context.Context, dir string) (*Schema, error) {
	release, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	if restoring(dir) {
		return nil, errors.Join(errRestoring("the data folder "+dir), release())
	}
	driver, err := openSQLiteSchema(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, release())
	}
	return newSchema("sqlite", driver, release)
}

func newSchema(engine string, driver *schemaDriver, release func() error) (*Schema, error) {
	files, err := iofs.New(migrations.FS, engine)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read migrations: %w", err), driver.Close(), release())
	}
	m, err := migrate.NewWithInstance("embedded", files, engine, driver)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare migrations: %w", err), driver.Close(), release())
	}
	return &Schema{m, driver, release}, nil
}

// Up brings the schema to the newest version. To be there already is no error. While
// another process moves the schema the error is a *Migrating, at once. When ctx ends,
// the migration that is under way is taken back.
func (s *Schema) Up(ctx context.Context) error {
	newest, err := NewestSchema()
	if err != nil {
		return err
	}
	if version, dirty, err := s.Version(ctx); err == nil && version == newest && !dirty {
		return nil // without the lock: nodes that start together need not wait for each other
	}
	return s.move(ctx, s.migrate.Up)
}

// Down takes every migration above version back. It returns a *NodesConnectedError, and
// changes nothing, while nodes use the database; otherwise it is like Up.
func (s *Schema) Down(ctx context.Context, version uint) error {
	if _, err := s.DownPlan(ctx, version); err != nil {
		return err
	}
	return s.move(ctx, func() error {
		if err := s.db.unused(ctx, s.db.conn); err != nil {
			return err
		}
		return s.migrate.Migrate(version)
	})
}

// firstReleasedSchema is the oldest version that a released chillin serves. Below it
// there are no tables: going there would delete everything.
const firstReleasedSchema = 1

// DownPlan returns the migrations that Down would take back, the first to go first. It
// returns an error if version is not below the present one, or is older than every
// released chillin.
func (s *Schema) DownPlan(ctx context.Context, version uint) ([]string, error) {
	current, _, err := s.Version(ctx)
	switch {
	case err != nil:
		return nil, err
	case version < firstReleasedSchema:
		return nil, fmt.Errorf("the schema cannot go down to version %d, which is empty: version %d is the oldest that a chillin serves. To delete all data, drop the database", version, firstReleasedSchema)
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

// NodesConnectedError is returned while other connections of Chillin use the database.
type NodesConnectedError struct {
	Names []string // as nodes and tools name their connections, with the address of each
}

func (e *NodesConnectedError) Error() string {
	return "the database is in use by " + strings.Join(e.Names, ", ") + ": stop all nodes first"
}

func (s *Schema) move(ctx context.Context, step func() error) error {
	s.db.ctx = ctx
	if err := s.db.take(); err != nil {
		return err
	}
	defer s.db.leave()
	version, dirty, err := s.Version(ctx)
	if err == nil {
		err = movable(version, dirty)
	}
	if err != nil {
		return err
	}
	if err := step(); err != nil && !errors.Is(err, migrate.ErrNoChange) {
		if _, ok := errors.AsType[*NodesConnectedError](err); ok {
			return err
		}
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// movable refuses a schema that this binary cannot bring anywhere.
func movable(version uint, dirty bool) error {
	newest, err := NewestSchema()
	switch {
	case err != nil:
		return err
	case dirty:
		return fmt.Errorf("migration %d broke off in the middle, under an older chillin: restore the backup, or mend the schema by hand", version)
	case version > newest:
		return errSchema(version, newest)
	}
	return nil
}

func errSchema(version, newest uint) error {
	return fmt.Errorf("the database has schema version %d and this chillin knows %d: use the chillin that serves it", version, newest)
}

// Version returns the number of the newest migration applied, 0 for none. It does
// not wait for who moves the schema. dirty tells that a migration broke off in the
// middle, which only versions of chillin before this one left behind.
func (s *Schema) Version(ctx context.Context) (version uint, dirty bool, err error) {
	s.db.ctx = ctx
	version, dirty, err = s.migrate.Version()
	if errors.Is(err, migrate.ErrNilVersion) {
		return 0, false, nil
	}
	return version, dirty, err
}

// NewestSchema is the version that this binary serves.
func NewestSchema() (newest uint, err error) {
	files, err := fs.Glob(migrations.FS, "sqlite/*.up.sql") // by name; both engines have the same numbers
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	if _, err := fmt.Sscanf(files[len(files)-1], "sqlite/%06d_", &newest); err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	return newest, nil
}

// wantNewestSchema refuses a database that another version of chillin serves.
func (s *Store) wantNewestSchema(ctx context.Context) error {
	newest, err := NewestSchema()
	if err != nil {
		return err
	}
	var version uint
	if err := s.read.QueryRowContext(ctx, `SELECT version FROM schema_migrations`).Scan(&version); err != nil {
		return fmt.Errorf("read the schema's version (has the server run on this database?): %w", err)
	}
	if version != newest {
		return errSchema(version, newest)
	}
	return nil
}

// Close lets the database go.
func (s *Schema) Close() error {
	source, db := s.migrate.Close()
	return errors.Join(source, db, s.release())
}
