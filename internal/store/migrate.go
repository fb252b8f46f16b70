package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	migratesqlite "github.com/golang-migrate/migrate/v4/database/sqlite"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/chillin-chat/chillin/migrations"
)

// Schema is the schema of one database, to be moved between versions. Nodes may
// start together: Postgres's advisory lock lets one at a time, and a SQLite
// folder belongs to one process. Close it.
type Schema struct {
	migrate *migrate.Migrate
	release func() error
}

// PostgresSchema opens the schema of the database that dsn names.
func PostgresSchema(dsn string) (*Schema, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	driver, err := migratepgx.WithInstance(db, &migratepgx.Config{})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), db.Close())
	}
	return newSchema("postgres", driver, func() error { return nil })
}

// SQLiteSchema opens the schema of chillin.db in dir and holds the folder.
func SQLiteSchema(dir string) (*Schema, error) {
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", sqliteDSN(dir))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), lock.Close())
	}
	driver, err := migratesqlite.WithInstance(db, &migratesqlite.Config{})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), db.Close(), lock.Close())
	}
	return newSchema("sqlite", driver, lock.Close)
}

func newSchema(engine string, driver database.Driver, release func() error) (*Schema, error) {
	files, err := iofs.New(migrations.FS, engine)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read migrations: %w", err), driver.Close(), release())
	}
	m, err := migrate.NewWithInstance("embedded", files, engine, driver)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare migrations: %w", err), driver.Close(), release())
	}
	return &Schema{m, release}, nil
}

// Up brings the schema to the newest version. To be there already is no error.
func (s *Schema) Up() error { return s.moved(s.migrate.Up()) }

// Down takes the newest version back, one step.
func (s *Schema) Down() error { return s.moved(s.migrate.Steps(-1)) }

func (s *Schema) moved(err error) error {
	if err != nil && !errors.Is(err, migrate.ErrNoChange) {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Version returns the number of the newest migration applied, 0 for none; dirty
// tells that it broke off in the middle.
func (s *Schema) Version() (version uint, dirty bool, err error) {
	version, dirty, err = s.migrate.Version()
	if errors.Is(err, migrate.ErrNilVersion) {
		return 0, false, nil
	}
	return version, dirty, err
}

// wantNewestSchema refuses a database that another version of chillin serves.
func (s *Store) wantNewestSchema(ctx context.Context) error {
	files, err := fs.Glob(migrations.FS, "sqlite/*.up.sql") // by name; both engines have the same numbers
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	var newest, version int
	if _, err := fmt.Sscanf(files[len(files)-1], "sqlite/%06d_", &newest); err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if err := s.read.QueryRowContext(ctx, `SELECT version FROM schema_migrations`).Scan(&version); err != nil {
		return fmt.Errorf("read the schema's version (has the server run on this database?): %w", err)
	}
	if version != newest {
		return fmt.Errorf("the database has schema version %d and this chillin knows %d: use the chillin that serves it", version, newest)
	}
	return nil
}

// Close lets the database go.
func (s *Schema) Close() error {
	source, db := s.migrate.Close()
	return errors.Join(source, db, s.release())
}
