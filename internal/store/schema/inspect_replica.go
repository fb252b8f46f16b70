package schema

import (
	"context"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

// DatabaseID selects the identity of a database: the cluster, which a physical standby shares with its
// primary, and the number of the database in it.
const DatabaseID = `(SELECT system_identifier FROM pg_control_system())::text || '/' ||
	(SELECT oid FROM pg_database WHERE datname = current_database())`

// ReplicaFacts is the state of a replica.
type ReplicaFacts struct {
	SameDatabase bool
	Standby      bool // accepts no writes
	Paused       bool // does not replay what it receives
	Receiving    bool // is connected to the primary
	BehindBytes  int64
}

// InspectReplica compares the replica of dsn with the database of primary.
func InspectReplica(ctx context.Context, primary, dsn string, pooled bool) (f ReplicaFacts, err error) {
	first, err := dbconn.OpenPool(ctx, dbconn.Address{DSN: primary, Pooled: pooled}, dbconn.ToolName, 1, nil)
	if err != nil {
		return f, err
	}
	defer first.Close()
	second, err := dbconn.OpenPool(ctx, dbconn.Address{DSN: dsn, Pooled: pooled}, dbconn.ToolName, 1, nil)
	if err != nil {
		return f, err
	}
	defer second.Close()
	var written int64
	var database, replica string
	err = first.QueryRow(ctx, `SELECT CASE WHEN pg_is_in_recovery() THEN 0 ELSE (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint END, `+DatabaseID).Scan(&written, &database)
	if err != nil {
		return f, err
	}
	err = second.QueryRow(ctx, `SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END,
			EXISTS (SELECT 1 FROM pg_stat_wal_receiver), COALESCE((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0), `+DatabaseID).
		Scan(&f.Standby, &f.Paused, &f.Receiving, &f.BehindBytes, &replica)
	f.SameDatabase, f.BehindBytes = database == replica, max(0, written-f.BehindBytes)
	return f, err
}
