package store

import (
	"context"

	"github.com/chillin-chat/chillin/internal/chat"
)

// dialect is the difference between Postgres and SQLite: how they run a transaction in as
// few round trips as possible, the SQL fragments in which they differ, and the meaning of
// their errors. Statements and rules that both share do not belong here.
type dialect interface {
	appendEngine
	// batchTx runs first, and then the statements that next returns, in one transaction. On
	// Postgres it takes two round trips (see runBatchTx). If next returns no statements,
	// nothing is changed.
	batchTx(ctx context.Context, first []stmt, next func() ([]stmt, error)) error

	// list encodes a []int64, []string or [][]byte as one argument for in.
	list(values any) any
	// in is a condition: column equals an element of the list in argument n.
	in(column string, n int, elem listElem) string
	// memberKeys encodes keys as one argument. memberKeyTable is a table w (room_id,
	// user_id) of the keys in argument n.
	memberKeys(keys []memberKey) any
	memberKeyTable(n int) string
	// jsonRows aggregates rows to a JSON array of objects, as text. fields lists names and
	// columns alternately.
	jsonRows(fields, order string) string
	// forUpdate ends a SELECT and locks its rows until the transaction ends.
	forUpdate() string
	// skipLocked is forUpdate without the rows that another transaction has locked. of is
	// the table whose rows are locked, "" if there is only one.
	skipLocked(of string) string
	// nowMillis is the time of the database in Unix milliseconds.
	nowMillis() string
	// stateQuery returns whether the database accepts writes, and whether a commit is on disk
	// before it is confirmed.
	stateQuery() string

	// newestCandidates finds the newest messages of all rooms, using the index of each room.
	// indexedCandidates finds messages that contain all words, using the trigram index.
	newestCandidates() candidateSource
	indexedCandidates(words []string) candidateSource
	// indexTexts writes rows of the search index. It replaces a row of the same or a newer
	// folding version only if the text was edited.
	indexTexts(texts []indexedText, folding int, edited bool) []stmt
	// horizonQuery returns the id of the newest message, the oldest running transaction and
	// the next transaction to start. Without a running transaction the last two are equal.
	horizonQuery() string

	// uniqueViolation returns the name of the violated unique constraint, or its columns. It
	// returns "" for every other error.
	uniqueViolation(err error) string
	// invalidInput reports whether the database refused a value and not the statement. It is
	// a safety net: values are validated before they get here.
	invalidInput(err error) bool
}

// listElem is the SQL type of the elements of a list.
type listElem string

const (
	bigintList listElem = "bigint"
	textList   listElem = "text"
	byteaList  listElem = "bytea"
)

// candidateSource is how an engine finds candidates of a search: the tables, with m for the
// messages, the condition and the order. The arguments are $1 the rooms, $2 the message
// before which to search, $3 the limit, $4 to $6 as in searchable, and args from $7 on.
type candidateSource struct {
	from, where, order string
	args               []any
}

// indexedText is a row of the search index.
type indexedText struct {
	ID   chat.MessageID
	Room chat.RoomID
	Text string // folded; "" if the message was deleted
}
