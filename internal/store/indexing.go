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
	indexed chat.MessageID // every message up to this one is in the index
	folded  chat.MessageID // every message up to this one is there as folding folds it
	folding int
}

func readIndexState(ctx context.Context, from querier, lock string) (i indexState, err error) {
	err = from.QueryRowContext(ctx, `SELECT indexed, folded, folding FROM search_cursor`+lock).Scan(&i.indexed, &i.folded, &i.folding)
	return i, err
}

// IndexMessages indexes a batch of edited messages, one of new messages and one of those
// that an older folding wrote. The cursors move in the same transaction: a crash loses
// nothing and indexes nothing twice.
//
// The highest version of the folding owns the cursor folded. A node with an older one only
// adds new messages; they are above folded, where the owner finds them.
func (s *Store) IndexMessages(ctx context.Context, f chat.Folding) (p chat.IndexProgress, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	settled, err := s.engine.settled(ctx)
	if err != nil {
		return p, s.fail("find settled messages", err)
	}
	var progress chat.IndexProgress
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		before, err := readIndexState(ctx, tx, s.engine.lockIdle())
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

// indexBatch is the work of one IndexMessages.
type indexBatch struct {
	*Store
	tx       *sql.Tx
	folding  chat.Folding
	progress chat.IndexProgress
}

// indexedText is a row of the index.
type indexedText struct {
	ID   chat.MessageID
	Room chat.RoomID
	Text string // folded; "" if the message was deleted
}

// advance returns the state after a batch of each kind.
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

// indexEdited works off search_edits. An edit that is committed meanwhile has a row of its
// own there, which stays for the next batch.
func (b *indexBatch) indexEdited(ctx context.Context) error {
	type edit struct{ id, message int64 }
	edits, err := readAll(ctx, b.tx, func(r row) (e edit, err error) {
		err = r.Scan(&e.id, &e.message)
		return e, err
	}, `SELECT id, message_id FROM search_edits ORDER BY id LIMIT $1`, indexedAtOnce)
	if err != nil || len(edits) == 0 {
		return err
	}
	messages := make([]int64, len(edits))
	for i, e := range edits {
		messages[i] = e.message
	}
	texts, last, err := b.fold(ctx, ` WHERE `+b.engine.in("m.id", 1)+` ORDER BY m.id LIMIT $2`, b.engine.list(messages), indexedAtOnce)
	if err != nil {
		return err
	}
	if err := b.engine.indexTexts(ctx, b.tx, texts, b.folding.Version, true); err != nil {
		return err
	}
	var done []int64
	for _, e := range edits {
		if last == 0 || e.message <= int64(last) {
			done = append(done, e.id)
		}
	}
	b.progress.More = b.progress.More || len(done) == indexedAtOnce || len(done) < len(edits)
	_, err = b.tx.ExecContext(ctx, `DELETE FROM search_edits WHERE `+b.engine.in("id", 1), b.engine.list(done)) //nolint:gosec // the name of a column
	return err
}

// indexRange indexes the first messages after done, none after most, and returns the last.
// It does not replace what a newer folding wrote.
func (b *indexBatch) indexRange(ctx context.Context, done, most chat.MessageID) (chat.MessageID, error) {
	if done >= most {
		return done, nil
	}
	texts, last, err := b.fold(ctx, ` WHERE m.id > $1 AND m.id <= $2 ORDER BY m.id LIMIT $3`, done, most, indexedAtOnce)
	if err != nil {
		return done, err
	}
	if done = most; last != 0 {
		done, b.progress.More = last, true
	}
	return done, b.engine.indexTexts(ctx, b.tx, texts, b.folding.Version, false)
}

// fold reads messages and folds the texts of users. last is the last message that it read,
// 0 if it read all that there are. A text with which the folding panics is indexed as an
// empty one.
func (b *indexBatch) fold(ctx context.Context, where string, args ...any) (texts []indexedText, last chat.MessageID, err error) {
	read, left := 0, indexedBytes
	err = each(ctx, b.tx, func(r row) error {
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
		if left <= 0 || read == indexedAtOnce {
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
		folded = b.folding.Fold(t.Text)
		return nil
	})
	if err != nil {
		b.progress.Skipped = append(b.progress.Skipped, fmt.Errorf("index message %d: %w", t.ID, err))
	}
	return folded
}
