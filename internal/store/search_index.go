package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
)

var _ chat.Indexing = (*Store)(nil)

// indexState is the row of search_cursor.
type indexState struct {
	indexed chat.MessageID // all messages up to this one are in the index
	folded  chat.MessageID // all messages up to this one are indexed with the version folding
	folding int
}

func readIndexState(ctx context.Context, from querier, lock string) (i indexState, err error) {
	err = from.QueryRowContext(ctx, `SELECT indexed, folded, folding FROM search_cursor`+lock).Scan(&i.indexed, &i.folded, &i.folding)
	return i, err
}

// IndexMessages indexes a batch of edited messages, a batch of new messages and a batch of
// messages that an older folding version indexed. The cursors move in the same transaction,
// so that a crash loses no message and indexes none twice.
//
// The highest folding version owns the cursor folded. A node with an older version only adds
// new messages. They are above folded, where the owner finds them.
func (s *Store) IndexMessages(ctx context.Context, f chat.Folding) (p chat.IndexProgress, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	settled, err := s.settledMessage(ctx)
	if err != nil {
		return p, s.fail("read newest settled message", err)
	}
	var progress chat.IndexProgress
	err = s.tx(ctx, func(tx *sql.Tx) error {
		before, err := readIndexState(ctx, tx, s.dialect.skipLocked(""))
		if errors.Is(err, sql.ErrNoRows) {
			return nil // another node is indexing
		}
		if err != nil {
			return err
		}
		b := indexBatch{Store: s, tx: tx, folding: f}
		after, err := b.advance(ctx, before, settled)
		if err == nil && after != before {
			_, err = tx.ExecContext(ctx, `UPDATE search_cursor SET indexed = $1, folded = $2, folding = $3`, after.indexed, after.folded, after.folding)
		}
		progress = b.progress
		return err
	})
	if err == nil {
		p = progress
	}
	return p, s.fail("index messages", err)
}

// horizon is what settledMessage found out in earlier calls.
type horizon struct {
	settled chat.MessageID
	newest  chat.MessageID // at the last observation
	next    int64          // the next transaction to start at that time
}

// settledMessage returns the newest message such that no older message can still appear.
//
// On Postgres a message gets its id before its transaction commits, so that an older
// message can appear after a newer one. A transaction that has taken an id holds a room
// lock and has a transaction number. When all transactions that were running at an earlier
// observation have ended, no message older than the newest one of that observation can
// appear.
func (s *Store) settledMessage(ctx context.Context) (chat.MessageID, error) {
	var newest chat.MessageID
	var oldest, next int64 // the oldest running transaction and the next one to start
	if err := s.read.QueryRowContext(ctx, s.dialect.horizonQuery()).Scan(&newest, &oldest, &next); err != nil {
		return 0, err
	}
	if oldest == next {
		return newest, nil
	}
	if oldest >= s.horizon.next {
		s.horizon = horizon{settled: s.horizon.newest, newest: newest, next: next}
	}
	return s.horizon.settled, nil
}

// indexBatch is the transaction of one IndexMessages.
type indexBatch struct {
	*Store
	tx       *sql.Tx
	folding  chat.Folding
	progress chat.IndexProgress
}

// advance indexes a batch of each kind and returns the new state.
func (b *indexBatch) advance(ctx context.Context, i indexState, settled chat.MessageID) (indexState, error) {
	if i.folding < b.folding.Version {
		i.folding, i.folded = b.folding.Version, 0
	}
	owner, complete := i.folding == b.folding.Version, i.folded == i.indexed
	if owner {
		if err := b.indexEdited(ctx); err != nil {
			return i, fmt.Errorf("index edited: %w", err)
		}
	}
	var err error
	if i.indexed, err = b.indexRange(ctx, i.indexed, settled); err != nil || !owner {
		return i, err
	}
	if complete {
		i.folded = i.indexed
		return i, nil
	}
	i.folded, err = b.indexRange(ctx, i.folded, i.indexed)
	return i, err
}

// indexEdited indexes the messages of search_edits. An edit that is committed at the same
// time adds a separate row, which stays for the next batch.
func (b *indexBatch) indexEdited(ctx context.Context) error {
	type edit struct{ id, message int64 }
	edits, err := queryAll(ctx, b.tx, func(r row) (e edit, err error) {
		err = r.Scan(&e.id, &e.message)
		return e, err
	}, `SELECT id, message_id FROM search_edits ORDER BY id LIMIT $1`, indexBatchSize)
	if err != nil || len(edits) == 0 {
		return err
	}
	messages := make([]int64, len(edits))
	for i, e := range edits {
		messages[i] = e.message
	}
	texts, last, err := b.fold(ctx, ` WHERE `+b.dialect.in("m.id", 1, bigintList)+` ORDER BY m.id LIMIT $2`, b.dialect.list(messages), indexBatchSize)
	if err != nil {
		return err
	}
	if err := execAll(ctx, b.tx, b.dialect.indexTexts(texts, b.folding.Version, true)...); err != nil {
		return err
	}
	var done []int64
	for _, e := range edits {
		if last == 0 || e.message <= int64(last) {
			done = append(done, e.id)
		}
	}
	b.progress.More = b.progress.More || len(done) == indexBatchSize || len(done) < len(edits)
	_, err = b.tx.ExecContext(ctx, `DELETE FROM search_edits WHERE `+b.dialect.in("id", 1, bigintList), b.dialect.list(done)) //nolint:gosec // the name of a column
	return err
}

// indexRange indexes the first messages after a message, up to last, and returns the last one
// that it indexed. It does not replace rows of a newer folding version.
func (b *indexBatch) indexRange(ctx context.Context, done, last chat.MessageID) (chat.MessageID, error) {
	if done >= last {
		return done, nil
	}
	texts, read, err := b.fold(ctx, ` WHERE m.id > $1 AND m.id <= $2 ORDER BY m.id LIMIT $3`, done, last, indexBatchSize)
	if err != nil {
		return done, err
	}
	if done = last; read != 0 {
		done, b.progress.More = read, true
	}
	return done, execAll(ctx, b.tx, b.dialect.indexTexts(texts, b.folding.Version, false)...)
}

// fold reads messages and folds the texts of users. last is the last message that it read, or
// 0 if it read all messages. A text for which the folding panics is indexed as an empty text.
func (b *indexBatch) fold(ctx context.Context, where string, args ...any) (texts []indexedText, last chat.MessageID, err error) {
	read, left := 0, indexBatchBytes
	err = forEachRow(ctx, b.tx, func(r row) error {
		var t indexedText
		var system bool
		if err := r.Scan(&t.ID, &t.Room, &system, &t.Text); err != nil {
			return err
		}
		last = t.ID
		read, left = read+1, left-len(t.Text)
		if !system {
			t.Text = b.foldText(t)
			texts = append(texts, t)
		}
		if left <= 0 || read == indexBatchSize {
			return errEnough
		}
		return nil
	}, `SELECT m.id, m.room_id, m.kind <> 'text', CASE WHEN m.deleted_at IS NULL THEN m.text ELSE '' END FROM messages m`+where, args...)
	switch {
	case errors.Is(err, errEnough):
		return texts, last, nil
	case err != nil:
		return nil, 0, err
	}
	return texts, 0, nil
}

func (b *indexBatch) foldText(t indexedText) (folded string) {
	err := recovery.Do(recovery.Background, []byte(t.Text), func() error {
		folded = b.folding.Index(t.Text)
		return nil
	})
	if err != nil {
		b.progress.Skipped = append(b.progress.Skipped, fmt.Errorf("index message %d: %w", t.ID, err))
	}
	return folded
}
