package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

func (d *sqliteDialect) appendBatch(ctx context.Context, l lookup, decide func(batchState) decision) error {
	return runTx(ctx, d.write, func(tx *sql.Tx) error {
		// The statements are short. The driver would start a goroutine for each that can be cancelled.
		ctx := context.WithoutCancel(ctx)
		s := newBatchState()
		err := errors.Join(s.readHeads(ctx, tx, l), s.readMembers(ctx, tx, l), s.readKnown(ctx, tx, l), s.readReplied(ctx, tx, l), s.readUploads(ctx, tx, l))
		if err != nil {
			return fmt.Errorf("look up batch: %w", err)
		}
		return decide(s).store(ctx, tx)
	})
}

func (s batchState) readHeads(ctx context.Context, tx *sql.Tx, l lookup) error {
	for _, id := range l.rooms {
		var head chat.Seq
		var direct bool
		ok, err := rowFound(tx.QueryRowContext(ctx, `SELECT head, `+isDirect+` FROM rooms WHERE id = $1`, id).Scan(&head, &direct))
		if err != nil {
			return err
		}
		if ok {
			s.heads[chat.RoomID(id)], s.direct[chat.RoomID(id)] = head, direct
		}
	}
	return nil
}

func (s batchState) readMembers(ctx context.Context, tx *sql.Tx, l lookup) error {
	for _, k := range l.members {
		var avatar string
		block := `0`
		if s.direct[k.room] {
			block = directBlock
		}
		var m member
		ok, err := rowFound(tx.QueryRowContext(ctx, `
			SELECT u.username, u.display_name, u.avatar_key, `+mutedUntil("m")+`, `+block+`
			FROM room_members m JOIN users u ON u.id = m.user_id
			WHERE m.room_id = $1 AND m.user_id = $2`, int64(k.room), int64(k.user)).Scan(&m.author.Username, &m.author.DisplayName, &avatar, &m.mutedUntil, &m.block))
		if err != nil {
			return err
		}
		if ok {
			m.author.ID, m.author.AvatarURL = k.user, avatarURL(avatar)
			s.members[k] = m
		}
	}
	return nil
}

func (s batchState) readKnown(ctx context.Context, tx *sql.Tx, l lookup) error {
	for _, c := range l.cids {
		var o original
		ok, err := rowFound(tx.QueryRowContext(ctx, `SELECT id, send_hash FROM messages WHERE author_id = $1 AND cid = $2`,
			int64(c.author), string(c.cid)).Scan(&o.id, &o.hash))
		if err != nil {
			return err
		}
		if ok {
			s.known[c] = o
		}
	}
	return nil
}

func (s batchState) readReplied(ctx context.Context, tx *sql.Tx, l lookup) error {
	for _, id := range l.replies {
		r, err := scanReplied(tx.QueryRowContext(ctx, `
			SELECT `+repliedColumns+` FROM messages p JOIN users u ON u.id = p.author_id WHERE p.id = $1`, id))
		ok, err := rowFound(err)
		if err != nil {
			return err
		}
		if ok {
			s.replies[chat.MessageID(id)] = r
		}
	}
	return nil
}

func (s batchState) readUploads(ctx context.Context, tx *sql.Tx, l lookup) error {
	for _, id := range l.uploads {
		var u upload
		var err error
		u.file, err = scanAttachment(tx.QueryRowContext(ctx, `
			SELECT `+attachmentColumns+`, a.user_id FROM attachments a WHERE a.id = $1 AND a.message_id IS NULL`, id), &u.owner)
		ok, err := rowFound(err)
		if err != nil {
			return err
		}
		if ok {
			s.uploads[u.file.ID] = u
		}
	}
	return nil
}

// store inserts the messages of d and moves the heads.
func (d decision) store(ctx context.Context, tx *sql.Tx) error {
	if len(d.stored) == 0 {
		return nil
	}
	insert, err := tx.PrepareContext(ctx, `
		INSERT INTO messages (room_id, seq, change_seq, kind, author_id, cid, send_hash, text, html, reply_to, created_at, files)
		VALUES ($1, $2, $2, 'text', $3, $4, $5, $6, $7, NULLIF($8, 0), $9, $10)`)
	if err != nil {
		return fmt.Errorf("prepare insert: %w", err)
	}
	defer insert.Close()
	for _, r := range d.stored {
		if err := r.insert(ctx, tx, insert, d.now); err != nil {
			return err
		}
	}
	for room, head := range d.heads {
		if _, err := tx.ExecContext(ctx, `UPDATE rooms SET head = $2, active_at = $3 WHERE id = $1`,
			int64(room), int64(head), activeAt(d.now)); err != nil {
			return fmt.Errorf("update head: %w", err)
		}
	}
	return nil
}

// insert stores the message with its mentions and uploads, and sets its id.
func (r *request) insert(ctx context.Context, tx *sql.Tx, insert *sql.Stmt, now chat.Time) error {
	result, err := insert.ExecContext(ctx, int64(r.draft.Room), int64(r.message.Seq), int64(r.draft.Author),
		string(r.draft.CID), r.hash, r.draft.Text, r.draft.HTML, int64(r.draft.ReplyTo), int64(now), len(r.draft.Attachments))
	if err != nil {
		return fmt.Errorf("insert message: %w", err)
	}
	id, err := result.LastInsertId()
	if err != nil {
		return fmt.Errorf("read message id: %w", err)
	}
	r.message.ID = chat.MessageID(id)
	if err := execAll(ctx, tx, insertMentionStmts(r.message)...); err != nil {
		return fmt.Errorf("insert mentions: %w", err)
	}
	for i, upload := range r.draft.Attachments {
		if _, err := tx.ExecContext(ctx, `UPDATE attachments SET message_id = $2, position = $3 WHERE id = $1`,
			int64(upload), id, i); err != nil {
			return fmt.Errorf("attach upload: %w", err)
		}
	}
	return nil
}
