package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Migrating tells that another process moves the schema. Its lock ends with its
// connection: whoever is named here lives.
type Migrating struct {
	PID     int           // of the connection, in the server
	Address string        // of the other process; "" when it is on the server's machine
	For     time.Duration // how long its statement has run
	Phase   string        // of the index that it builds, with how much is done; "" for none
}

func (m *Migrating) Error() string {
	return fmt.Sprintf("another process moves the schema (connection %d)", m.PID)
}

func openPostgresSchema(ctx context.Context, dsn string) (*schemaDriver, error) {
	config, err := postgresConfig(dsn, migrateName)
	if err != nil {
		return nil, err
	}
	driver, err := openSchemaDriver(ctx, stdlib.OpenDB(*config), `SELECT to_regclass('schema_migrations') IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	driver.lock, driver.unlock, driver.unused = lockSchema, unlockSchema, unusedDatabase
	return driver, nil
}

// lockSchema takes the lock that golang-migrate's own driver takes. It does not wait
// in a statement: that would be a snapshot for so long, and an index that is built
// beside writers waits for those.
func lockSchema(ctx context.Context, conn *sql.Conn) error {
	return tryLockSchema(ctx, conn, "pg_try_advisory_lock")
}

// lockSchemaShared keeps migrations away; several backups can have it together.
func lockSchemaShared(ctx context.Context, conn *sql.Conn) error {
	return tryLockSchema(ctx, conn, "pg_try_advisory_lock_shared")
}

func tryLockSchema(ctx context.Context, conn *sql.Conn, function string) error {
	key, err := schemaLock(ctx, conn)
	if err != nil {
		return err
	}
	var taken bool
	if err := conn.QueryRowContext(ctx, `SELECT `+function+`($1)`, key).Scan(&taken); err != nil {
		return fmt.Errorf("lock the schema: %w", err)
	}
	if !taken {
		return holder(ctx, conn, key)
	}
	// A machine that vanishes, and a process that is killed in a long statement, give
	// the lock back in seconds. Not every server can look after its clients.
	_, _ = conn.ExecContext(ctx, `SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)`)
	_, _ = conn.ExecContext(ctx, `SELECT set_config('client_connection_check_interval', '2s', false)`)
	return nil
}

func unlockSchema(ctx context.Context, conn *sql.Conn) {
	releaseSchema(ctx, conn, `SELECT pg_advisory_unlock($1)`)
}

func unlockSchemaShared(ctx context.Context, conn *sql.Conn) {
	releaseSchema(ctx, conn, `SELECT pg_advisory_unlock_shared($1)`)
}

func releaseSchema(ctx context.Context, conn *sql.Conn, release string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	// A connection that is broken has given the lock back already.
	if key, err := schemaLock(ctx, conn); err == nil {
		_, _ = conn.ExecContext(ctx, release, key)
	}
}

// connectTimeout is the time to connect, if the operator has set none.
const connectTimeout = 5 * time.Second

// postgresConfig is the configuration of one connection for work that may take hours: an
// index over millions of messages takes minutes, whatever timeouts the server has.
func postgresConfig(dsn, application string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read database address: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	maps.Copy(config.RuntimeParams, map[string]string{
		"application_name": application, "statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0",
	})
	return config, nil
}

func schemaLock(ctx context.Context, conn *sql.Conn) (key int64, err error) {
	var name, schema string
	if err := conn.QueryRowContext(ctx, `SELECT current_database(), coalesce(current_schema(), '')`).Scan(&name, &schema); err != nil {
		return 0, fmt.Errorf("lock the schema: %w", err)
	}
	if schema == "" {
		return 0, errors.New("lock the schema: the database user has no schema (search_path)")
	}
	id, err := database.GenerateAdvisoryLockId(name, schema, "schema_migrations")
	if err != nil {
		return 0, fmt.Errorf("lock the schema: %w", err)
	}
	return strconv.ParseInt(id, 10, 64)
}

// holder is who holds the lock; one who has just gone is told of by zeros.
func holder(ctx context.Context, conn *sql.Conn, key int64) error {
	m, seconds := &Migrating{}, 0.0
	err := conn.QueryRowContext(ctx, `
		SELECT a.pid, coalesce(host(a.client_addr), ''), greatest(extract(epoch FROM clock_timestamp() - a.query_start), 0)::float8,
		       coalesce(p.phase || coalesce(' ' || 100 * p.blocks_done / nullif(p.blocks_total, 0) || ' %', ''), '')
		FROM pg_locks l
		JOIN pg_stat_activity a ON a.pid = l.pid
		LEFT JOIN pg_stat_progress_create_index p ON p.pid = a.pid
		WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
		  AND (l.classid::bigint << 32 | l.objid::bigint) = $1
		  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`, key).
		Scan(&m.PID, &m.Address, &seconds, &m.Phase)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("ask who moves the schema: %w", err)
	}
	m.For = time.Duration(seconds * float64(time.Second)).Round(time.Second)
	return m
}

// unusedDatabase looks for connections of nodes and of operators' commands. It gives
// those that have just been closed a moment to end.
func unusedDatabase(ctx context.Context, conn *sql.Conn) error {
	deadline := time.Now().Add(2 * time.Second)
	for {
		names, err := connectedNodes(ctx, conn)
		if err != nil || len(names) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return &NodesConnectedError{names}
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// connectedNodes returns the names that openPool and older versions give to connections.
func connectedNodes(ctx context.Context, conn *sql.Conn) (names []string, err error) {
	rows, err := conn.QueryContext(ctx, `
		SELECT application_name || coalesce(' at ' || host(client_addr), '') AS name
		FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()
		  AND application_name LIKE 'chillin%' AND application_name <> $1
		GROUP BY name ORDER BY name`, migrateName)
	if err != nil {
		return nil, fmt.Errorf("look for nodes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("look for nodes: %w", err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look for nodes: %w", err)
	}
	return names, nil
}
