package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
)

// selectMessageByID reads a message into dest.
func (s *Store) selectMessageByID(id chat.MessageID, viewer chat.UserID, dest *chat.Message) stmt {
	return queryRow(func(r row) (err error) {
		*dest, err = scanMessage(r, viewer)
		return err
	}, s.selectMessage()+` WHERE m.id = $1`, int64(id))
}

// Message returns a message to a member of its room.
func (s *Store) Message(ctx context.Context, id chat.MessageID, viewer chat.UserID) (chat.Message, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	m, err := s.memberMessage(ctx, id, viewer)
	return m, s.fail("read message", err)
}

// memberMessage returns a message if viewer is a member of its room, otherwise sql.ErrNoRows.
// It uses one statement, because a membership that was read before the message could end in
// between.
func (s *Store) memberMessage(ctx context.Context, id chat.MessageID, viewer chat.UserID) (chat.Message, error) {
	return scanMessage(s.read.QueryRowContext(ctx, s.selectMessage()+` WHERE m.id = $1
		AND EXISTS (SELECT 1 FROM room_members me WHERE me.room_id = m.room_id AND me.user_id = $2)`, int64(id), int64(viewer)), viewer)
}

// originalMessage returns the message that was stored for d under id. A member of the room
// gets its current state. Others get only what d contains and what the confirmation of the
// send contained.
func (s *Store) originalMessage(ctx context.Context, id chat.MessageID, d chat.Draft) (chat.Message, error) {
	m, err := s.memberMessage(ctx, id, d.Author)
	if !errors.Is(err, sql.ErrNoRows) {
		return m, err
	}
	var seq chat.Seq
	var createdAt chat.Time
	var author chat.Author
	var avatar string
	err = s.read.QueryRowContext(ctx, `SELECT m.seq, m.created_at, u.id, u.username, u.display_name, u.avatar_key
		FROM messages m JOIN users u ON u.id = m.author_id WHERE m.id = $1`, int64(id)).
		Scan(&seq, &createdAt, &author.ID, &author.Username, &author.DisplayName, &avatar)
	author.AvatarURL = avatarURL(avatar)
	return chat.SentMessage(d, id, seq, author, createdAt), err
}

// FindMessage returns the location of a message and the viewer's membership, to a member of
// its room.
func (s *Store) FindMessage(ctx context.Context, id chat.MessageID, viewer chat.UserID) (chat.MessageRef, chat.Membership, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	ref, m := chat.MessageRef{ID: id}, chat.Membership{UserID: viewer}
	err := s.read.QueryRowContext(ctx, `
		SELECT x.room_id, x.author_id, x.kind, m.role, m.joined_at, m.last_read, `+mutedUntil("m")+`, `+directBlock+`
		FROM messages x JOIN room_members m ON m.room_id = x.room_id AND m.user_id = $2 WHERE x.id = $1`, int64(id), int64(viewer)).
		Scan(&ref.Room, &ref.Author, &ref.Kind, &m.Role, &m.JoinedAt, &m.LastRead, &m.MutedUntil, &m.Block)
	m.RoomID, m.MutedUntil = ref.Room, s.ifFuture(m.MutedUntil)
	return ref, m, s.fail("find message", err)
}

// Edit changes the text of a message.
func (s *Store) Edit(ctx context.Context, ref chat.MessageRef, by chat.UserID, text, html string, rule chat.Rule) (chat.Message, bool, error) {
	return s.changeMessage(ctx, ref, by, chat.Edited, rule, func(m chat.Message) []stmt {
		if m.Text == text {
			return nil
		}
		stmts := append(deleteMentionStmts(m), exec(`UPDATE messages SET text = $2, html = $3, edited_at = $4 WHERE id = $1`,
			int64(m.ID), text, html, int64(s.clock())))
		m.Mentions = chat.MentionsIn(html)
		return append(stmts, insertMentionStmts(m)...)
	})
}

// Delete replaces a message by a tombstone: it keeps its number and loses its text, reactions
// and files.
func (s *Store) Delete(ctx context.Context, ref chat.MessageRef, by chat.UserID, rule chat.Rule) (chat.Message, bool, error) {
	return s.changeMessage(ctx, ref, by, chat.Deleted, rule, func(m chat.Message) []stmt {
		if m.DeletedAt != 0 {
			return nil
		}
		stmts := append(deleteMentionStmts(m),
			exec(`DELETE FROM reactions WHERE message_id = $1`, int64(m.ID)),
			exec(`DELETE FROM attachments WHERE message_id = $1`, int64(m.ID)),
			exec(`UPDATE messages SET text = '', html = '', files = 0, deleted_at = $2 WHERE id = $1`, int64(m.ID), int64(s.clock())))
		if m.Author.ID != by {
			stmts = append(stmts, s.auditStmts(chat.AuditEntry{
				Actor: by, Action: chat.AuditMessageDeleted, Room: m.RoomID, User: m.Author.ID, Detail: fmt.Sprintf("message %d", m.ID),
			})...)
		}
		return stmts
	})
}

// React adds an emoji reaction of a user to a message, or removes it.
func (s *Store) React(ctx context.Context, ref chat.MessageRef, by chat.UserID, emoji string, on bool, rule chat.Rule) (chat.Message, bool, error) {
	return s.changeMessage(ctx, ref, by, chat.Reacted, rule, func(m chat.Message) []stmt {
		exists := slices.ContainsFunc(m.Reactions, func(r chat.ReactionCount) bool { return r.Me && r.Emoji == emoji })
		switch {
		case exists == on:
			return nil
		case on:
			return []stmt{exec(`INSERT INTO reactions (message_id, user_id, emoji, created_at) VALUES ($1, $2, $3, $4)`,
				int64(m.ID), int64(by), emoji, int64(s.clock()))}
		}
		return []stmt{exec(`DELETE FROM reactions WHERE message_id = $1 AND user_id = $2 AND emoji = $3`, int64(m.ID), int64(by), emoji)}
	})
}

// changeMessage changes a message and gives it the next number of its room. decide gets the
// current message and returns the statements of the change; without statements nothing is
// changed. The room's row is locked for two round trips, as in an append.
func (s *Store) changeMessage(ctx context.Context, ref chat.MessageRef, by chat.UserID, verb chat.Verb, rule chat.Rule, decide func(m chat.Message) []stmt) (m chat.Message, changed bool, err error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	maxQueued := maxWaiting
	if verb == chat.Deleted && by != ref.Author {
		maxQueued = maxWaitingAll // moderators
	}
	release, err := s.rooms.acquire(ctx, ref.Room, maxQueued)
	if err != nil {
		return m, false, err
	}
	defer release()
	var head chat.Seq
	var membership chat.Membership
	first := []stmt{s.lockRoom(ref.Room, &head), s.selectMembership(ref.Room, by, &membership), s.selectMessageByID(ref.ID, by, &m)}
	err = s.dialect.batchTx(ctx, first, func() ([]stmt, error) {
		if m.RoomID != ref.Room {
			return nil, sql.ErrNoRows
		}
		if rule != nil {
			if err := rule(membership, m); err != nil {
				return nil, err
			}
		}
		stmts := decide(m)
		if changed = len(stmts) > 0; !changed {
			return nil, nil
		}
		return append(stmts,
			exec(`UPDATE messages SET change_seq = $2, last_verb = $3 WHERE id = $1`, int64(m.ID), int64(head+1), string(verb)),
			exec(`UPDATE rooms SET head = $2 WHERE id = $1`, int64(ref.Room), int64(head+1)),
			s.selectMessageByID(m.ID, by, &m)), nil
	})
	if err != nil {
		return chat.Message{}, false, s.fail(string(verb)+" message", err)
	}
	return m, changed, nil
}
