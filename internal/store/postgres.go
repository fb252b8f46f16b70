package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

// OpenPostgres connects to the database of dsn, which is a postgres:// URL or key=value
// pairs. The schema must exist, see package schema. It returns ErrNotDurable, or ErrOtherDatabase
// if the replica belongs to another database; a replica that does not answer is not an error.
func OpenPostgres(ctx context.Context, dsn string, o Options) (*Store, error) {
	s, err := openPrimary(ctx, dsn, o)
	if err != nil || o.Replica.DSN == "" {
		return s, err
	}
	if err := s.openReplica(ctx, o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// openReplica opens the replica and watches it until the store is closed.
func (s *Store) openReplica(ctx context.Context, o Options) error {
	r, err := openReplica(ctx, o)
	if err != nil {
		return fmt.Errorf("open replica: %w", err)
	}
	w := &replicaWatch{replica: r, primary: s.dialect.(*postgresDialect)}
	watched, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended, closePrimary := make(chan struct{}), s.database.close
	primaryStats := s.stats
	s.stats = func() map[string]sql.DBStats {
		stats := primaryStats()
		stats["replica"] = poolStats(r.pool)
		return stats
	}
	s.replica, s.database.close = r, func() error {
		stop()
		<-ended
		return errors.Join(r.close(), closePrimary())
	}
	err = w.start(ctx)
	go func() {
		defer close(ended)
		w.run(watched)
	}()
	return err
}

func openPrimary(ctx context.Context, dsn string, o Options) (*Store, error) {
	at := dbconn.Address{DSN: dsn, Pooled: o.Pooled}
	pool, err := dbconn.OpenPool(ctx, at, dbconn.NodeName(o.Node), dbconn.PoolConns, nil)
	if err != nil {
		return nil, err
	}
	keys, err := dbconn.OpenPool(ctx, at, dbconn.NodeName(o.Node), dbconn.KeyConns, dbconn.ByKey)
	if err != nil {
		pool.Close()
		return nil, err
	}
	appends, err := dbconn.OpenPool(ctx, at, dbconn.NodeName(o.Node), dbconn.AppendConns, dbconn.ByKey)
	if err != nil {
		pool.Close()
		keys.Close()
		return nil, err
	}
	named, err := openNamed(ctx, pool, o)
	if err != nil {
		pool.Close()
		keys.Close()
		appends.Close()
		return nil, err
	}
	db, byKey := pool.DB(), keys.DB()
	closeAll := func() error {
		err := errors.Join(db.Close(), byKey.Close())
		for _, p := range []*dbconn.Pool{pool, keys, appends, named} {
			p.Close()
		}
		return err
	}
	for _, p := range []*dbconn.Pool{pool, keys, appends} {
		if err := connect(ctx, p); err != nil {
			return nil, errors.Join(fmt.Errorf("connect to the database: %w", err), closeAll())
		}
	}
	return open(ctx, database{
		dialect: &postgresDialect{pool: pool, appends: appends, named: named}, read: db, byKey: byKey, write: &writeDB{DB: db},
		stats: func() map[string]sql.DBStats {
			return map[string]sql.DBStats{"others": poolStats(pool), "keys": poolStats(keys), "appends": poolStats(appends)}
		},
		close: closeAll,
	}, o)
}

const firstConnectTries = 5

// connect opens the first connection of a pool, so that no request waits for it. It tries again if that
// takes longer than a connection may take: Postgres first reads the catalogs of the database, which
// takes seconds on a busy machine.
func connect(ctx context.Context, pool *dbconn.Pool) (err error) {
	for range firstConnectTries {
		if err = pool.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// openNamed returns a pool whose connections Postgres lists under the name of the node. A pooler gives
// a connection of the server to one node after the other, so that the pool connects without it.
func openNamed(ctx context.Context, pool *dbconn.Pool, o Options) (*dbconn.Pool, error) {
	if !o.Pooled || o.Direct == "" {
		return pool, nil
	}
	return dbconn.OpenPool(ctx, dbconn.Address{DSN: o.Direct}, dbconn.NodeName(o.Node), 1, nil)
}

func poolStats(pool *dbconn.Pool) sql.DBStats {
	s := pool.Stat()
	return sql.DBStats{
		MaxOpenConnections: int(s.MaxConns()), OpenConnections: int(s.TotalConns()), InUse: int(s.AcquiredConns()), Idle: int(s.IdleConns()),
		WaitCount: s.EmptyAcquireCount(), WaitDuration: s.EmptyAcquireWaitTime(),
	}
}

// OtherNodes returns the names of the other nodes that use the same Postgres database. node
// is the name of this node. Nodes of older versions have no name and are not included. With a
// pooler, every node without Redis keeps one connection to Options.Direct for it.
func (s *Store) OtherNodes(ctx context.Context, node string) ([]string, error) {
	p, ok := s.dialect.(*postgresDialect)
	if !ok {
		return nil, nil // a SQLite folder belongs to one node
	}
	rows, err := p.named.Query(ctx, `SELECT DISTINCT substr(application_name, length($1::text) + 1) FROM pg_stat_activity
		WHERE datname = current_database() AND starts_with(application_name, $1) AND application_name <> $2`, dbconn.NodePrefix, dbconn.NodeName(node))
	if err != nil {
		return nil, fmt.Errorf("list other nodes: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list other nodes: %w", err)
	}
	return names, nil
}
