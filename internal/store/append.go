package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
)

// The append queue of a node. A room belongs to one shard; a shard has one
// transaction under way and gathers meanwhile what comes next, without waiting
// for more: the batch is what has queued.
const (
	shardQueue = 1024 // drafts that may wait; beyond it senders hear UNAVAILABLE
	batchLimit = 512
	batchTries = 3 // of a batch that met another writer's cid or a deadlock
)

// appendEngine takes drafts into the database in two round trips.
type appendEngine interface {
	// beginAppend opens a transaction, takes the rooms of ask in id order and
	// then, in later statements that see what was committed before the rooms were
	// taken, reads what decides about the drafts.
	beginAppend(ctx context.Context, ask question) (appendTx, facts, error)
	// again tells whether err passes when the same batch is tried once more at once.
	again(err error) bool
	// away tells whether the engine cannot be reached or has no room for us now.
	away(err error) bool
}

// appendTx is an append under way. It ends with commit or rollback.
type appendTx interface {
	// commit stores entries and the heads, and commits. After an error the
	// outcome may be unknown.
	commit(ctx context.Context, entries []*entry, heads map[chat.RoomID]chat.Seq, now chat.Time) error
	rollback()
}

// entry is a draft on its way: from the queue to its outcome.
type entry struct {
	draft    chat.Draft
	rule     chat.SendRule
	hash     []byte // of what was asked, to tell a retry from another send
	deadline time.Time
	done     chan struct{} // closed when the outcome below stands

	message chat.Message
	replied replied        // what the message answers, if its draft answers one
	known   chat.MessageID // the original's id where the cid was known
	err     error
}

func (e *entry) key() cidKey { return cidKey{e.draft.Author, e.draft.CID} }

func (e *entry) finish(err error) {
	e.err = err
	close(e.done)
}

// sendHash tells apart two sends under one cid.
func sendHash(d chat.Draft) []byte {
	h := sha256.New()
	var head [16]byte
	binary.BigEndian.PutUint64(head[:8], uint64(d.Room))
	binary.BigEndian.PutUint64(head[8:], uint64(d.ReplyTo))
	h.Write(head[:])
	h.Write([]byte(d.Text))
	if len(d.Attachments) > 0 {
		h.Write([]byte{0}) // no text holds it
		for _, id := range d.Attachments {
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(id)))
		}
	}
	return h.Sum(nil)[:16]
}

// Append gives d the next number of its room, once per (author, cid).
func (s *Store) Append(ctx context.Context, d chat.Draft, rule chat.SendRule) (chat.Message, bool, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	deadline, _ := ctx.Deadline()
	e := &entry{draft: d, rule: rule, hash: sendHash(d), deadline: deadline, done: make(chan struct{})}
	if !s.queue.add(e) {
		return chat.Message{}, false, chat.ErrUnavailable(errors.New("append queue is full or closed"))
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		// It may be stored all the same: the retry with the same cid will tell.
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			s.wrote(fmt.Errorf("append message: %w", ctx.Err()))
		}
		return chat.Message{}, false, chat.ErrUnavailable(ctx.Err())
	}
	if e.err == nil {
		s.wrote(nil)
	}
	switch {
	case e.err != nil:
		s.noteFailure(e.err)
		return chat.Message{}, false, s.fail("append message", e.err)
	case e.known != 0:
		m, err := s.originalMessage(ctx, e.known, d)
		return m, false, s.fail("read known message", err)
	}
	if r := e.replied; d.ReplyTo != 0 {
		e.message.ReplyTo = chat.NewReply(d.ReplyTo, r.seq, r.author, r.html)
	}
	return e.message, true, nil
}

type appendQueue struct {
	engine  appendEngine
	now     func() chat.Time
	observe func(stored int, took time.Duration)
	shards  []chan *entry
	writers sync.WaitGroup

	mu     sync.RWMutex // held to add, so that close can end the shards
	closed bool
}

func newAppendQueue(e appendEngine, now func() chat.Time, observe func(int, time.Duration)) *appendQueue {
	if observe == nil {
		observe = func(int, time.Duration) {}
	}
	q := &appendQueue{engine: e, now: now, observe: observe}
	for range max(2, min(8, runtime.GOMAXPROCS(0))) {
		shard := make(chan *entry, shardQueue)
		q.shards = append(q.shards, shard)
		q.writers.Go(func() { q.serve(shard) })
	}
	return q
}

// add queues e, or tells at once that there is no place.
func (q *appendQueue) add(e *entry) bool {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return false
	}
	select {
	case q.shards[uint64(e.draft.Room)%uint64(len(q.shards))] <- e:
		return true
	default:
		return false
	}
}

// waiting returns how many messages wait to be stored.
func (q *appendQueue) waiting() (n int) {
	for _, shard := range q.shards {
		n += len(shard)
	}
	return n
}

// close lets the writers finish what is queued and waits for them.
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

func (q *appendQueue) serve(shard chan *entry) {
	for first := range shard {
		batch := gather(first, shard)
		if len(batch) > 0 {
			q.store(batch)
		}
	}
}

// gather takes what waits, up to batchLimit. Whose sender has gone away unheard
// is left out: nobody would learn the outcome, and its retry comes anyway.
func gather(first *entry, shard chan *entry) []*entry {
	now := time.Now()
	var batch []*entry
	keep := func(e *entry) {
		if now.Before(e.deadline) {
			batch = append(batch, e)
		} else {
			e.finish(chat.ErrUnavailable(context.DeadlineExceeded))
		}
	}
	keep(first)
	for len(batch) < batchLimit {
		select {
		case e, open := <-shard:
			if !open {
				return batch
			}
			keep(e)
		default:
			return batch
		}
	}
	return batch
}

// store brings a batch into the database and answers every entry. A fault that
// only one entry can have caused must not fail its neighbours: then each goes
// alone.
func (q *appendQueue) store(batch []*entry) {
	ctx, cancel := context.WithDeadline(context.Background(), batch[len(batch)-1].deadline)
	defer cancel()
	err := q.try(ctx, batch)
	for tries := 1; err != nil && tries < batchTries && q.engine.again(err); tries++ {
		err = q.try(ctx, batch)
	}
	if err == nil {
		return
	}
	if len(batch) > 1 && ctx.Err() == nil && !q.engine.away(err) {
		for _, e := range batch {
			q.store([]*entry{e})
		}
		return
	}
	for _, e := range batch {
		e.finish(err)
	}
}

// try runs one transaction. If it returns nil, every entry has its outcome. A panic is
// an error like others: an entry that causes it alone is the only one that fails.
func (q *appendQueue) try(ctx context.Context, batch []*entry) error {
	var d decision
	err := recovery.Do(recovery.Append, batch[0].hash, func() (err error) {
		d, err = q.transact(ctx, batch)
		return err
	})
	if err != nil {
		return err
	}
	d.answer()
	return nil
}

// transact decides about batch and commits what is to be stored.
func (q *appendQueue) transact(ctx context.Context, batch []*entry) (decision, error) {
	began := time.Now()
	tx, known, err := q.engine.beginAppend(ctx, ask(batch))
	if err != nil {
		return decision{}, err
	}
	committed := false
	defer unless(&committed, tx.rollback)
	now := q.now()
	d := decide(batch, known, now)
	if len(d.stored) == 0 {
		return d, nil
	}
	if err := tx.commit(ctx, d.stored, d.heads, now); err != nil {
		return decision{}, err
	}
	committed = true
	q.observe(len(d.stored), time.Since(began))
	return d, nil
}
