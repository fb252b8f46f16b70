package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var _ dialect = (*sqliteDialect)(nil)

type sqliteDialect struct{ write *writeDB }

func (d *sqliteDialect) batchTx(ctx context.Context, first []stmt, next func() ([]stmt, error)) error {
	err := runTx(ctx, d.write, func(tx *sql.Tx) error {
		if err := execAll(ctx, tx, first...); err != nil {
			return err
		}
		last, err := next()
		if err == nil && len(last) == 0 {
			err = errNothingToDo // rolls back what first has changed
		}
		if err != nil {
			return err
		}
		return execAll(ctx, tx, last...)
	})
	if errors.Is(err, errNothingToDo) {
		return nil
	}
	return err
}

var errNothingToDo = errors.New("nothing to do")

// list encodes values as JSON, with binary values in hexadecimal.
func (*sqliteDialect) list(values any) any {
	if binary, ok := values.([][]byte); ok {
		list := make([]string, len(binary))
		for i, b := range binary {
			list[i] = hex.EncodeToString(b)
		}
		values = list
	}
	text, _ := json.Marshal(values) // slices of numbers and strings always encode
	return string(text)
}

func (*sqliteDialect) in(column string, n int, elem listElem) string {
	value := "value"
	if elem == byteaList {
		value = "unhex(value)"
	}
	return fmt.Sprintf("%s IN (SELECT %s FROM json_each($%d))", column, value, n)
}

func (*sqliteDialect) memberKeys(keys []memberKey) any {
	list := make([][2]int64, len(keys))
	for i, k := range keys {
		list[i] = [2]int64{int64(k.room), int64(k.user)}
	}
	text, _ := json.Marshal(list) // numbers always encode
	return string(text)
}

func (*sqliteDialect) memberKeyTable(n int) string {
	return fmt.Sprintf("(SELECT value ->> 0 AS room_id, value ->> 1 AS user_id FROM json_each($%d)) w", n)
}

func (*sqliteDialect) jsonRows(fields, order string) string {
	return "json_group_array(json_object(" + fields + ") ORDER BY " + order + ")"
}

// forUpdate is empty: an immediate transaction locks the whole database.
func (*sqliteDialect) forUpdate() string        { return "" }
func (*sqliteDialect) skipLocked(string) string { return "" }

func (*sqliteDialect) nowMillis() string { return "CAST(unixepoch('subsec') * 1000 AS integer)" }

// stateQuery always returns true: only a write shows whether the disk accepts writes, and the
// pragmas make commits durable.
func (*sqliteDialect) stateQuery() string { return `SELECT true, true` }

// newestCandidates starts at the oldest of the newest messages of each room, because SQLite
// has no LATERAL.
func (d *sqliteDialect) newestCandidates() candidateSource {
	return candidateSource{
		from:  "rooms r CROSS JOIN messages m ON m.room_id = r.id AND m.id >= (SELECT min(w.id) FROM (" + newestSearchable("x.id") + ") w)",
		where: d.in("r.id", 1, bigintList) + " AND " + searchable("m"), order: "m.id",
	}
}

// indexedCandidates matches all trigrams of the words. Each trigram is quoted, so that it
// contains no query syntax.
func (d *sqliteDialect) indexedCandidates(words []string) candidateSource {
	var trigrams []string
	for _, word := range words {
		letters := []rune(word)
		for n := range len(letters) - 2 {
			trigrams = append(trigrams, `"`+strings.ReplaceAll(string(letters[n:n+3]), `"`, `""`)+`"`)
		}
	}
	return candidateSource{
		from: "messages_search CROSS JOIN messages m ON m.id = messages_search.rowid", order: "messages_search.rowid",
		where: "messages_search MATCH $7 AND messages_search.rowid < $2 AND " + d.in("m.room_id", 1, bigintList) + " AND " + searchable("m"),
		args:  []any{strings.Join(trigrams, " AND ")},
	}
}

// indexTexts replaces all rows: only one node uses the database at a time, so that the
// existing rows are from the same folding version or an older one.
func (*sqliteDialect) indexTexts(texts []indexedText, _ int, _ bool) []stmt {
	stmts := make([]stmt, len(texts))
	for i, t := range texts {
		stmts[i] = exec(`INSERT OR REPLACE INTO messages_search (rowid, text) VALUES ($1, $2)`, t.ID, t.Text)
	}
	return stmts
}

// horizonQuery reports no running transaction: SQLite has one writer.
func (*sqliteDialect) horizonQuery() string { return `SELECT COALESCE(max(id), 0), 0, 0 FROM messages` }

func (*sqliteDialect) uniqueViolation(err error) string {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok || e.Code() != sqlite3.SQLITE_CONSTRAINT_UNIQUE && e.Code() != sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
		return ""
	}
	_, columns, _ := strings.Cut(e.Error(), "constraint failed: ")
	return columns
}

// invalidInput is always false: SQLite accepts every value.
func (*sqliteDialect) invalidInput(error) bool { return false }

func (*sqliteDialect) unavailable(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return errors.Is(err, sql.ErrConnDone)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}

// retryable is always false: there is one writer.
func (*sqliteDialect) retryable(error) bool { return false }
