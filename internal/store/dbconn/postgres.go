// Package dbconn opens connections to the database, for the store and for the tools that
// work on its schema. It names Postgres connections and locks the data folder of SQLite.
package dbconn

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// A node has three pools: many concurrent reads, for example after a restart, must not delay
// appends; and what every client reads when it arrives is planned once per connection (see ByKey).
// For a few nodes the sum stays well below 100, the default limit of the server.
const (
	PoolConns   = 10
	KeyConns    = 6
	AppendConns = 4
	// NodeConns is the number of Postgres connections of a node.
	NodeConns = PoolConns + KeyConns + AppendConns
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

// ByKey are planner settings that make every statement of an append find its rows by key, as well as
// the reads of those who arrive, with a plan that is made once per connection. With the default settings the planner reads a small
// table sequentially and keeps that plan for a while after the table has grown; and it plans
// statements with lists of ids each time, which takes half of the time of an append.
var ByKey = map[string]string{
	"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off", "plan_cache_mode": "force_generic_plan",
}

// poolConnectTimeout is longer than a request waits: the connection is opened in the background, for
// those that try again. With less time, a server on which a connection takes longer than that would
// never get another one.
const poolConnectTimeout = 3 * time.Second

// Address is the address of a Postgres database.
type Address struct {
	DSN string // postgres:// URL or key=value pairs
	// Pooled means that a connection pooler in transaction mode is in between, such as PgBouncer: each
	// transaction can run on another connection of the server. Then nothing belongs to a session.
	Pooled bool
}

// Pool is a pool of connections with the settings of a node.
type Pool struct {
	*pgxpool.Pool
	// local is the statement with which a transaction sets them, "" if connections have them.
	local string
}

// nodeSettings are the settings of the connections of a node.
var nodeSettings = map[string]string{
	"statement_timeout": "2s",
	// A node that freezes during an append does not hold its room locks any longer.
	"idle_in_transaction_session_timeout": "3s",
	// Guarantee G1: the operator of the server cannot weaken it by accident.
	"synchronous_commit": "on",
}

// OpenPool opens a pool with the settings of a node; planning are additional settings. A pooled
// connection has them only in transactions, see Pool.DB and Pool.QueueBegin.
func OpenPool(ctx context.Context, at Address, name string, conns int32, planning map[string]string) (*Pool, error) {
	config, err := pgxpool.ParseConfig(at.DSN)
	if err != nil {
		return nil, fmt.Errorf("read database address: %w", err)
	}
	config.MaxConns = conns
	config.ConnConfig.ConnectTimeout = poolConnectTimeout
	config.ConnConfig.RuntimeParams["application_name"] = name // poolers accept this one
	settings := maps.Clone(nodeSettings)
	maps.Copy(settings, planning)
	p := &Pool{}
	if at.Pooled {
		p.local = setLocal(settings)
		// Its statements have no names. A description that was cached is valid on every connection.
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	} else {
		maps.Copy(config.ConnConfig.RuntimeParams, settings)
	}
	if p.Pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return p, nil
}

// setLocal returns the statement that sets settings until the transaction ends. One SELECT takes the
// server less time than several SET LOCAL.
func setLocal(settings map[string]string) string {
	var calls []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		calls = append(calls, fmt.Sprintf("set_config('%s', '%s', true)", name, settings[name]))
	}
	return "SELECT " + strings.Join(calls, ", ")
}

// QueueBegin queues the statements with which a transaction begins.
func (p *Pool) QueueBegin(b *pgx.Batch) {
	b.Queue(`BEGIN`)
	p.queueLocal(b)
}

// QueueBeginSnapshot is QueueBegin for a transaction that only reads, in one snapshot.
func (p *Pool) QueueBeginSnapshot(b *pgx.Batch) {
	b.Queue(beginSnapshot)
	p.queueLocal(b)
}

const beginSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`

func (p *Pool) queueLocal(b *pgx.Batch) {
	if p.local != "" {
		b.Queue(p.local)
	}
}

// DB returns the pool for database/sql. Its transactions have the settings of a node.
func (p *Pool) DB() *sql.DB {
	if p.local == "" {
		return stdlib.OpenDBFromPool(p.Pool)
	}
	db := sql.OpenDB(pooledConnector{stdlib.GetPoolConnector(p.Pool), p.local})
	db.SetMaxIdleConns(0) // they return to the pool
	return db
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
