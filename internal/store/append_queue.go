package store

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
)

const (
	shardQueue = 1024 // drafts that can wait in a shard; the queue refuses more with UNAVAILABLE
	batchLimit = 512
	batchTries = 3 // for a batch that fails with a retryable error
)

// appendEngine stores batches of drafts.
type appendEngine interface {
	// appendBatch runs one transaction in two round trips. The first locks the rooms of l
	// in id order. Later statements of the same round trip read the rest of l; they see
	// everything that was committed before the rooms were locked. Then it calls decide. The
	// second round trip stores the messages and heads of the decision and commits. If the
	// decision stores nothing, the transaction is rolled back. After an error of the commit
	// the outcome can be unknown.
	appendBatch(ctx context.Context, l lookup, decide func(batchState) decision) error
	// retryable reports whether the same batch may succeed if it is tried again at once.
	retryable(err error) bool
	// unavailable reports whether the engine cannot be reached or is out of resources.
	unavailable(err error) bool
}

// appendQueue is the append queue of a node. Every room belongs to one shard. A shard runs
// one transaction at a time; the drafts that arrive during a transaction form the next batch.
// A shard never waits for more drafts.
type appendQueue struct {
	engine  appendEngine
	now     func() chat.Time
	observe func(stored int, took time.Duration)
	shards  []chan *request
	writers sync.WaitGroup

	mu     sync.RWMutex // held for reading in add, so that close can close the shards
	closed bool
}

func newAppendQueue(e appendEngine, now func() chat.Time, observe func(int, time.Duration)) *appendQueue {
	if observe == nil {
		observe = func(int, time.Duration) {}
	}
	q := &appendQueue{engine: e, now: now, observe: observe}
	for range max(2, min(8, runtime.GOMAXPROCS(0))) {
		shard := make(chan *request, shardQueue)
		q.shards = append(q.shards, shard)
		q.writers.Go(func() { q.serve(shard) })
	}
	return q
}

// add queues r. It never blocks and reports whether r was queued.
func (q *appendQueue) add(r *request) bool {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return false
	}
	select {
	case q.shards[uint64(r.draft.Room)%uint64(len(q.shards))] <- r:
		return true
	default:
		return false
	}
}

// waiting returns the number of queued requests.
func (q *appendQueue) waiting() (n int) {
	for _, shard := range q.shards {
		n += len(shard)
	}
	return n
}

// close refuses new requests and waits until the queued ones are finished.
func (q *appendQueue) close() {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		for _, shard := range q.shards {
			close(shard)
		}
	}
	q.mu.Unlock()
	q.writers.Wait()
}

func (q *appendQueue) serve(shard chan *request) {
	for first := range shard {
		batch := collect(first, shard)
		if len(batch) > 0 {
			q.store(batch)
		}
	}
}

// collect returns first and the queued requests of shard, up to batchLimit. It fails
// requests whose deadline has passed: their senders have stopped waiting and retry.
func collect(first *request, shard chan *request) []*request {
	now := time.Now()
	var batch []*request
	add := func(r *request) {
		if now.Before(r.deadline) {
			batch = append(batch, r)
		} else {
			r.finish(chat.ErrUnavailable(context.DeadlineExceeded))
		}
	}
	add(first)
	for len(batch) < batchLimit {
		select {
		case r, open := <-shard:
			if !open {
				return batch
			}
			add(r)
		default:
			return batch
		}
	}
	return batch
}

// store stores batch and finishes every request of it. If the batch fails because of an
// error that a single request can cause, store retries each request alone, so that the
// others do not fail with it.
func (q *appendQueue) store(batch []*request) {
	ctx, cancel := context.WithDeadline(context.Background(), batch[len(batch)-1].deadline)
	defer cancel()
	err := q.try(ctx, batch)
	for tries := 1; err != nil && tries < batchTries && q.engine.retryable(err); tries++ {
		err = q.try(ctx, batch)
	}
	if err == nil {
		return
	}
	if len(batch) > 1 && ctx.Err() == nil && !q.engine.unavailable(err) {
		for _, r := range batch {
			q.store([]*request{r})
		}
		return
	}
	for _, r := range batch {
		r.finish(err)
	}
}

// try runs one transaction. If it returns nil, every request is finished. It turns a panic
// into an error, so that only the request that causes the panic fails.
func (q *appendQueue) try(ctx context.Context, batch []*request) error {
	var d decision
	err := recovery.Do(recovery.Append, batch[0].hash, func() error {
		began := time.Now()
		err := q.engine.appendBatch(ctx, lookupFor(batch, q.now()), func(state batchState) decision {
			d = decide(batch, state, q.now())
			return d
		})
		if err == nil && len(d.stored) > 0 {
			q.observe(len(d.stored), time.Since(began))
		}
		return err
	})
	if err != nil {
		return err
	}
	d.finish()
	return nil
}
