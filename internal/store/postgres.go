package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

// OpenPostgres connects to the database of dsn, which is a postgres:// URL or key=value
// pairs. The schema must exist, see package schema.
func OpenPostgres(ctx context.Context, dsn string, o Options) (*Store, error) {
	pool, err := dbconn.OpenPool(ctx, dsn, dbconn.NodeName(o.Node), dbconn.PoolConns, nil)
	if err != nil {
		return nil, err
	}
	appends, err := dbconn.OpenPool(ctx, dsn, dbconn.NodeName(o.Node), dbconn.AppendConns, dbconn.ByKey)
	if err != nil {
		pool.Close()
		return nil, err
	}
	for _, p := range []*pgxpool.Pool{pool, appends} {
		if err := connect(ctx, p); err != nil {
			pool.Close()
			appends.Close()
			return nil, fmt.Errorf("connect to the database: %w", err)
		}
	}
	db := stdlib.OpenDBFromPool(pool)
	return open(ctx, database{
		dialect: &postgresDialect{pool: pool, appends: appends}, read: db, write: &writeDB{DB: db},
		stats: func() map[string]sql.DBStats {
			return map[string]sql.DBStats{"others": poolStats(pool), "appends": poolStats(appends)}
		},
		close: func() error {
			err := db.Close()
			pool.Close()
			appends.Close()
			return err
		},
	}, o)
}

const firstConnectTries = 5

// connect opens the first connection of a pool, so that no request waits for it. It tries again if that
// takes longer than a connection may take: Postgres first reads the catalogs of the database, which
// takes seconds on a busy machine.
func connect(ctx context.Context, pool *pgxpool.Pool) (err error) {
	for range firstConnectTries {
		if err = pool.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func poolStats(pool *pgxpool.Pool) sql.DBStats {
	s := pool.Stat()
	return sql.DBStats{
		MaxOpenConnections: int(s.MaxConns()), OpenConnections: int(s.TotalConns()), InUse: int(s.AcquiredConns()), Idle: int(s.IdleConns()),
		WaitCount: s.EmptyAcquireCount(), WaitDuration: s.EmptyAcquireWaitTime(),
	}
}

// OtherNodes returns the names of the other nodes that use the same Postgres database. node
// is the name of this node. Nodes of older versions have no name and are not included.
func (s *Store) OtherNodes(ctx context.Context, node string) ([]string, error) {
	if _, ok := s.dialect.(*postgresDialect); !ok {
		return nil, nil // a SQLite folder belongs to one node
	}
	names, err := queryAll(ctx, s.read, scanValue[string], `SELECT DISTINCT substr(application_name, length($1::text) + 1) FROM pg_stat_activity
		WHERE datname = current_database() AND starts_with(application_name, $1) AND application_name <> $2`, dbconn.NodePrefix, dbconn.NodeName(node))
	if err != nil {
		return nil, fmt.Errorf("list other nodes: %w", err)
	}
	return names, nil
}
