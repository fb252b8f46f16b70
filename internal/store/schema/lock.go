package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/golang-migrate/migrate/v4/database"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

// BusyError is returned while another process migrates the schema. The lock ends with the
// connection of that process, so that the process is alive.
type BusyError struct {
	PID     int           // process id of the connection in the server
	Address string        // of the other process; "" if it runs on the machine of the server
	For     time.Duration // how long its current statement has been running
	Phase   string        // phase and progress of the index that it builds; "" for none
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("another process is migrating the schema (connection %d)", e.PID)
}

func openPostgresDriver(ctx context.Context, dsn string) (*driver, error) {
	config, err := dbconn.LongConfig(dsn, dbconn.MigrateName)
	if err != nil {
		return nil, err
	}
	d, err := newDriver(ctx, stdlib.OpenDB(*config), `SELECT to_regclass('schema_migrations') IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	d.lock, d.unlock, d.locked, d.unused = Lock, unlock, checkLocked, checkUnused
	return d, nil
}

// Lock takes the lock that golang-migrate's own driver uses. It returns a *BusyError if
// another process holds it. It does not wait in a statement: the statement would hold a
// snapshot, and CREATE INDEX CONCURRENTLY waits for old snapshots to end.
func Lock(ctx context.Context, conn *sql.Conn) error {
	return tryLock(ctx, conn, "pg_try_advisory_lock")
}

// LockShared prevents migrations. Several backups can hold it at the same time.
func LockShared(ctx context.Context, conn *sql.Conn) error {
	return tryLock(ctx, conn, "pg_try_advisory_lock_shared")
}

func tryLock(ctx context.Context, conn *sql.Conn, function string) error {
	key, err := lockKey(ctx, conn)
	if err != nil {
		return err
	}
	var locked bool
	if err := conn.QueryRowContext(ctx, `SELECT `+function+`($1)`, key).Scan(&locked); err != nil {
		return fmt.Errorf("lock schema: %w", err)
	}
	if !locked {
		return lockHolder(ctx, conn, key)
	}
	// The server releases the lock within seconds if the machine of the process disappears,
	// or the process is killed during a long statement. Errors are ignored, because not every
	// server supports these settings.
	_, _ = conn.ExecContext(ctx, `SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false), set_config('tcp_keepalives_count', '3', false)`)
	_, _ = conn.ExecContext(ctx, `SELECT set_config('client_connection_check_interval', '2s', false)`)
	return nil
}

// checkLocked returns an error if another connection of the server holds the lock than the one on
// which tx runs: behind a connection pooler in transaction mode, every transaction can have another.
func checkLocked(ctx context.Context, tx *sql.Tx) error {
	var held bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid())`).Scan(&held)
	if err != nil {
		return fmt.Errorf("find the schema lock: %w", err)
	}
	if !held {
		return errors.New("the schema lock belongs to another connection: a connection pooler in transaction mode is in between. Set DATABASE_POOLER=transaction, and DATABASE_DIRECT_URL to the address of Postgres itself")
	}
	return nil
}

func unlock(ctx context.Context, conn *sql.Conn) {
	release(ctx, conn, `SELECT pg_advisory_unlock($1)`)
}

// UnlockShared releases the lock of LockShared.
func UnlockShared(ctx context.Context, conn *sql.Conn) {
	release(ctx, conn, `SELECT pg_advisory_unlock_shared($1)`)
}

func release(ctx context.Context, conn *sql.Conn, statement string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	// A broken connection has already released the lock.
	if key, err := lockKey(ctx, conn); err == nil {
		_, _ = conn.ExecContext(ctx, statement, key)
	}
}

func lockKey(ctx context.Context, conn *sql.Conn) (key int64, err error) {
	var name, schema string
	if err := conn.QueryRowContext(ctx, `SELECT current_database(), coalesce(current_schema(), '')`).Scan(&name, &schema); err != nil {
		return 0, fmt.Errorf("lock schema: %w", err)
	}
	if schema == "" {
		return 0, errors.New("lock schema: the database user has no schema (search_path)")
	}
	id, err := database.GenerateAdvisoryLockId(name, schema, "schema_migrations")
	if err != nil {
		return 0, fmt.Errorf("lock schema: %w", err)
	}
	return strconv.ParseInt(id, 10, 64)
}

// lockHolder returns a *BusyError with the process that holds the lock. Its fields are zero
// if the process has just released it.
func lockHolder(ctx context.Context, conn *sql.Conn, key int64) error {
	busy, seconds := &BusyError{}, 0.0
	err := conn.QueryRowContext(ctx, `
		SELECT a.pid, coalesce(host(a.client_addr), ''), greatest(extract(epoch FROM clock_timestamp() - a.query_start), 0)::float8,
		       coalesce(p.phase || coalesce(' ' || 100 * p.blocks_done / nullif(p.blocks_total, 0) || ' %', ''), '')
		FROM pg_locks l
		JOIN pg_stat_activity a ON a.pid = l.pid
		LEFT JOIN pg_stat_progress_create_index p ON p.pid = a.pid
		WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
		  AND (l.classid::bigint << 32 | l.objid::bigint) = $1
		  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`, key).
		Scan(&busy.PID, &busy.Address, &seconds, &busy.Phase)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("find the process that migrates the schema: %w", err)
	}
	busy.For = time.Duration(seconds * float64(time.Second)).Round(time.Second)
	return busy
}

// checkUnused returns a *NodesConnectedError if nodes or commands of operators are connected.
// It gives connections that were just closed a moment to end.
func checkUnused(ctx context.Context, conn *sql.Conn) error {
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

// connectedNodes returns the names of the connections of this and older versions.
func connectedNodes(ctx context.Context, conn *sql.Conn) (names []string, err error) {
	rows, err := conn.QueryContext(ctx, `
		SELECT application_name || coalesce(' at ' || host(client_addr), '') AS name
		FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()
		  AND application_name LIKE 'chillin%' AND application_name <> $1
		GROUP BY name ORDER BY name`, dbconn.MigrateName)
	if err != nil {
		return nil, fmt.Errorf("list connected nodes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("list connected nodes: %w", err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list connected nodes: %w", err)
	}
	return names, nil
}
