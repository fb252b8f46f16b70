// Package dbconn opens connections to the database, for the store and for the tools that
// work on its schema. It names Postgres connections and locks the data folder of SQLite.
package dbconn

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A node has two pools: many concurrent reads, for example after a restart, must not delay
// appends. For a few nodes the sum stays well below 100, the default limit of the server.
const (
	PoolConns   = 16
	AppendConns = 4
	// NodeConns is the number of Postgres connections of a node.
	NodeConns = PoolConns + AppendConns
)

// The names of connections in pg_stat_activity. Older versions also use ToolName for nodes.
const (
	ToolName    = "chillin"
	NodePrefix  = "chillin node "
	MigrateName = "chillin migrate"
)

// NodeName returns the connection name of a node. For an empty node it returns ToolName.
func NodeName(node string) string {
	if node == "" {
		return ToolName
	}
	// Postgres truncates names to 63 bytes. The end of the name distinguishes nodes on one
	// machine.
	return NodePrefix + node[max(0, len(node)-63+len(NodePrefix)):]
}

// ByKey are planner settings that make every statement of an append find its rows by key, with
// a plan that is made once per connection. With the default settings the planner reads a small
// table sequentially and keeps that plan for a while after the table has grown; and it plans
// statements with lists of ids each time, which takes half of the time of an append.
var ByKey = map[string]string{
	"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off", "plan_cache_mode": "force_generic_plan",
}

// poolConnectTimeout is longer than a request waits: the connection is opened in the background, for
// those that try again. With less time, a server on which a connection takes longer than that would
// never get another one.
const poolConnectTimeout = 3 * time.Second

// OpenPool opens a pool with the settings of a node. dsn is a postgres:// URL or key=value
// pairs; planning are additional settings.
func OpenPool(ctx context.Context, dsn, name string, conns int32, planning map[string]string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read database address: %w", err)
	}
	config.MaxConns = conns
	config.ConnConfig.ConnectTimeout = poolConnectTimeout
	maps.Copy(config.ConnConfig.RuntimeParams, map[string]string{
		"application_name":  name,
		"statement_timeout": "2s",
		// A node that freezes during an append does not hold its room locks any longer.
		"idle_in_transaction_session_timeout": "3s",
		// Guarantee G1: the operator of the server cannot weaken it by accident.
		"synchronous_commit": "on",
	})
	maps.Copy(config.ConnConfig.RuntimeParams, planning)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return pool, nil
}

// connectTimeout applies if the operator has not set one.
const connectTimeout = 5 * time.Second

// LongConfig is the configuration of a connection for work that can take hours, such as
// migrations and backups. It disables the timeouts of the server: to build an index on
// millions of messages takes minutes.
func LongConfig(dsn, name string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read database address: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	maps.Copy(config.RuntimeParams, map[string]string{
		"application_name": name, "statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0",
	})
	return config, nil
}
