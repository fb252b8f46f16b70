package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
)

// NodeConns is how many connections a node takes of Postgres.
const NodeConns = postgresConns + appendConns

// Facts are what a database tells of itself, for who looks before a node starts. Of
// SQLite there are none but the schema.
type Facts struct {
	Schema uint // 0 for none
	Dirty  bool // see Schema.Version

	Version    string
	Number     int    // of the version, as 150004
	Encoding   string // of the database
	Standby    bool   // takes no writes
	MayCreate  bool   // tables, in the schema where they would be
	Trigrams   bool   // the extension pg_trgm can be had
	Synced     bool   // synchronous_commit, on a connection as a node opens it
	Fsync      bool
	WholePages bool // full_page_writes
	MaxConns   int  // for those who are no superusers
	TakenConns int  // by others than Chillin
	Ahead      time.Duration
	Took       time.Duration // to ask

	// LastBackup is nil if the schema does not record backups.
	LastBackup *chat.Backup
}

// InspectPostgres asks the database that dsn names, on a connection as a node opens it.
func InspectPostgres(ctx context.Context, dsn string) (f Facts, err error) {
	pool, err := openPool(ctx, dsn, toolName, 1, nil)
	if err != nil {
		return f, err
	}
	defer pool.Close()
	if err := pool.Ping(ctx); err != nil {
		return f, err
	}
	var now float64
	var numbered bool
	began := time.Now()
	err = pool.QueryRow(ctx, `SELECT extract(epoch FROM clock_timestamp())::float8, current_setting('server_version'), current_setting('server_version_num')::int,
			current_setting('server_encoding'), pg_is_in_recovery(), coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
			EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'),
			current_setting('synchronous_commit') <> 'off', current_setting('fsync')::bool, current_setting('full_page_writes')::bool,
			current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
			greatest(0, (SELECT sum(numbackends) FROM pg_stat_database) - (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'chillin%'))::int,
			to_regclass('schema_migrations') IS NOT NULL`).
		Scan(&now, &f.Version, &f.Number, &f.Encoding, &f.Standby, &f.MayCreate, &f.Trigrams, &f.Synced, &f.Fsync, &f.WholePages,
			&f.MaxConns, &f.TakenConns, &numbered)
	if err != nil {
		return f, err
	}
	f.Took = time.Since(began)
	f.Ahead = Ahead(now, began, f.Took)
	if !numbered {
		return f, nil
	}
	if f.Schema, f.Dirty, err = schemaIn(pool.QueryRow(ctx, `SELECT version, dirty FROM schema_migrations`)); err != nil || f.Schema < backupsSince {
		return f, err
	}
	f.LastBackup, err = lastBackupIn(pool.QueryRow(ctx, lastBackup))
	return f, err
}

// OtherNodes returns the names of the nodes that use the same Postgres database, without
// that of node. A node of an older version has no name and is left out.
func (s *Store) OtherNodes(ctx context.Context, node string) (names []string, err error) {
	p, ok := s.engine.(*postgres)
	if !ok {
		return nil, nil // the folder of SQLite belongs to one node
	}
	rows, err := p.pool.Query(ctx, `SELECT DISTINCT substr(application_name, length($1::text) + 1) FROM pg_stat_activity
		WHERE datname = current_database() AND starts_with(application_name, $1) AND application_name <> $2`, nodePrefix, Options{Node: node}.connName())
	if err != nil {
		return nil, fmt.Errorf("look for other nodes: %w", err)
	}
	if names, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, fmt.Errorf("look for other nodes: %w", err)
	}
	return names, nil
}

// Ahead is how far the clock of a server is ahead of ours, which answered now, in Unix
// seconds, to a question that was asked then and took so long.
func Ahead(now float64, asked time.Time, took time.Duration) time.Duration {
	return time.UnixMicro(int64(now * 1e6)).Sub(asked.Add(took / 2))
}

// InspectSQLite reads the database in dir beside the process that may have it open.
func InspectSQLite(ctx context.Context, dir string) (f Facts, err error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "chillin.db")+"?mode=rw&_pragma=busy_timeout(1500)&_pragma=query_only(1)")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if f.Schema, f.Dirty, err = schemaIn(db.QueryRowContext(ctx, `SELECT version, dirty FROM schema_migrations`)); err != nil || f.Schema < backupsSince {
		return f, err
	}
	f.LastBackup, err = lastBackupIn(db.QueryRowContext(ctx, lastBackup))
	return f, err
}

func lastBackupIn(row row) (*chat.Backup, error) {
	b, err := scanBackup(row)
	if _, err := found(err); err != nil {
		return nil, fmt.Errorf("read last backup: %w", err)
	}
	return &b, nil
}

func schemaIn(row interface{ Scan(to ...any) error }) (version uint, dirty bool, err error) {
	err = row.Scan(&version, &dirty)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read the schema's version: %w", err)
	}
	return version, dirty, nil
}
