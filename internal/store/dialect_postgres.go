package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

var _ dialect = (*postgresDialect)(nil)

type postgresDialect struct {
	pool    *dbconn.Pool
	appends *dbconn.Pool
	named   *dbconn.Pool // see openNamed

	ordinary ordinaryRooms
}

func (p *postgresDialect) batchTx(ctx context.Context, first []stmt, next func() ([]stmt, error)) error {
	return runBatchTx(ctx, p.pool, func(b *pgx.Batch) { queueAll(b, first...) }, func(b *pgx.Batch) error {
		last, err := next()
		queueAll(b, last...)
		return err
	})
}

func (*postgresDialect) list(values any) any { return values }
func (*postgresDialect) in(column string, n int, elem listElem) string {
	return fmt.Sprintf("%s = ANY($%d::%s[])", column, n, elem)
}

// memberKeys returns the ids of all keys in one array, because an argument cannot be an
// array of pairs.
func (*postgresDialect) memberKeys(keys []memberKey) any {
	list := make([]int64, 0, 2*len(keys))
	for _, k := range keys {
		list = append(list, int64(k.room), int64(k.user))
	}
	return list
}

func (*postgresDialect) memberKeyTable(n int) string {
	return fmt.Sprintf(`(SELECT ($%[1]d::bigint[])[i] AS room_id, ($%[1]d::bigint[])[i + 1] AS user_id
		FROM generate_series(1, array_length($%[1]d::bigint[], 1), 2) AS i) w`, n)
}

func (*postgresDialect) jsonRows(fields, order string) string {
	return "json_agg(json_build_object(" + fields + ") ORDER BY " + order + ")::text"
}

// forUpdate does not lock the key, so that inserts of rows that refer to the locked one do
// not wait.
func (*postgresDialect) forUpdate() string { return " FOR NO KEY UPDATE" }

func (*postgresDialect) skipLocked(of string) string {
	if of != "" {
		of = " OF " + of
	}
	return " FOR NO KEY UPDATE" + of + " SKIP LOCKED"
}

func (*postgresDialect) nowMillis() string {
	return "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
}

func (*postgresDialect) stateQuery() string {
	return `SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off', current_setting('synchronous_commit') <> 'off'`
}

func (p *postgresDialect) newestCandidates() candidateSource {
	return candidateSource{
		from:  "rooms r CROSS JOIN LATERAL (" + newestSearchable("x.id, x.text") + ") m",
		where: p.in("r.id", 1, bigintList), order: "m.id",
	}
}

// indexedCandidates orders by an expression. Otherwise the planner may expect a common word
// and scan all messages from the newest one on.
func (p *postgresDialect) indexedCandidates(words []string) candidateSource {
	c := candidateSource{from: "messages_search w JOIN messages m ON m.id = w.message_id", order: "m.id + 0"}
	conditions := []string{p.in("w.room_id", 1, bigintList), searchable("m")}
	for n, word := range words {
		conditions = append(conditions, fmt.Sprintf("w.text LIKE $%d", n+7))
		c.args = append(c.args, "%"+escapeLike(word)+"%")
	}
	c.where = strings.Join(conditions, " AND ")
	return c
}

// indexTexts joins messages, because a message may be deleted at the same time.
func (*postgresDialect) indexTexts(texts []indexedText, folding int, edited bool) []stmt {
	var ids []int64
	var folded []string
	for _, t := range texts {
		ids, folded = append(ids, int64(t.ID)), append(folded, t.Text)
	}
	return []stmt{exec(`INSERT INTO messages_search (message_id, room_id, text, folding)
		SELECT m.id, m.room_id, w.text, $3 FROM unnest($1::bigint[], $2::text[]) AS w (id, text) JOIN messages m ON m.id = w.id
		ON CONFLICT (message_id) DO UPDATE SET text = EXCLUDED.text, folding = EXCLUDED.folding
		WHERE messages_search.folding < EXCLUDED.folding OR $4`, ids, folded, folding, edited)}
}

func (*postgresDialect) horizonQuery() string {
	return `SELECT (SELECT COALESCE(max(id), 0) FROM messages),
		pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint FROM pg_current_snapshot() AS now`
}

func (*postgresDialect) uniqueViolation(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23505" {
		return e.ConstraintName
	}
	return ""
}

// invalidInputCodes are the SQLSTATEs for values that no column or cast accepts:
// character_not_in_repertoire, untranslatable_character, invalid_text_representation and
// numeric_value_out_of_range.
var invalidInputCodes = []string{"22021", "22P05", "22P02", "22003"}

func (*postgresDialect) invalidInput(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(invalidInputCodes, e.Code)
}

// unavailableCodes are the SQLSTATE classes and codes of temporary errors: connection lost,
// out of resources, shutting down, canceled, deadlock, lock timeout, read-only standby.
var unavailableCodes = []string{"08", "53", "57P", "57014", "40001", "40P01", "55P03", "58", "25006", "25P"}

func (*postgresDialect) unavailable(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.ContainsFunc(unavailableCodes, func(code string) bool { return strings.HasPrefix(e.Code, code) })
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

// retryable reports whether another shard or node stored one of the cids after the batch
// looked it up, or the two transactions deadlocked.
func (*postgresDialect) retryable(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40P01" || e.Code == "40001" ||
		e.Code == "23505" && strings.Contains(e.ConstraintName, "cid"))
}
