package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
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

// question names what an append must know.
type question struct {
	rooms   []int64 // ascending
	members []place
	cids    []cidKey
	replies []int64
	uploads []int64 // ascending
}

type place struct {
	room chat.RoomID
	user chat.UserID
}

type cidKey struct {
	author chat.UserID
	cid    chat.CID
}

// facts are the answer, true until the transaction ends.
type facts struct {
	heads   map[chat.RoomID]chat.Seq
	members map[place]member
	known   map[cidKey]original
	replies map[chat.MessageID]replied
	uploads map[chat.AttachmentID]upload
}

type member struct {
	author     chat.Author
	mutedUntil chat.Time
}

type original struct {
	id   chat.MessageID
	hash []byte
}

type replied struct {
	room  chat.RoomID
	reply *chat.Reply
}

// upload is one that no message carries. It is taken until the transaction ends.
type upload struct {
	owner chat.UserID
	file  chat.MessageAttachment
}

func newFacts() facts {
	return facts{
		heads: map[chat.RoomID]chat.Seq{}, members: map[place]member{},
		known: map[cidKey]original{}, replies: map[chat.MessageID]replied{},
		uploads: map[chat.AttachmentID]upload{},
	}
}

// entry is a draft on its way: from the queue to its outcome.
type entry struct {
	draft    chat.Draft
	hash     []byte // of what was asked, to tell a retry from another send
	deadline time.Time
	done     chan struct{} // closed when the outcome below stands

	message chat.Message
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
func (s *Store) Append(ctx context.Context, d chat.Draft) (chat.Message, bool, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	deadline, _ := ctx.Deadline()
	e := &entry{draft: d, hash: sendHash(d), deadline: deadline, done: make(chan struct{})}
	if !s.queue.add(e) {
		return chat.Message{}, false, chat.ErrUnavailable(errors.New("append queue is full or closed"))
	}
	select {
	case <-e.done:
	case <-ctx.Done():
		// It may be stored all the same: the retry with the same cid will tell.
		return chat.Message{}, false, chat.ErrUnavailable(ctx.Err())
	}
	switch {
	case e.err != nil:
		return chat.Message{}, false, s.fail("append message", e.err)
	case e.known != 0:
		m, err := s.message(ctx, s.read, e.known, d.Author)
		return m, false, s.fail("read known message", err)
	default:
		return e.message, true, nil
	}
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

// try runs one transaction. Where it returns nil, every entry is answered.
func (q *appendQueue) try(ctx context.Context, batch []*entry) error {
	began := time.Now()
	tx, known, err := q.engine.beginAppend(ctx, ask(batch))
	if err != nil {
		return err
	}
	now := q.now()
	d := decide(batch, known, now)
	if len(d.stored) == 0 {
		tx.rollback()
	} else if err := tx.commit(ctx, d.stored, d.heads, now); err != nil {
		tx.rollback()
		return err
	} else {
		q.observe(len(d.stored), time.Since(began))
	}
	d.answer()
	return nil
}

func ask(batch []*entry) question {
	var q question
	rooms, members, cids, replies := map[int64]bool{}, map[place]bool{}, map[cidKey]bool{}, map[int64]bool{}
	for _, e := range batch {
		rooms[int64(e.draft.Room)] = true
		members[place{e.draft.Room, e.draft.Author}] = true
		cids[e.key()] = true
		if e.draft.ReplyTo != 0 {
			replies[int64(e.draft.ReplyTo)] = true
		}
		for _, id := range e.draft.Attachments {
			q.uploads = append(q.uploads, int64(id))
		}
	}
	slices.Sort(q.uploads)
	q.uploads = slices.Compact(q.uploads)
	for id := range rooms {
		q.rooms = append(q.rooms, id)
	}
	slices.Sort(q.rooms)
	for m := range members {
		q.members = append(q.members, m)
	}
	for c := range cids {
		q.cids = append(q.cids, c)
	}
	slices.SortFunc(q.cids, func(a, b cidKey) int {
		return cmp.Or(cmp.Compare(a.author, b.author), strings.Compare(string(a.cid), string(b.cid)))
	})
	for id := range replies {
		q.replies = append(q.replies, id)
	}
	return q
}

// decision is what becomes of a batch once the facts are known.
type decision struct {
	stored  []*entry // numbered, in order
	heads   map[chat.RoomID]chat.Seq
	refused map[*entry]error
	known   map[*entry]chat.MessageID
	twins   map[*entry]*entry // the same cid twice in one batch: the later waits for the earlier
}

// decide numbers the entries that may be stored, densely and in their order, and
// finds the outcome of the others.
func decide(batch []*entry, f facts, now chat.Time) decision {
	d := decision{
		heads: map[chat.RoomID]chat.Seq{}, refused: map[*entry]error{},
		known: map[*entry]chat.MessageID{}, twins: map[*entry]*entry{},
	}
	first := map[cidKey]*entry{}
	for _, e := range batch {
		if known, ok := f.known[e.key()]; ok {
			if bytes.Equal(known.hash, e.hash) {
				d.known[e] = known.id
			} else {
				d.refused[e] = cidConflict()
			}
			continue
		}
		if twin, ok := first[e.key()]; ok {
			if bytes.Equal(twin.hash, e.hash) {
				d.twins[e] = twin
			} else {
				d.refused[e] = cidConflict()
			}
			continue
		}
		author, reply, err := f.admit(e.draft, now)
		if err != nil {
			d.refused[e] = err
			continue
		}
		files, err := f.take(e.draft)
		if err != nil {
			d.refused[e] = err
			continue
		}
		first[e.key()] = e
		if _, ok := d.heads[e.draft.Room]; !ok {
			d.heads[e.draft.Room] = f.heads[e.draft.Room]
		}
		d.heads[e.draft.Room]++
		e.message = numbered(e.draft, d.heads[e.draft.Room], author, reply, now)
		e.message.Attachments = files
		d.stored = append(d.stored, e)
	}
	return d
}

func cidConflict() error {
	return chat.Fault(chat.CIDConflict, "This cid already names another message.").In("cid")
}

// admit tells whether d may be stored, and what its message shows besides.
func (f facts) admit(d chat.Draft, now chat.Time) (chat.Author, *chat.Reply, error) {
	if _, ok := f.heads[d.Room]; !ok {
		return chat.Author{}, nil, chat.ErrMissing()
	}
	m, ok := f.members[place{d.Room, d.Author}]
	switch {
	case !ok:
		return chat.Author{}, nil, chat.Fault(chat.NotAMember, "Join the room first.")
	case m.mutedUntil > now:
		return chat.Author{}, nil, chat.Muted(m.mutedUntil, now)
	case d.ReplyTo == 0:
		return m.author, nil, nil
	}
	r, ok := f.replies[d.ReplyTo]
	if !ok || r.room != d.Room {
		return chat.Author{}, nil, chat.Fault(chat.NotFound, "The message to reply to is not in this room.").In("replyTo")
	}
	return m.author, r.reply, nil
}

func numbered(d chat.Draft, seq chat.Seq, author chat.Author, reply *chat.Reply, now chat.Time) chat.Message {
	return chat.Message{
		RoomID: d.Room, Seq: seq, ChangeSeq: seq, CID: d.CID, Kind: chat.Text, Author: author,
		Text: d.Text, HTML: d.HTML, Mentions: chat.MentionsIn(d.HTML), ReplyTo: reply, CreatedAt: now, LastVerb: chat.Sent,
		Reactions: []chat.ReactionCount{},
	}
}

// take gives the uploads of d to its message: no later one of the batch gets them.
func (f facts) take(d chat.Draft) ([]chat.MessageAttachment, error) {
	files := make([]chat.MessageAttachment, 0, len(d.Attachments))
	for _, id := range d.Attachments {
		u, ok := f.uploads[id]
		if !ok || u.owner != d.Author {
			return nil, chat.Fault(chat.NotFound, "A file is not there, or a message carries it already.").In("attachmentIds")
		}
		files = append(files, u.file)
	}
	for _, id := range d.Attachments {
		delete(f.uploads, id)
	}
	return files, nil
}

// answer tells every sender its own outcome. It is called after the commit.
func (d decision) answer() {
	for e, twin := range d.twins {
		e.known = twin.message.ID
		e.finish(nil)
	}
	for e, id := range d.known {
		e.known = id
		e.finish(nil)
	}
	for e, err := range d.refused {
		e.finish(err)
	}
	for _, e := range d.stored {
		e.finish(nil)
	}
}
