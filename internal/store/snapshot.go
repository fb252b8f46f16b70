package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store/dbconn"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

// Snapshot reads all rows of a database as of one moment, while nodes write. The caller must
// close it.
type Snapshot struct {
	Schema uint
	Epoch  chat.Epoch
	Tables []Table

	dialect tableDialect
	db      *sql.DB
	conn    *sql.Conn
	tx      *sql.Tx
	release func()
}

// PostgresSnapshot opens a snapshot of the database of dsn. It holds the schema lock in
// shared mode together with other snapshots. Without the lock a migration would wait for the
// snapshot's tables, and senders would wait for the migration. PostgresSnapshot returns a
// *schema.BusyError if a migration is running.
func PostgresSnapshot(ctx context.Context, dsn string) (*Snapshot, error) {
	config, err := dbconn.LongConfig(dsn, "chillin backup")
	if err != nil {
		return nil, err
	}
	s := &Snapshot{dialect: postgresTables{}, db: stdlib.OpenDB(*config), release: func() {}}
	return s.begin(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, func() error {
		s.release = func() { schema.UnlockShared(ctx, s.conn) }
		return schema.LockShared(ctx, s.conn)
	})
}

// SQLiteSnapshot opens a snapshot of the database in dir. It does not need the lock of the
// folder, which a node may hold: a read transaction neither blocks the writer nor sees its
// changes.
func SQLiteSnapshot(ctx context.Context, dir string) (*Snapshot, error) {
	db, err := sql.Open("sqlite", "file:"+dbconn.SQLitePath(dir)+"?mode=rw&_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	s := &Snapshot{dialect: sqliteTables{}, db: db, release: func() {}}
	return s.begin(ctx, nil, func() error { return nil })
}

func (s *Snapshot) begin(ctx context.Context, o *sql.TxOptions, lock func() error) (_ *Snapshot, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := lock(); err != nil {
		return nil, err
	}
	if s.tx, err = s.conn.BeginTx(ctx, o); err != nil {
		return nil, fmt.Errorf("begin snapshot: %w", err)
	}
	// The first statement determines the moment of the snapshot.
	if err := s.tx.QueryRowContext(ctx, `SELECT version, (SELECT epoch FROM instance) FROM schema_migrations`).Scan(&s.Schema, &s.Epoch); err != nil {
		return nil, fmt.Errorf("begin snapshot: %w", err)
	}
	for _, name := range backupTables {
		if s.Schema < addedBy[name] {
			continue
		}
		t, err := describeTable(ctx, s.dialect, s.tx, name)
		if err != nil {
			return nil, err
		}
		s.Tables = append(s.Tables, t)
	}
	return s, nil
}

// Rows calls yield for every row of t. The values are valid only until yield returns.
func (s *Snapshot) Rows(ctx context.Context, t Table, yield func(row []any) error) error {
	return readRows(ctx, s.dialect, s.tx, t, yield)
}

// BlobKeys calls yield for the key of every blob that a row refers to.
func (s *Snapshot) BlobKeys(ctx context.Context, yield func(key string) error) error {
	return yieldKeys(ctx, s.tx, referencedBlobs, yield)
}

func yieldKeys(ctx context.Context, from querier, query string, yield func(key string) error) error {
	err := forEachRow(ctx, from, func(r row) error {
		key, err := scanValue[string](r)
		if err != nil {
			return err
		}
		return yield(key)
	}, query)
	if err != nil {
		return fmt.Errorf("list blobs: %w", err)
	}
	return nil
}

// Close ends the snapshot. It can be called more than once.
func (s *Snapshot) Close() error {
	if s.tx != nil {
		_ = s.tx.Rollback() // the transaction only read
	}
	if s.conn == nil {
		return s.db.Close()
	}
	s.release()
	err := s.conn.Close()
	if errors.Is(err, sql.ErrConnDone) {
		err = nil
	}
	return errors.Join(err, s.db.Close())
}
