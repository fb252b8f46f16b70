package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/chillin-chat/chillin/internal/chat"
)

// The connections of one node, in two pools: a storm of readers, as after a
// restart, must not hold up the appends. Together they stay well below the
// server's default of 100 for a few nodes.
const (
	postgresConns = 16
	appendConns   = 4
)

// OpenPostgres connects to the database that dsn names (a postgres:// URL or
// key=value words). The schema must be there: see Migrate.
func OpenPostgres(ctx context.Context, dsn string, o Options) (*Store, error) {
	pool, err := openPool(ctx, dsn, o.connName(), postgresConns, nil)
	if err != nil {
		return nil, err
	}
	appends, err := openPool(ctx, dsn, o.connName(), appendConns, byKey)
	if err != nil {
		pool.Close()
		return nil, err
	}
	db := stdlib.OpenDBFromPool(pool)
	return open(ctx, &postgres{pool: pool, appends: appends, db: db}, db, db, o)
}

// byKey has every row of an append found by its key. The planner would read a table
// whole while it is small, and go on with that plan for a while when it has grown.
var byKey = map[string]string{"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}

// The names of connections, as pg_stat_activity shows them. Versions before this one
// use toolName for nodes, too.
const (
	toolName    = "chillin"
	nodePrefix  = "chillin node "
	migrateName = "chillin migrate"
)

func (o Options) connName() string {
	if o.Node == "" {
		return toolName
	}
	// Postgres cuts a name after 63 bytes; the end tells nodes of one machine apart.
	return nodePrefix + o.Node[max(0, len(o.Node)-63+len(nodePrefix)):]
}

func openPool(ctx context.Context, dsn, name string, conns int32, planning map[string]string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read database address: %w", err)
	}
	config.MaxConns = conns
	config.ConnConfig.ConnectTimeout = time.Second
	maps.Copy(config.ConnConfig.RuntimeParams, map[string]string{
		"application_name":  name,
		"statement_timeout": "2s",
		// A node that is frozen in the middle of an append holds rooms no longer.
		"idle_in_transaction_session_timeout": "3s",
		// Promise G1: whoever runs the server cannot weaken it by accident.
		"synchronous_commit": "on",
	})
	maps.Copy(config.ConnConfig.RuntimeParams, planning)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return pool, nil
}

type postgres struct {
	pool    *pgxpool.Pool
	appends *pgxpool.Pool
	db      *sql.DB // on pool
	horizon horizon
}

// horizon is what the indexer of this node has seen of the messages.
type horizon struct {
	settled chat.MessageID
	newest  chat.MessageID // when it looked last
	next    int64          // the transaction that was to begin next then
}

func (p *postgres) close() error {
	err := p.db.Close()
	p.pool.Close()
	p.appends.Close()
	return err
}

func (*postgres) writable() string {
	return `SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'`
}

func (p *postgres) pools() map[string]sql.DBStats {
	all := map[string]sql.DBStats{}
	for name, pool := range map[string]*pgxpool.Pool{"others": p.pool, "appends": p.appends} {
		s := pool.Stat()
		all[name] = sql.DBStats{
			MaxOpenConnections: int(s.MaxConns()), OpenConnections: int(s.TotalConns()), InUse: int(s.AcquiredConns()), Idle: int(s.IdleConns()),
			WaitCount: s.EmptyAcquireCount(), WaitDuration: s.EmptyAcquireWaitTime(),
		}
	}
	return all
}

func (*postgres) list(ids []int64) any { return ids }
func (*postgres) in(column string, n int) string {
	return fmt.Sprintf("%s = ANY($%d::bigint[])", column, n)
}

func (*postgres) jsonRows(fields, order string) string {
	return "json_agg(json_build_object(" + fields + ") ORDER BY " + order + ")::text"
}

func (*postgres) texts(texts []string) any { return texts }
func (*postgres) inTexts(column string, n int) string {
	return fmt.Sprintf("%s = ANY($%d::text[])", column, n)
}

func (*postgres) hashes(hashes []string) any {
	list := make([][]byte, len(hashes))
	for i, hash := range hashes {
		list[i] = []byte(hash)
	}
	return list
}

func (*postgres) inHashes(column string, n int) string {
	return fmt.Sprintf("%s = ANY($%d::bytea[])", column, n)
}

// pairs are the numbers one after the other: there is no list of lists that one
// argument could be.
func (*postgres) pairs(places []place) any {
	list := make([]int64, 0, 2*len(places))
	for _, p := range places {
		list = append(list, int64(p.room), int64(p.user))
	}
	return list
}

func (*postgres) fromPairs(n int) string {
	return fmt.Sprintf(`(SELECT ($%[1]d::bigint[])[i] AS room_id, ($%[1]d::bigint[])[i + 1] AS user_id
		FROM generate_series(1, array_length($%[1]d::bigint[], 1), 2) AS i) w`, n)
}

func (p *postgres) huntNewest() hunt {
	return hunt{from: "rooms r CROSS JOIN LATERAL (" + newestWritten("x.id, x.text") + ") m", where: p.in("r.id", 1), order: "m.id"}
}

// huntIndexed orders by an expression: else the planner may walk all messages from
// the newest on, hoping for a common word.
func (p *postgres) huntIndexed(words []string) hunt {
	h := hunt{from: "messages_search w JOIN messages m ON m.id = w.message_id", order: "m.id + 0"}
	tests := []string{p.in("w.room_id", 1), written("m")}
	for n, word := range words {
		tests = append(tests, fmt.Sprintf("w.text LIKE $%d", n+7))
		h.args = append(h.args, "%"+escapeLike(word)+"%")
	}
	h.where = strings.Join(tests, " AND ")
	return h
}

// settled: an id is taken before its message is committed, so that an older one may
// come after a newer. Whoever takes one holds its room and is a transaction with a
// number by then: when all that were under way at an earlier look are over, nothing
// older than the newest message of that look comes any more.
func (p *postgres) settled(ctx context.Context) (chat.MessageID, error) {
	var newest chat.MessageID
	var oldest, next int64 // transaction under way; the next to begin where there is none
	err := p.db.QueryRowContext(ctx, `SELECT (SELECT COALESCE(max(id), 0) FROM messages),
		pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint FROM pg_current_snapshot() AS now`).Scan(&newest, &oldest, &next)
	if err != nil {
		return 0, err
	}
	if oldest == next {
		return newest, nil
	}
	if oldest >= p.horizon.next {
		p.horizon.settled, p.horizon.newest, p.horizon.next = p.horizon.newest, newest, next
	}
	return p.horizon.settled, nil
}

// indexTexts joins messages, because a message may be deleted meanwhile.
func (*postgres) indexTexts(ctx context.Context, tx *sql.Tx, texts []indexedText, folding int, edited bool) error {
	var ids []int64
	var folded []string
	for _, t := range texts {
		ids, folded = append(ids, int64(t.ID)), append(folded, t.Text)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO messages_search (message_id, room_id, text, folding)
		SELECT m.id, m.room_id, w.text, $3 FROM unnest($1::bigint[], $2::text[]) AS w (id, text) JOIN messages m ON m.id = w.id
		ON CONFLICT (message_id) DO UPDATE SET text = EXCLUDED.text, folding = EXCLUDED.folding
		WHERE messages_search.folding < EXCLUDED.folding OR $4`, ids, folded, folding, edited)
	return err
}

// lockRoom leaves the key alone, so that inserts which refer to the room need
// not wait.
func (*postgres) lockRoom() string { return " FOR NO KEY UPDATE" }
func (*postgres) lockDue() string  { return " FOR NO KEY UPDATE OF h SKIP LOCKED" }

func (*postgres) lockIdle() string { return " FOR NO KEY UPDATE SKIP LOCKED" }

func (*postgres) nowMillis() string { return "(extract(epoch FROM clock_timestamp()) * 1000)::bigint" }

func (*postgres) violated(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23505" {
		return e.ConstraintName
	}
	return ""
}

// badInputCodes are SQLSTATEs of values that no column or cast can take:
// character_not_in_repertoire, untranslatable_character, invalid_text_representation and
// numeric_value_out_of_range.
var badInputCodes = []string{"22021", "22P05", "22P02", "22003"}

func (*postgres) badInput(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(badInputCodes, e.Code)
}

// awayCodes are the classes and codes of SQLSTATE that pass by themselves:
// connection lost, out of resources, shutting down, canceled, deadlock, lock
// timeout, read-only standby.
var awayCodes = []string{"08", "53", "57P", "57014", "40001", "40P01", "55P03", "58", "25006", "25P"}

func (*postgres) away(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		for _, code := range awayCodes {
			if strings.HasPrefix(e.Code, code) {
				return true
			}
		}
		return false
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) || pgconn.Timeout(err) || strings.Contains(err.Error(), "conn closed") ||
		strings.Contains(err.Error(), "closed pool")
}
