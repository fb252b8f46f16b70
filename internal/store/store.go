// Package store keeps users, sessions, rooms and messages in SQL: Postgres by
// pgx, or SQLite embedded. The two share their statements where they agree; where
// they do not, the difference stands in postgres.go and sqlite.go. Every method is
// one whole unit of work: no transaction leaks out.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

var (
	_ chat.Accounts = (*Store)(nil)
	_ chat.Rooms    = (*Store)(nil)
	_ chat.Messages = (*Store)(nil)
	_ chat.Archive  = (*Store)(nil)
)

// Store is one database.
type Store struct {
	engine engine
	read   *sql.DB
	write  *sql.DB
	epoch  chat.Epoch
	secret []byte
	queue  *appendQueue
	gathered
	tallies     tallies
	rooms       roomQueues
	searches    *semaphore
	newestBatch int // see search.go
	wrote       func(err error)
	now         func() time.Time
}

// engine is what Postgres and SQLite do each in their own way.
type engine interface {
	appendEngine
	// begin opens a transaction and does steps, in one round trip.
	begin(ctx context.Context, steps ...step) (trips, error)
	// list makes ids one argument for a statement with in(…).
	list(ids []int64) any
	// in is the SQL test whether column is among the ids of argument n.
	in(column string, n int) string
	// jsonRows aggregates rows to a JSON array of objects, as text; fields are
	// names and columns by turns.
	jsonRows(fields, order string) string
	// texts and inTexts are the same for texts.
	texts(texts []string) any
	inTexts(column string, n int) string
	// hashes and inHashes are the same for hashes of tokens.
	hashes(hashes []string) any
	inHashes(column string, n int) string
	// pairs makes places one argument, of which fromPairs makes the table
	// w (room_id, user_id).
	pairs(places []place) any
	fromPairs(n int) string
	// huntNewest finds the newest messages of all rooms together by the index of each
	// room, huntIndexed those that hold all words by their trigrams.
	huntNewest() hunt
	huntIndexed(words []string) hunt
	// settled returns the newest message before which none comes to be any more.
	settled(ctx context.Context) (chat.MessageID, error)
	// indexTexts writes rows of the index. Rows of the same or a newer version of the
	// folding are only replaced if the texts were edited.
	indexTexts(ctx context.Context, tx *sql.Tx, texts []indexedText, folding int, edited bool) error
	// lockRoom ends the SELECT that takes a room's row.
	lockRoom() string
	// lockDue ends the SELECT that takes due webhooks h, passing over those that
	// another node is taking.
	lockDue() string
	// lockIdle ends a SELECT that takes the rows which nobody else holds.
	lockIdle() string
	// nowMillis is the SQL expression for the database's time in Unix milliseconds.
	nowMillis() string
	// violated names the unique constraint or columns that err tells of, "" for
	// any other error.
	violated(err error) string
	// badInput reports whether the database refused a value of the caller, not a statement.
	// Values are checked before they come here, so this is a safety net.
	badInput(err error) bool
	// writable is the query that tells whether the database takes writes.
	writable() string
	pools() map[string]sql.DBStats
	close() error
}

// Options are what every engine takes.
type Options struct {
	// Now is the clock for created_at and expiry; nil is time.Now.
	Now func() time.Time
	// Observe is told of every append that was committed: how many messages it
	// stored and how long it took. nil is nobody.
	Observe func(stored int, took time.Duration)
	// Wrote is told how writes ended: nil for an append that was answered, else why the
	// engine could not do what was asked. nil is nobody.
	Wrote func(err error)
	// Beside is for short deeds beside the nodes that serve the database: the folder
	// of SQLite is not taken, and the schema must be the one that this binary knows.
	Beside bool
	// Node names the connections to Postgres after the node that opens them.
	Node string
}

func open(ctx context.Context, e engine, read, write *sql.DB, o Options) (*Store, error) {
	s := &Store{engine: e, read: read, write: write, now: o.Now, searches: newSemaphore(searchesAtOnce), newestBatch: newestBatch}
	if s.now == nil {
		s.now = time.Now
	}
	if s.wrote = o.Wrote; s.wrote == nil {
		s.wrote = func(error) {}
	}
	if o.Beside {
		if err := s.wantNewestSchema(ctx); err != nil {
			_ = e.close()
			return nil, err
		}
	}
	if err := read.QueryRowContext(ctx, `SELECT epoch, link_secret FROM instance`).Scan(&s.epoch, &s.secret); err != nil {
		_ = e.close()
		return nil, fmt.Errorf("read epoch: %w", err)
	}
	s.queue = newAppendQueue(e, s.clock, o.Observe)
	s.gathered = gatherFor(s)
	return s, nil
}

// Close finishes the appends that are queued and the reads that are gathered, refuses
// new appends, and closes the database.
func (s *Store) Close() error {
	s.queue.close()
	s.gathered.wait()
	return s.engine.close()
}

// Ready asks the database whether it answers and takes writes.
func (s *Store) Ready(ctx context.Context) error {
	var writable bool
	if err := s.read.QueryRowContext(ctx, s.engine.writable()).Scan(&writable); err != nil {
		return err
	}
	if !writable {
		return ErrReadOnly
	}
	return nil
}

// ErrReadOnly is the error of Ready for a standby, or for a database that was made
// read-only.
var ErrReadOnly = errors.New("the database takes no writes")

// noteFailure tells Wrote of a failure that is the engine's.
func (s *Store) noteFailure(err error) {
	if err != nil && s.engine.away(err) {
		s.wrote(err)
	}
}

// Pools tells how the node's connections to the database are used, by what they are for.
func (s *Store) Pools() map[string]sql.DBStats { return s.engine.pools() }

func (s *Store) clock() chat.Time { return chat.At(s.now()) }

// Epoch returns the database's epoch, read when the store was opened.
func (s *Store) Epoch() chat.Epoch { return s.epoch }

// NewEpoch gives the database another epoch. Stores that are open keep the old one.
func (s *Store) NewEpoch(ctx context.Context) (chat.Epoch, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	epoch := chat.Epoch(strings.ToLower(rand.Text()))
	_, err := s.write.ExecContext(ctx, `UPDATE instance SET epoch = $1`, string(epoch))
	return epoch, s.fail("give a new epoch", err)
}

// LinkSecret returns what signs links to files, read when the store was opened.
func (s *Store) LinkSecret() []byte { return s.secret }

func bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, chat.RequestBudget)
}

// inTx runs work in one transaction that commits when work returns nil.
func (s *Store) inTx(ctx context.Context, work func(tx *sql.Tx) error) (err error) {
	defer func() { s.noteFailure(err) }()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // also after a panic; nothing after the commit
	if err := work(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}
