package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

// RestorePostgres opens the database of dsn for a restore. It returns ErrNotEmpty if the
// database has one of Chillin's tables, and a *schema.BusyError if another process holds the
// schema lock. The Restore holds the lock until Close.
func RestorePostgres(ctx context.Context, dsn string) (_ *Restore, err error) {
	r, err := openPostgresRestore(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if err := schema.Lock(ctx, r.conn); err != nil {
		return nil, err
	}
	var table string
	err = r.conn.QueryRowContext(ctx, `SELECT to_regclass('restore_in_progress') IS NOT NULL, COALESCE((SELECT min(relname::text) FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relname = ANY(string_to_array($1, ','))), '')`,
		strings.Join(slices.Concat(backupTables, excludedTables), ",")).Scan(&r.Resumed, &table)
	switch {
	case err != nil:
		return nil, fmt.Errorf("inspect the database: %w", err)
	case table != "":
		return nil, fmt.Errorf("%w: the database has a table %s; create another one and name it (DB_NAME or DATABASE_URL), or drop this one", ErrNotEmpty, table)
	}
	r.mark = func(ctx context.Context) error {
		_, err := r.conn.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS restore_in_progress ()`)
		return err
	}
	r.enter = func(ctx context.Context) error {
		_, err := r.tx.ExecContext(ctx, `DROP TABLE restore_in_progress`)
		return err
	}
	// The planner has no statistics of the new rows yet.
	r.publish = func(ctx context.Context) error {
		_, err := r.conn.ExecContext(ctx, `ANALYZE `+strings.Join(backupTables, ", "))
		return err
	}
	return r, nil
}

// ScratchPostgres opens a restore into a separate schema, next to the one that nodes use. The
// schema exists only inside the transaction: Close removes it, and so does the end of this
// process.
func ScratchPostgres(ctx context.Context, dsn string) (*Restore, error) {
	r, err := openPostgresRestore(ctx, dsn)
	if err != nil {
		return nil, err
	}
	name := "chillin_check_" + strings.ToLower(rand.Text()[:12])
	r.enter = func(ctx context.Context) error {
		var path string
		if err := r.tx.QueryRowContext(ctx, `SELECT current_setting('search_path')`).Scan(&path); err != nil {
			return err
		}
		_, err := r.tx.ExecContext(ctx, `CREATE SCHEMA `+name)
		if err != nil {
			return fmt.Errorf("create a scratch schema (GRANT CREATE ON DATABASE … TO …, or use --sqlite): %w", err)
		}
		_, err = r.tx.ExecContext(ctx, `SET LOCAL search_path TO `+name+`, `+path)
		return err
	}
	return r, nil
}

func openPostgresRestore(ctx context.Context, dsn string) (*Restore, error) {
	config, err := dbconn.LongConfig(dsn, "chillin restore")
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*config)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), db.Close())
	}
	return &Restore{dialect: postgresTables{}, files: "postgres", db: db, conn: conn, release: func() error { return nil }}, nil
}
