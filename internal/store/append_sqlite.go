package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

// sqliteAppend is the one write transaction of the file.
type sqliteAppend struct{ tx *sql.Tx }

func (e *sqliteEngine) beginAppend(ctx context.Context, q question) (appendTx, facts, error) {
	tx, err := e.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, facts{}, fmt.Errorf("begin: %w", err)
	}
	f, begun := newFacts(), false
	defer unless(&begun, func() { _ = tx.Rollback() })
	if err := errors.Join(f.readHeads(ctx, tx, q), f.readMembers(ctx, tx, q), f.readKnown(ctx, tx, q), f.readReplied(ctx, tx, q), f.readUploads(ctx, tx, q)); err != nil {
		return nil, facts{}, fmt.Errorf("read facts: %w", err)
	}
	begun = true
	return sqliteAppend{tx}, f, nil
}

func (f facts) readHeads(ctx context.Context, tx *sql.Tx, q question) error {
	for _, id := range q.rooms {
		var head chat.Seq
		ok, err := found(tx.QueryRowContext(ctx, `SELECT head FROM rooms WHERE id = $1`, id).Scan(&head))
		if err != nil {
			return err
		}
		if ok {
			f.heads[chat.RoomID(id)] = head
		}
	}
	return nil
}

func (f facts) readMembers(ctx context.Context, tx *sql.Tx, q question) error {
	for _, p := range q.members {
		a := chat.Author{ID: p.user}
		var avatar string
		var muted chat.Time
		ok, err := found(tx.QueryRowContext(ctx, `
			SELECT u.username, u.display_name, u.avatar_key, `+mutedUntil("m")+` FROM room_members m JOIN users u ON u.id = m.user_id
			WHERE m.room_id = $1 AND m.user_id = $2`, int64(p.room), int64(p.user)).Scan(&a.Username, &a.DisplayName, &avatar, &muted))
		if err != nil {
			return err
		}
		if ok {
			a.AvatarURL = avatarURL(avatar)
			f.members[p] = member{a, muted}
		}
	}
	return nil
}

func (f facts) readKnown(ctx context.Context, tx *sql.Tx, q question) error {
	for _, c := range q.cids {
		var o original
		ok, err := found(tx.QueryRowContext(ctx, `SELECT id, send_hash FROM messages WHERE author_id = $1 AND cid = $2`,
			int64(c.author), string(c.cid)).Scan(&o.id, &o.hash))
		if err != nil {
			return err
		}
		if ok {
			f.known[c] = o
		}
	}
	return nil
}

func (f facts) readReplied(ctx context.Context, tx *sql.Tx, q question) error {
	for _, id := range q.replies {
		r, err := scanReplied(tx.QueryRowContext(ctx, `
			SELECT `+repliedColumns+` FROM messages p JOIN users u ON u.id = p.author_id WHERE p.id = $1`, id))
		ok, err := found(err)
		if err != nil {
			return err
		}
		if ok {
			f.replies[chat.MessageID(id)] = r
		}
	}
	return nil
}

func (f facts) readUploads(ctx context.Context, tx *sql.Tx, q question) error {
	for _, id := range q.uploads {
		var u upload
		var err error
		u.file, err = scanAttachment(tx.QueryRowContext(ctx, `
			SELECT `+attachmentColumns+`, a.user_id FROM attachments a WHERE a.id = $1 AND a.message_id IS NULL`, id), &u.owner)
		ok, err := found(err)
		if err != nil {
			return err
		}
		if ok {
			f.uploads[u.file.ID] = u
		}
	}
	return nil
}

func (t sqliteAppend) commit(ctx context.Context, entries []*entry, heads map[chat.RoomID]chat.Seq, now chat.Time) error {
	insert, err := t.tx.PrepareContext(ctx, `
		INSERT INTO messages (room_id, seq, change_seq, kind, author_id, cid, send_hash, text, html, reply_to, created_at, files)
		VALUES ($1, $2, $2, 'text', $3, $4, $5, $6, $7, NULLIF($8, 0), $9, $10)`)
	if err != nil {
		return fmt.Errorf("prepare insert: %w", err)
	}
	defer insert.Close()
	for _, e := range entries {
		result, err := insert.ExecContext(ctx, int64(e.draft.Room), int64(e.message.Seq), int64(e.draft.Author),
			string(e.draft.CID), e.hash, e.draft.Text, e.draft.HTML, int64(e.draft.ReplyTo), int64(now), len(e.draft.Attachments))
		if err != nil {
			return fmt.Errorf("insert message: %w", err)
		}
		id, err := result.LastInsertId()
		if err != nil {
			return fmt.Errorf("read message id: %w", err)
		}
		e.message.ID = chat.MessageID(id)
		if err := inTurn(ctx, t.tx, addMentions(e.message)...); err != nil {
			return fmt.Errorf("insert mentions: %w", err)
		}
		for i, upload := range e.draft.Attachments {
			if _, err := t.tx.ExecContext(ctx, `UPDATE attachments SET message_id = $2, position = $3 WHERE id = $1`,
				int64(upload), id, i); err != nil {
				return fmt.Errorf("use upload: %w", err)
			}
		}
	}
	for room, head := range heads {
		if _, err := t.tx.ExecContext(ctx, `UPDATE rooms SET head = $2, active_at = $3 WHERE id = $1`,
			int64(room), int64(head), int64(now)); err != nil {
			return fmt.Errorf("move head: %w", err)
		}
	}
	if err := t.tx.Commit(); err != nil {
		return fmt.Errorf("commit batch: %w", err)
	}
	return nil
}

func (t sqliteAppend) rollback() { _ = t.tx.Rollback() }

// again is never: one writer meets nobody.
func (*sqliteEngine) again(error) bool { return false }
