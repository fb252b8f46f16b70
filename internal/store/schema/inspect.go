package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

// NodeConns is the number of Postgres connections of a node.
const NodeConns = dbconn.NodeConns

// Facts is the state of a database, for checks before a node starts. For SQLite only Schema,
// Dirty, LastBackup and Settings are set.
type Facts struct {
	Schema uint // 0 for none
	Dirty  bool // see Migrator.Version

	Version    string
	Number     int    // the version as a number, such as 150004
	Encoding   string // of the database
	Standby    bool   // accepts no writes
	MayCreate  bool   // whether the user may create tables in the schema that it uses
	Trigrams   bool   // whether the extension pg_trgm is available
	Synced     bool   // synchronous_commit of a connection that is opened as by a node
	Fsync      bool
	WholePages bool // full_page_writes
	MaxConns   int  // for users that are not superusers
	TakenConns int  // connections of other programs
	Ahead      time.Duration
	Took       time.Duration // duration of the query
	Pooler     bool          // a connection pooler is in between
	Database   string        // the identity of the database

	// LastBackup is nil if the schema does not record backups.
	LastBackup *chat.Backup
	// Settings is what admins have set; nil if the schema is older than the table.
	Settings *chat.StoredSettings
}

// InspectPostgres reads the state of the database of dsn on a connection that is opened as by
// a node, through a connection pooler in transaction mode if pooled.
func InspectPostgres(ctx context.Context, dsn string, pooled bool) (f Facts, err error) {
	pool, err := dbconn.OpenPool(ctx, dbconn.Address{DSN: dsn, Pooled: pooled}, dbconn.ToolName, 1, nil)
	if err != nil {
		return f, err
	}
	defer pool.Close()
	if f.Pooler, err = behindPooler(ctx, pool); err != nil {
		return f, err
	}
	var now float64
	var versioned bool
	began := time.Now()
	err = pool.QueryRow(ctx, `SELECT extract(epoch FROM clock_timestamp())::float8, current_setting('server_version'), current_setting('server_version_num')::int,
			current_setting('server_encoding'), pg_is_in_recovery(), coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
			EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'),
			current_setting('synchronous_commit') <> 'off', current_setting('fsync')::bool, current_setting('full_page_writes')::bool,
			current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
			greatest(0, (SELECT sum(numbackends) FROM pg_stat_database) - (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'chillin%'))::int,
			to_regclass('schema_migrations') IS NOT NULL, `+DatabaseID).
		Scan(&now, &f.Version, &f.Number, &f.Encoding, &f.Standby, &f.MayCreate, &f.Trigrams, &f.Synced, &f.Fsync, &f.WholePages,
			&f.MaxConns, &f.TakenConns, &versioned, &f.Database)
	if err != nil {
		return f, err
	}
	f.Took = time.Since(began)
	f.Ahead = Ahead(now, began, f.Took)
	if !versioned {
		return f, nil
	}
	if f.Schema, f.Dirty, err = scanVersion(pool.QueryRow(ctx, `SELECT version, dirty FROM schema_migrations`)); err != nil || f.Schema < backupsSince {
		return f, err
	}
	if f.LastBackup, err = readLastBackup(pool.QueryRow(ctx, LastBackupQuery)); err != nil || f.Schema < settingsSince {
		return f, err
	}
	f.Settings, err = readPostgresSettings(ctx, pool)
	return f, err
}

// behindPooler reports whether a connection pooler is in between. A pooler gives each client a process
// id that it has made up.
func behindPooler(ctx context.Context, pool *dbconn.Pool) (pooler bool, err error) {
	err = pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		var process uint32
		err := conn.QueryRow(ctx, `SELECT pg_backend_pid()::int8`).Scan(&process)
		pooler = process != conn.Conn().PgConn().PID()
		return err
	})
	return pooler, err
}

// Ahead returns how far the clock of a server is ahead of the local clock. now is the answer
// of the server in Unix seconds to a request that was sent at asked and took the given time.
func Ahead(now float64, asked time.Time, took time.Duration) time.Duration {
	return time.UnixMicro(int64(now * 1e6)).Sub(asked.Add(took / 2))
}

// InspectSQLite reads the state of the database in dir. A node may use the database at the
// same time.
func InspectSQLite(ctx context.Context, dir string) (f Facts, err error) {
	db, err := sql.Open("sqlite", "file:"+dbconn.SQLitePath(dir)+"?mode=rw&_pragma=busy_timeout(1500)&_pragma=query_only(1)")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if f.Schema, f.Dirty, err = scanVersion(db.QueryRowContext(ctx, `SELECT version, dirty FROM schema_migrations`)); err != nil || f.Schema < backupsSince {
		return f, err
	}
	if f.LastBackup, err = readLastBackup(db.QueryRowContext(ctx, LastBackupQuery)); err != nil || f.Schema < settingsSince {
		return f, err
	}
	f.Settings, err = readSQLiteSettings(ctx, db)
	return f, err
}

type row interface{ Scan(dest ...any) error }

// backupsSince is the migration that created the table of backups.
const backupsSince = 12

// LastBackupQuery selects the last backup that finished, for ScanBackup.
const LastBackupQuery = `SELECT finished_at, messages, files, bytes FROM backups
	WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 1`

// ScanBackup reads a row of LastBackupQuery.
func ScanBackup(r row) (b chat.Backup, err error) {
	err = r.Scan(&b.FinishedAt, &b.Messages, &b.Files, &b.Bytes)
	return b, err
}

func readLastBackup(row row) (*chat.Backup, error) {
	b, err := ScanBackup(row)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read last backup: %w", err)
	}
	return &b, nil
}

func scanVersion(row row) (version uint, dirty bool, err error) {
	err = row.Scan(&version, &dirty)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read the schema version: %w", err)
	}
	return version, dirty, nil
}
