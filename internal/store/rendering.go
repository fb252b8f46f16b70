package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.Rendering = (*Store)(nil)

// A batch of messages that are rendered again has at most this many messages, and ends after
// this many bytes: its transaction must not make senders wait.
const (
	renderBatchSize  = 250
	renderBatchBytes = 1 << 20
)

// BeginRendering returns where to continue.
func (s *Store) BeginRendering(ctx context.Context, rules int, again bool) (state chat.RenderingState, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err = s.tx(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `
			UPDATE message_rendering SET
				rendered = CASE WHEN $2 OR rules < $1 THEN 0 ELSE rendered END,
				rules = CASE WHEN rules < $1 THEN $1 ELSE rules END,
				newest = (SELECT COALESCE(max(id), 0) FROM messages)
			WHERE id = 1 RETURNING rules, rendered, newest`, rules, again).Scan(&state.Rules, &state.Rendered, &state.Newest)
	})
	if err == nil && state.Rules > rules {
		return state, chat.Errorf(chat.Forbidden, "A later version of Chillin has rendered the messages.")
	}
	return state, s.fail("begin rendering", err)
}

// MessagesToRender returns the next texts.
func (s *Store) MessagesToRender(ctx context.Context, state chat.RenderingState) ([]chat.StoredHTML, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	var batch []chat.StoredHTML
	size := 0
	err := forEachRow(ctx, s.read, func(r row) error {
		var m chat.StoredHTML
		err := r.Scan(&m.ID, &m.Room, &m.Text, &m.HTML)
		size += len(m.Text) + len(m.HTML)
		batch = append(batch, m)
		if err == nil && size > renderBatchBytes {
			return errBatchFull
		}
		return err
	}, `SELECT id, room_id, text, html FROM messages
		WHERE id > $1 AND id <= $2 AND kind = 'text' AND deleted_at IS NULL ORDER BY id LIMIT $3`,
		int64(state.Rendered), int64(state.Newest), renderBatchSize)
	if errors.Is(err, errBatchFull) {
		err = nil
	}
	return batch, s.fail("read messages to render", err)
}

var errBatchFull = errors.New("the batch is full")

// SaveRendered replaces the HTML of messages. It compares the text and the HTML, so that an
// edit by another node in the meantime is not undone.
func (s *Store) SaveRendered(ctx context.Context, state chat.RenderingState, to chat.MessageID, changes []chat.RenderedHTML) (replaced int, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	plain := make([]chat.RenderedHTML, 0, len(changes))
	mentioning := 0
	for _, change := range changes {
		if slices.Equal(chat.MentionsIn(change.Old.HTML), chat.MentionsIn(change.HTML)) {
			plain = append(plain, change)
			continue
		}
		ok, err := s.replaceMentions(ctx, change)
		if err != nil {
			return 0, s.fail("save mentions of a rendered message", err)
		}
		if ok {
			mentioning++
		}
	}
	err = s.tx(ctx, func(tx *sql.Tx) error {
		replaced = mentioning
		moved, err := rowFound(requireAffected(tx.ExecContext(ctx, `UPDATE message_rendering SET rendered = $1 WHERE id = 1 AND rendered = $2 AND rules = $3`,
			int64(to), int64(state.Rendered), state.Rules)))
		if err == nil && !moved {
			err = chat.Errorf(chat.Unavailable, "Another command renders the messages.")
		}
		for i := 0; i < len(plain) && err == nil; i++ {
			var unchanged bool
			unchanged, err = rowFound(requireAffected(tx.ExecContext(ctx, `UPDATE messages SET html = $2 WHERE id = $1 AND text = $3 AND html = $4 AND deleted_at IS NULL`,
				int64(plain[i].Old.ID), plain[i].HTML, plain[i].Old.Text, plain[i].Old.HTML)))
			if unchanged {
				replaced++
			}
		}
		return err
	})
	return replaced, s.fail("save rendered messages", err)
}

// replaceMentions replaces the HTML of a message that mentions others than before, and its
// mentions. Like every change of mentions it happens under the lock of the room.
func (s *Store) replaceMentions(ctx context.Context, change chat.RenderedHTML) (replaced bool, err error) {
	old := change.Old
	release, err := s.rooms.acquire(ctx, old.Room, maxWaiting)
	if err != nil {
		return false, err
	}
	defer release()
	var head chat.Seq
	var m chat.Message
	err = s.dialect.batchTx(ctx, []stmt{s.lockRoom(old.Room, &head), s.selectMessageByID(old.ID, 0, &m)}, func() ([]stmt, error) {
		if m.Text != old.Text || m.HTML != old.HTML || m.DeletedAt != 0 {
			return nil, nil
		}
		replaced = true
		stmts := append(deleteMentionStmts(m), exec(`UPDATE messages SET html = $2 WHERE id = $1`, int64(m.ID), change.HTML))
		m.Mentions = chat.MentionsIn(change.HTML)
		return append(stmts, insertMentionStmts(m)...), nil
	})
	if errors.Is(err, sql.ErrNoRows) { // the room was deleted
		return false, nil
	}
	return replaced, err
}
