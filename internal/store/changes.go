package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/chillin-chat/chillin/internal/chat"
)

// message reads one message whole.
func (s *Store) message(ctx context.Context, from querier, id chat.MessageID, viewer chat.UserID) (chat.Message, error) {
	return scanMessage(from.QueryRowContext(ctx, s.selectMessage()+` WHERE m.id = $1`, int64(id)), viewer)
}

// Message returns one message to a member of its room.
func (s *Store) Message(ctx context.Context, id chat.MessageID, viewer chat.UserID) (chat.Message, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var member bool
	err := s.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM messages m
		JOIN room_members me ON me.room_id = m.room_id AND me.user_id = $2 WHERE m.id = $1)`, int64(id), int64(viewer)).Scan(&member)
	if err == nil && !member {
		err = sql.ErrNoRows
	}
	if err != nil {
		return chat.Message{}, s.fail("find message", err)
	}
	m, err := s.message(ctx, s.read, id, viewer)
	return m, s.fail("read message", err)
}

// Edit gives a message another text.
func (s *Store) Edit(ctx context.Context, id chat.MessageID, by chat.UserID, text, html string, rule chat.Rule) (chat.Message, bool, error) {
	return s.change(ctx, id, by, chat.Edited, rule, func(tx *roomTx, m chat.Message) (bool, error) {
		if m.Text == text {
			return false, nil
		}
		_, err := tx.ExecContext(ctx, `UPDATE messages SET text = $2, html = $3, edited_at = $4 WHERE id = $1`,
			int64(id), text, html, int64(s.clock()))
		if err != nil {
			return false, err
		}
		if err := dropMentions(ctx, tx, m); err != nil {
			return false, err
		}
		m.Mentions = chat.MentionsIn(html)
		return true, addMentions(ctx, tx, m)
	})
}

// Delete leaves a tombstone of a message: its place, without text, reactions and
// files.
func (s *Store) Delete(ctx context.Context, id chat.MessageID, by chat.UserID, rule chat.Rule) (chat.Message, bool, error) {
	return s.change(ctx, id, by, chat.Deleted, rule, func(tx *roomTx, m chat.Message) (bool, error) {
		if m.DeletedAt != 0 {
			return false, nil
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM reactions WHERE message_id = $1`, int64(id)); err != nil {
			return false, err
		}
		if err := dropMentions(ctx, tx, m); err != nil {
			return false, err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM attachments WHERE message_id = $1`, int64(id)); err != nil {
			return false, err
		}
		_, err := tx.ExecContext(ctx, `UPDATE messages SET text = '', html = '', files = 0, deleted_at = $2 WHERE id = $1`,
			int64(id), int64(s.clock()))
		if err != nil || m.Author.ID == by {
			return true, err
		}
		return true, s.audit(ctx, tx.Tx, chat.AuditEntry{
			Actor: by, Action: chat.AuditMessageDeleted, Room: m.RoomID, User: m.Author.ID, Detail: fmt.Sprintf("message %d", id),
		})
	})
}

// React puts an emoji under a message or takes it back.
func (s *Store) React(ctx context.Context, id chat.MessageID, by chat.UserID, emoji string, on bool, rule chat.Rule) (chat.Message, bool, error) {
	return s.change(ctx, id, by, chat.Reacted, rule, func(tx *roomTx, _ chat.Message) (bool, error) {
		statement, args := `DELETE FROM reactions WHERE message_id = $1 AND user_id = $2 AND emoji = $3`, []any{int64(id), int64(by), emoji}
		if on {
			statement = `INSERT INTO reactions (message_id, user_id, emoji, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
			args = append(args, int64(s.clock()))
		}
		result, err := tx.ExecContext(ctx, statement, args...)
		if err != nil {
			return false, err
		}
		rows, err := result.RowsAffected()
		return rows > 0, err
	})
}

// change does one change of a message under the lock of its room and gives it the
// next number, where do tells that something changed.
func (s *Store) change(ctx context.Context, id chat.MessageID, by chat.UserID, verb chat.Verb, rule chat.Rule, do func(tx *roomTx, m chat.Message) (bool, error)) (m chat.Message, changed bool, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	var room chat.RoomID
	err = s.read.QueryRowContext(ctx, `SELECT room_id FROM messages WHERE id = $1`, int64(id)).Scan(&room)
	if err != nil {
		return m, false, s.fail("find message", err)
	}
	err = s.inRoom(ctx, room, func(tx *roomTx) error {
		membership, err := s.membership(ctx, tx.Tx, room, by)
		if errors.Is(err, sql.ErrNoRows) {
			return chat.ErrMissing()
		}
		if err != nil {
			return err
		}
		if m, err = s.message(ctx, tx, id, by); err != nil {
			return err
		}
		if rule != nil {
			if err := rule(membership, m); err != nil {
				return err
			}
		}
		if changed, err = do(tx, m); err != nil || !changed {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE messages SET change_seq = $2, last_verb = $3 WHERE id = $1`,
			int64(id), int64(tx.next()), string(verb))
		if err != nil {
			return err
		}
		m, err = s.message(ctx, tx, id, by)
		return err
	})
	if err != nil {
		return chat.Message{}, false, s.fail(string(verb)+" message", err)
	}
	return m, changed, nil
}
