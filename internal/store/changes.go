package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/chillin-chat/chillin/internal/chat"
)

func (s *Store) askMessage(id chat.MessageID, viewer chat.UserID, into *chat.Message) step {
	return reading(func(r row) (err error) {
		*into, err = scanMessage(r, viewer)
		return err
	}, s.selectMessage()+` WHERE m.id = $1`, int64(id))
}

// Message returns one message to a member of its room.
func (s *Store) Message(ctx context.Context, id chat.MessageID, viewer chat.UserID) (chat.Message, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	m, err := s.memberMessage(ctx, id, viewer)
	return m, s.fail("read message", err)
}

// memberMessage reads one message if viewer is a member of its room, else it returns
// sql.ErrNoRows. It is one statement: a membership that was read before the message may
// have ended in between.
func (s *Store) memberMessage(ctx context.Context, id chat.MessageID, viewer chat.UserID) (chat.Message, error) {
	return scanMessage(s.read.QueryRowContext(ctx, s.selectMessage()+` WHERE m.id = $1
		AND EXISTS (SELECT 1 FROM room_members me WHERE me.room_id = m.room_id AND me.user_id = $2)`, int64(id), int64(viewer)), viewer)
}

// originalMessage returns the message that was stored for d, whose cid and hash are those
// of message id. A member of the room gets its current state. Anyone else gets only what d
// contains and what the send was confirmed with.
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

// FindMessage returns where a message is, to a member of its room.
func (s *Store) FindMessage(ctx context.Context, id chat.MessageID, viewer chat.UserID) (chat.MessageRef, chat.Membership, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	ref, m := chat.MessageRef{ID: id}, chat.Membership{UserID: viewer}
	err := s.read.QueryRowContext(ctx, `
		SELECT x.room_id, x.author_id, x.kind, m.role, m.joined_at, m.last_read, `+mutedUntil("m")+`
		FROM messages x JOIN room_members m ON m.room_id = x.room_id AND m.user_id = $2 WHERE x.id = $1`, int64(id), int64(viewer)).
		Scan(&ref.Room, &ref.Author, &ref.Kind, &m.Role, &m.JoinedAt, &m.LastRead, &m.MutedUntil)
	m.RoomID, m.MutedUntil = ref.Room, s.ahead(m.MutedUntil)
	return ref, m, s.fail("find message", err)
}

// Edit gives a message another text.
func (s *Store) Edit(ctx context.Context, ref chat.MessageRef, by chat.UserID, text, html string, rule chat.Rule) (chat.Message, bool, error) {
	return s.change(ctx, ref, by, chat.Edited, rule, func(m chat.Message) []step {
		if m.Text == text {
			return nil
		}
		steps := append(dropMentions(m), do(`UPDATE messages SET text = $2, html = $3, edited_at = $4 WHERE id = $1`,
			int64(m.ID), text, html, int64(s.clock())))
		m.Mentions = chat.MentionsIn(html)
		return append(steps, addMentions(m)...)
	})
}

// Delete leaves a tombstone of a message: its place, without text, reactions and
// files.
func (s *Store) Delete(ctx context.Context, ref chat.MessageRef, by chat.UserID, rule chat.Rule) (chat.Message, bool, error) {
	return s.change(ctx, ref, by, chat.Deleted, rule, func(m chat.Message) []step {
		if m.DeletedAt != 0 {
			return nil
		}
		steps := append(dropMentions(m),
			do(`DELETE FROM reactions WHERE message_id = $1`, int64(m.ID)),
			do(`DELETE FROM attachments WHERE message_id = $1`, int64(m.ID)),
			do(`UPDATE messages SET text = '', html = '', files = 0, deleted_at = $2 WHERE id = $1`, int64(m.ID), int64(s.clock())))
		if m.Author.ID != by {
			steps = append(steps, s.writeDown(chat.AuditEntry{
				Actor: by, Action: chat.AuditMessageDeleted, Room: m.RoomID, User: m.Author.ID, Detail: fmt.Sprintf("message %d", m.ID),
			})...)
		}
		return steps
	})
}

// React puts an emoji under a message or takes it back.
func (s *Store) React(ctx context.Context, ref chat.MessageRef, by chat.UserID, emoji string, on bool, rule chat.Rule) (chat.Message, bool, error) {
	return s.change(ctx, ref, by, chat.Reacted, rule, func(m chat.Message) []step {
		stands := slices.ContainsFunc(m.Reactions, func(r chat.ReactionCount) bool { return r.Me && r.Emoji == emoji })
		switch {
		case stands == on:
			return nil
		case on:
			return []step{do(`INSERT INTO reactions (message_id, user_id, emoji, created_at) VALUES ($1, $2, $3, $4)`,
				int64(m.ID), int64(by), emoji, int64(s.clock()))}
		}
		return []step{do(`DELETE FROM reactions WHERE message_id = $1 AND user_id = $2 AND emoji = $3`, int64(m.ID), int64(by), emoji)}
	})
}

// change does one change of a message and gives it the next number of its room, where
// decide, to which the message as it stands is shown, has steps to do. The room's row
// is held for two round trips, as in an append.
func (s *Store) change(ctx context.Context, ref chat.MessageRef, by chat.UserID, verb chat.Verb, rule chat.Rule, decide func(m chat.Message) []step) (m chat.Message, changed bool, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	most := maxWaiting
	if verb == chat.Deleted && by != ref.Author {
		most = maxWaitingAll // those who moderate
	}
	leave, err := s.rooms.enter(ctx, ref.Room, most)
	if err != nil {
		return m, false, err
	}
	defer leave()
	var head chat.Seq
	var membership chat.Membership
	tx, err := s.engine.begin(ctx,
		s.takeRoom(ref.Room, &head),
		s.askMembership(ref.Room, by, &membership),
		s.askMessage(ref.ID, by, &m))
	if err == nil && m.RoomID != ref.Room {
		tx.rollback()
		err = sql.ErrNoRows
	}
	if err != nil {
		return chat.Message{}, false, s.fail("take message", err)
	}
	committed := false
	defer unless(&committed, tx.rollback)
	if rule != nil {
		if err := rule(membership, m); err != nil {
			return chat.Message{}, false, err
		}
	}
	steps := decide(m)
	if len(steps) == 0 {
		return m, false, nil
	}
	err = tx.commit(ctx, append(steps,
		do(`UPDATE messages SET change_seq = $2, last_verb = $3 WHERE id = $1`, int64(m.ID), int64(head+1), string(verb)),
		do(`UPDATE rooms SET head = $2 WHERE id = $1`, int64(ref.Room), int64(head+1)),
		s.askMessage(m.ID, by, &m))...)
	if err != nil {
		return chat.Message{}, false, s.fail(string(verb)+" message", err)
	}
	committed = true
	return m, true, nil
}
