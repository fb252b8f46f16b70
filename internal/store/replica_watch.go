package store

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/chillin-chat/chillin/internal/store/schema"
)

const (
	// watchEvery is the interval at which a node compares the replica with the primary, and
	// watchTimeout is the timeout of each of the two queries. A starting node takes more time, because
	// it must not start with another database.
	watchEvery   = time.Second
	watchTimeout = time.Second
	startTimeout = 3 * time.Second
	startTries   = 3
	// maxLag is the lag from which on a replica is not read. Changes without a number in the room, such
	// as the removal of a deleted guest's reactions, can be invisible for that long.
	maxLag = 10 * time.Second
	// keptPositions limits how far back the lag is known.
	keptPositions = 120
)

// position is how far the log of the primary was written at a time.
type position struct {
	at  time.Time
	lsn int64
}

// The positions in the log are bytes since its beginning.
const (
	primaryPosition = `SELECT CASE WHEN pg_is_in_recovery() THEN -1 ELSE (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint END, ` + schema.DatabaseID
	replicaPosition = `SELECT pg_is_in_recovery(), COALESCE((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0), ` + schema.DatabaseID
)

// replicaWatch decides whether the replica can be read. It is used by one goroutine at a time.
type replicaWatch struct {
	*replica
	primary   *postgresDialect
	timeout   time.Duration // of each of the two queries
	database  string        // the identity of the primary's database, "" if unknown
	positions []position    // of the primary, oldest first
}

// run watches the replica until ctx ends.
func (w *replicaWatch) run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.look(ctx)
		}
	}
}

// start compares the replica with the primary for the first time. It returns ErrOtherDatabase if
// they are different databases.
func (w *replicaWatch) start(ctx context.Context) error {
	w.timeout = startTimeout
	defer func() { w.timeout = watchTimeout }()
	for range startTries {
		w.readPrimary(ctx)
		w.compare(ctx)
		w.mu.Lock()
		err := w.state.Err
		w.mu.Unlock()
		switch {
		case errors.Is(err, ErrOtherDatabase):
			return err
		case err == nil, errors.Is(err, ErrReplicaWritable), errors.Is(err, ErrReplicaLagging):
			return nil
		}
	}
	return nil
}

// look compares the replica with the primary. A replica that failed is not asked before its pause ends.
func (w *replicaWatch) look(ctx context.Context) {
	w.readPrimary(ctx)
	w.mu.Lock()
	wait := w.now().Before(w.retryAt)
	w.mu.Unlock()
	if !wait {
		w.compare(ctx)
	}
}

func (w *replicaWatch) compare(ctx context.Context) {
	lag, err := w.readReplica(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		w.failed(err)
	default:
		w.set(lag)
	}
}

// set records the lag of a replica that answers.
func (w *replicaWatch) set(lag time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = ReplicaState{Lag: lag, LagKnown: true}
	if lag > maxLag {
		w.state.Err = fmt.Errorf("%w: %s", ErrReplicaLagging, lag.Round(100*time.Millisecond))
	}
}

// readPrimary records the position of the primary. While the primary does not answer, the replica is
// compared with the last one.
func (w *replicaWatch) readPrimary(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	var now position
	var database string
	if err := w.primary.pool.QueryRow(ctx, primaryPosition).Scan(&now.lsn, &database); err != nil || now.lsn < 0 {
		return
	}
	now.at, w.database = w.now(), database
	if n := len(w.positions); n > 0 && now.lsn < w.positions[n-1].lsn {
		w.positions = nil // the primary is another server, or was restored
	}
	w.positions = append(w.positions, now)
	w.positions = w.positions[max(0, len(w.positions)-keptPositions):]
}

// readReplica returns how far the replica is behind.
func (w *replicaWatch) readReplica(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	var standby bool
	var replayed int64
	var database string
	if err := w.pool.QueryRow(ctx, replicaPosition).Scan(&standby, &replayed, &database); err != nil {
		return 0, fmt.Errorf("read the state of the replica: %w", err)
	}
	switch {
	case w.database == "":
		return 0, errors.New("the primary has not been compared with the replica yet")
	case database != w.database:
		return 0, ErrOtherDatabase
	case !standby:
		return 0, ErrReplicaWritable
	}
	return lagAt(w.positions, replayed, w.now()), nil
}

// lagAt returns the time since the primary was at the position up to which a replica has replayed. Between
// two known positions it assumes that the primary wrote evenly. An idle primary is at its last position
// all the time, so that a replica that has it is not behind.
func lagAt(positions []position, replayed int64, now time.Time) time.Duration {
	next := sort.Search(len(positions), func(i int) bool { return positions[i].lsn > replayed })
	switch next {
	case len(positions):
		return 0
	case 0:
		return now.Sub(positions[0].at) // at least
	}
	before, after := positions[next-1], positions[next]
	part := float64(replayed-before.lsn) / float64(after.lsn-before.lsn)
	return max(0, now.Sub(before.at)-time.Duration(part*float64(after.at.Sub(before.at))))
}

// Replica returns the state of the replica, and false if there is none.
func (s *Store) Replica() (ReplicaState, bool) {
	if s.replica == nil {
		return ReplicaState{}, false
	}
	s.replica.mu.Lock()
	defer s.replica.mu.Unlock()
	return s.replica.state, true
}
