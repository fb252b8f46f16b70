// Package store stores users, sessions, rooms and messages in SQL: in Postgres through
// pgx, or in embedded SQLite. Both engines run the same statements; what differs is in
// dialect.go. Every exported method is one unit of work: no transaction outlives a call.
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
	"github.com/chillin-chat/chillin/internal/store/schema"
)

var (
	_ chat.Accounts = (*Store)(nil)
	_ chat.Rooms    = (*Store)(nil)
	_ chat.Messages = (*Store)(nil)
	_ chat.Archive  = (*Store)(nil)
)

// Store is an open database.
type Store struct {
	database
	epoch  chat.Epoch
	secret []byte
	queue  *appendQueue
	loaders
	tallyCache   tallyCache
	rooms        roomQueues
	searches     *semaphore
	nameSearches *semaphore
	newestBatch  int     // see search.go
	horizon      horizon // used by IndexMessages only
	onWrite      func(err error)
	onEnqueue    func()
	now          func() time.Time
	replica      *replica // nil if there is none
}

// database is a Postgres database or a SQLite file with its connections.
type database struct {
	dialect dialect
	read    *sql.DB
	byKey   *sql.DB // for reads that find all rows by key; can be read
	write   *writeDB
	stats   func() map[string]sql.DBStats
	close   func() error
}

// Options are the options of both engines.
type Options struct {
	// Now is the clock for created_at and expiry. The default is time.Now.
	Now func() time.Time
	// OnAppend is called after every committed batch of messages, with its size and
	// duration. It may be nil.
	OnAppend func(stored int, took time.Duration)
	// OnWrite is called with the outcome of writes: nil for a finished append, otherwise the
	// reason why the engine was unavailable. It may be nil.
	OnWrite func(err error)
	// OnEnqueue is called after the commit of a transaction that queued jobs. It may be nil.
	OnEnqueue func()
	// Shared is for commands that run while a node uses the database: OpenSQLite does not
	// lock the folder, and the schema must have the version of this binary.
	Shared bool
	// Node is the name of the node. It becomes part of the name of its Postgres connections.
	Node string
	// Pooled means that Postgres is reached through a connection pooler in transaction mode. Direct is
	// then the address of Postgres itself.
	Pooled bool
	Direct string
	// Replica is a replica of Postgres.
	Replica ReplicaOptions
}

func open(ctx context.Context, db database, o Options) (*Store, error) {
	s := &Store{database: db, now: o.Now, onWrite: o.OnWrite, onEnqueue: o.OnEnqueue, searches: newSemaphore(concurrentSearches),
		nameSearches: newSemaphore(concurrentNameSearches), newestBatch: newestBatch}
	if s.now == nil {
		s.now = time.Now
	}
	if s.onWrite == nil {
		s.onWrite = func(error) {}
	}
	if s.onEnqueue == nil {
		s.onEnqueue = func() {}
	}
	if o.Shared {
		if err := schema.CheckNewest(ctx, s.read); err != nil {
			_ = db.close()
			return nil, err
		}
	}
	if err := s.readInstance(ctx); err != nil {
		_ = db.close()
		return nil, fmt.Errorf("read epoch: %w", err)
	}
	if !o.Shared {
		if err := s.Ready(ctx); errors.Is(err, ErrNotDurable) {
			_ = db.close()
			return nil, err
		}
	}
	s.queue = newAppendQueue(s.dialect, s.clock, o.OnAppend)
	s.loaders = newLoaders(s)
	return s, nil
}

func (s *Store) readInstance(ctx context.Context) error {
	return s.read.QueryRowContext(ctx, `SELECT epoch, link_secret FROM instance`).Scan(&s.epoch, &s.secret)
}

// Close refuses new appends, waits for queued appends and batched reads, and closes the
// database.
func (s *Store) Close() error {
	s.queue.close()
	s.loaders.wait()
	return s.database.close()
}

// Ready checks that the database answers and accepts writes, and that they are durable.
func (s *Store) Ready(ctx context.Context) error {
	var writable, durable bool
	if err := s.read.QueryRowContext(ctx, s.dialect.stateQuery()).Scan(&writable, &durable); err != nil {
		return err
	}
	switch {
	case !durable:
		return ErrNotDurable
	case !writable:
		return ErrReadOnly
	}
	return nil
}

var (
	// ErrReadOnly is returned by Ready for a standby and for a read-only database.
	ErrReadOnly = errors.New("the database does not accept writes")
	// ErrNotDurable is returned by Ready, and by OpenPostgres for a node, if a connection pooler
	// drops the setting with which nodes connect and the setting of the role is off.
	ErrNotDurable = errors.New("synchronous_commit is off, so that confirmed messages could be lost: " +
		"ALTER ROLE … SET synchronous_commit = on for the user of the nodes, or correct the setting of the server or database")
)

// noteFailure calls onWrite if err means that the engine is unavailable.
func (s *Store) noteFailure(err error) {
	if err != nil && s.dialect.unavailable(err) {
		s.onWrite(err)
	}
}

// Pools returns the statistics of the connection pools of this node by their purpose.
func (s *Store) Pools() map[string]sql.DBStats { return s.stats() }

func (s *Store) clock() chat.Time { return chat.At(s.now()) }

// ifFuture returns t, or 0 if t has passed.
func (s *Store) ifFuture(t chat.Time) chat.Time {
	if t <= s.clock() {
		return 0
	}
	return t
}

// Epoch returns the epoch of the database at the time when the store was opened.
func (s *Store) Epoch() chat.Epoch { return s.epoch }

// NewEpoch gives the database a new epoch. Open stores keep the old one.
func (s *Store) NewEpoch(ctx context.Context) (chat.Epoch, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	epoch := chat.Epoch(strings.ToLower(rand.Text()))
	_, err := s.write.ExecContext(ctx, `UPDATE instance SET epoch = $1`, string(epoch))
	return epoch, s.fail("set new epoch", err)
}

// LinkSecret returns the key that signs links to files, as it was when the store was
// opened.
func (s *Store) LinkSecret() []byte { return s.secret }

func withTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, chat.RequestBudget)
}
