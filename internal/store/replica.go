package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

// ReplicaOptions configure a replica of a Postgres database, from which a node reads messages.
type ReplicaOptions struct {
	// DSN is the address of a physical standby; "" for no replica. Options.Pooled applies to it as well.
	DSN string
	// OnRead is called for every read that a replica can answer, with the reason why the primary was
	// read, or "" if the replica was. It may be nil.
	OnRead func(kind ReadKind, reason PrimaryReason)
}

// ReadKind is what is read.
type ReadKind string

// The kinds of reads that a replica can answer.
const (
	ReadHistory ReadKind = "history" // a page of messages
	ReadChanges ReadKind = "changes"
	ReadSearch  ReadKind = "search"
)

// PrimaryReason is why the primary was read in place of the replica.
type PrimaryReason string

// The reasons to read the primary.
const (
	ReplicaBehind PrimaryReason = "behind"      // the replica does not have a change that the caller knows of
	ReplicaBusy   PrimaryReason = "busy"        // all connections to it are in use
	ReplicaFailed PrimaryReason = "failed"      // the read failed
	ReplicaDown   PrimaryReason = "unavailable" // it was known to be unavailable or too far behind
)

// ErrOtherDatabase is returned by OpenPostgres if the replica belongs to another database.
var ErrOtherDatabase = errors.New("this server is not a replica of the database of this node: it must be a physical standby of the same server")

// Errors of reads from a replica.
var (
	errBehind = errors.New("the replica is behind")
	errBusy   = errors.New("all connections to the replica are in use")
)

const (
	replicaConns = 8
	// replicaTimeout is how long a page may take before the primary is read, and replicaSearchTime is
	// the same for a search. Both leave time for the primary within chat.RequestBudget.
	replicaTimeout    = 500 * time.Millisecond
	replicaSearchTime = searchTime + 200*time.Millisecond
	// A replica whose reads fail is tried again after firstRetry, twice that, …, up to lastRetry.
	firstRetry = time.Second
	lastRetry  = 10 * time.Second
)

// replica reads from a physical standby of the database. A read from it is one snapshot that
// contains all changes that its caller knows of: the number of the newest change of a room, its
// head, is read in the same transaction. Permissions are never read from it.
type replica struct {
	pool   *dbconn.Pool
	db     *sql.DB // the same pool
	now    func() time.Time
	onRead func(kind ReadKind, reason PrimaryReason)

	mu    sync.Mutex
	state ReplicaState
	// retry is the pause after the last failure, 0 if a read has succeeded since. Until retryAt the
	// replica is not tried.
	retry   time.Duration
	retryAt time.Time
}

// ReplicaState is the state of a replica as a node knows it.
type ReplicaState struct {
	// Err is why the replica is not read, or nil.
	Err error
	// Lag is how far its data is behind, if LagKnown.
	Lag      time.Duration
	LagKnown bool
}

// Reasons why a replica is not read.
var (
	ErrReplicaStarting = errors.New("connecting to the replica")
	ErrReplicaWritable = errors.New("the replica accepts writes: it is not a standby, or it was promoted")
	ErrReplicaLagging  = errors.New("the replica is too far behind")
)

func openReplica(ctx context.Context, o Options) (*replica, error) {
	pool, err := dbconn.OpenPool(ctx, dbconn.Address{DSN: o.Replica.DSN, Pooled: o.Pooled}, dbconn.NodeName(o.Node), replicaConns, nil)
	if err != nil {
		return nil, err
	}
	r := &replica{pool: pool, db: pool.DB(), now: o.Now, onRead: o.Replica.OnRead, state: ReplicaState{Err: ErrReplicaStarting}}
	if r.now == nil {
		r.now = time.Now
	}
	if r.onRead == nil {
		r.onRead = func(ReadKind, PrimaryReason) {}
	}
	return r, nil
}

func (r *replica) close() error {
	err := r.db.Close()
	r.pool.Close()
	return err
}

func (r *replica) readable() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.Err == nil
}

// try runs read, which reads from the replica, and reports whether it succeeded. It waits at most
// for timeout. A nil replica does not exist.
func (r *replica) try(ctx context.Context, kind ReadKind, timeout time.Duration, read func(ctx context.Context) error) bool {
	if r == nil {
		return false
	}
	if !r.readable() {
		r.onRead(kind, ReplicaDown)
		return false
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	reason := r.grade(ctx, read(limited))
	r.onRead(kind, reason)
	return reason == ""
}

// grade returns the reason to read the primary after a read that returned err, "" for none. It stops
// using the replica if err is a fault of it. ctx is the context of the caller.
func (r *replica) grade(ctx context.Context, err error) PrimaryReason {
	refused, _ := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		r.succeeded()
		return ""
	case errors.Is(err, errBehind):
		return ReplicaBehind
	case errors.Is(err, errBusy):
		return ReplicaBusy
	case ctx.Err() != nil, refused != nil && refused.Code == "40001":
		return ReplicaFailed // the caller has left, or replay removes rows that the snapshot needs
	}
	r.failed(err)
	return ReplicaFailed
}

func (r *replica) succeeded() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retry = 0
}

// failed stops using the replica for a while, see watchReplica.
func (r *replica) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retry = min(max(2*r.retry, firstRetry), lastRetry)
	r.retryAt, r.state.Err = r.now().Add(r.retry), err
}

// acquire returns a connection. It returns errBusy if all of them are in use.
func (r *replica) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	if s := r.pool.Stat(); s.AcquiredConns() == s.MaxConns() {
		return nil, errBusy
	}
	return r.pool.Acquire(ctx)
}

// roomSnapshot runs queries in one snapshot that contains all changes of a room up to need, in one
// round trip, and returns the head of the room in it.
func (r *replica) roomSnapshot(ctx context.Context, room chat.RoomID, need chat.Seq, queue func(b *pgx.Batch)) (head chat.Seq, err error) {
	conn, err := r.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release() // closes it if the transaction is still open
	b := &pgx.Batch{}
	r.pool.QueueBeginSnapshot(b)
	var standby bool
	b.Queue(`SELECT COALESCE((SELECT head FROM rooms WHERE id = $1), -1), pg_is_in_recovery()`, int64(room)).QueryRow(func(row pgx.Row) error {
		return row.Scan((*int64)(&head), &standby)
	})
	queue(b)
	b.Queue(`COMMIT`)
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return 0, err
	}
	switch {
	case !standby:
		return 0, ErrReplicaWritable
	case head < need:
		return 0, errBehind
	}
	return head, nil
}

// roomsSnapshot runs read in one snapshot that contains all changes of rooms up to their heads.
func (r *replica) roomsSnapshot(ctx context.Context, heads map[int64]int64, read func(tx *sql.Tx) error) error {
	if s := r.pool.Stat(); s.AcquiredConns() == s.MaxConns() {
		return errBusy
	}
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it only read
	var ids []int64
	for id := range heads {
		ids = append(ids, id)
	}
	current, standby := 0, true
	err = forEachRow(ctx, tx, func(row row) error {
		var id, head int64
		if err := row.Scan(&id, &head, &standby); err != nil {
			return err
		}
		if head >= heads[id] {
			current++
		}
		return nil
	}, `SELECT id, head, pg_is_in_recovery() FROM rooms WHERE id = ANY($1::bigint[])`, ids)
	switch {
	case err != nil:
		return err
	case !standby:
		return ErrReplicaWritable
	case current < len(heads):
		return errBehind
	}
	return read(tx)
}

// replicaPage returns a page from the replica, if possible.
func (s *Store) replicaPage(ctx context.Context, room chat.RoomID, viewer chat.UserID, q chat.PageQuery) (page chat.Page, ok bool, err error) {
	need := q.Head
	for _, known := range []*chat.Seq{q.After, q.Around} {
		if known != nil {
			need = max(need, *known)
		}
	}
	if q.Head == 0 || !s.replica.try(ctx, ReadHistory, replicaTimeout, func(ctx context.Context) error {
		queries := pageQueries(room, q, newestSeq)
		lists := make([][]chat.Message, len(queries))
		head, err := s.replica.roomSnapshot(ctx, room, need, func(b *pgx.Batch) {
			for i, query := range queries {
				s.queueMessages(b, viewer, query, &lists[i])
			}
		})
		page = buildPage(q, head, lists)
		return err
	}) {
		return chat.Page{}, false, nil
	}
	return page, true, s.updateAuthors(ctx, page.Messages)
}

// replicaChanges returns changes from the replica, if possible.
func (s *Store) replicaChanges(ctx context.Context, room chat.RoomID, viewer chat.UserID, q chat.ChangesQuery) (changes chat.Changes, ok bool, err error) {
	if q.Head == 0 || !s.replica.try(ctx, ReadChanges, replicaTimeout, func(ctx context.Context) error {
		var messages []chat.Message
		head, err := s.replica.roomSnapshot(ctx, room, max(q.Head, q.Since), func(b *pgx.Batch) {
			s.queueMessages(b, viewer, changesQuery(room, q), &messages)
		})
		changes = buildChanges(q, head, messages)
		return err
	}) {
		return chat.Changes{}, false, nil
	}
	return changes, true, s.updateAuthors(ctx, changes.Messages)
}

// queueMessages queues a query for messages.
func (s *Store) queueMessages(b *pgx.Batch, viewer chat.UserID, q messageQuery, messages *[]chat.Message) {
	b.Queue(s.selectMessage()+q.where, q.args...).Query(func(rows pgx.Rows) error {
		*messages = []chat.Message{}
		for rows.Next() {
			m, err := scanMessage(rows, viewer)
			if err != nil {
				return err
			}
			*messages = append(*messages, m)
		}
		return rows.Err()
	})
}

// updateAuthors reads the authors of messages of a replica from the primary: a change of a profile
// has no number in the room, so that the head does not cover it.
func (s *Store) updateAuthors(ctx context.Context, messages []chat.Message) error {
	page := chat.Page{Messages: messages}
	authors, err := s.Authors(ctx, page.AuthorIDs())
	if err == nil {
		page.SetAuthors(authors)
	}
	return err
}

// catchUpTries is how often a search asks the replica again whether it has all changes: a search
// reads many rooms, and takes longer than a replica is usually behind.
const (
	catchUpTries = 3
	catchUpPause = 20 * time.Millisecond
)

// replicaSearch runs read on the replica, if possible. heads are the rooms that it reads.
func (s *Store) replicaSearch(ctx context.Context, heads map[int64]int64, read func(ctx context.Context, from querier) error) bool {
	return s.replica.try(ctx, ReadSearch, replicaSearchTime, func(ctx context.Context) error {
		for try := 1; ; try++ {
			err := s.replica.roomsSnapshot(ctx, heads, func(tx *sql.Tx) error { return read(ctx, tx) })
			if !errors.Is(err, errBehind) || try == catchUpTries {
				return err
			}
			select {
			case <-time.After(catchUpPause):
			case <-ctx.Done():
				return fmt.Errorf("wait for the replica: %w", errBehind)
			}
		}
	})
}
