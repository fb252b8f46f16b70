package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

// selectMessage selects complete messages, for scanMessage. It is one statement and therefore
// one snapshot: reactions read by a second statement could be newer than the change_seq of
// the message.
func (s *Store) selectMessage() string {
	return `SELECT ` + messageColumns + `, (SELECT ` + s.dialect.jsonRows("'emoji', re.emoji, 'user', re.user_id", "re.created_at, re.user_id, re.emoji") +
		` FROM reactions re WHERE re.message_id = m.id), ` +
		`CASE WHEN m.files > 0 THEN (SELECT ` + s.dialect.jsonRows(attachmentFields, "a.position") +
		` FROM attachments a WHERE a.message_id = m.id) END FROM messages m` + messageJoins
}

// excerptHTML is the column from which the excerpt of a replied message p is made.
var excerptHTML = fmt.Sprintf("substr(p.html, 1, %d)", chat.ExcerptHTML)

var messageColumns = `
	m.id, m.room_id, m.seq, m.change_seq, m.last_verb, m.kind, m.text, m.html, m.created_at,
	m.cid, m.action, m.subject_id, m.edited_at, m.deleted_at,
	u.id, u.username, u.display_name, u.avatar_key,
	p.id, p.seq, ` + excerptHTML + `, pu.id, pu.username, pu.display_name, pu.avatar_key`

const messageJoins = `
	JOIN users u ON u.id = m.author_id
	LEFT JOIN messages p ON p.id = m.reply_to
	LEFT JOIN users pu ON pu.id = p.author_id`

// scanMessage reads a message as viewer sees it.
func scanMessage(r row, viewer chat.UserID) (chat.Message, error) {
	var (
		m                             chat.Message
		cid, action, avatar           sql.NullString
		reactions, files              sql.NullString
		subject, edited, deleted      sql.NullInt64
		pID, pSeq, puID               sql.NullInt64
		pHTML, puName, puShow, puFace sql.NullString
	)
	err := r.Scan(&m.ID, &m.RoomID, &m.Seq, &m.ChangeSeq, &m.LastVerb, &m.Kind, &m.Text, &m.HTML, &m.CreatedAt,
		&cid, &action, &subject, &edited, &deleted,
		&m.Author.ID, &m.Author.Username, &m.Author.DisplayName, &avatar,
		&pID, &pSeq, &pHTML, &puID, &puName, &puShow, &puFace, &reactions, &files)
	if err != nil {
		return m, err
	}
	m.CID, m.EditedAt, m.DeletedAt = chat.CID(cid.String), chat.Time(edited.Int64), chat.Time(deleted.Int64)
	m.Author.AvatarURL = avatarURL(avatar.String)
	m.Mentions = chat.MentionsIn(m.HTML)
	if m.Attachments, err = readAttachments(files.String); err != nil {
		return m, err
	}
	if m.Reactions, err = countReactions(reactions.String, viewer); err != nil {
		return m, err
	}
	if action.Valid {
		m.System = &chat.SystemInfo{Action: chat.Action(action.String), UserID: chat.UserID(subject.Int64)}
	}
	if pID.Valid {
		author := chat.Author{ID: chat.UserID(puID.Int64), Username: puName.String, DisplayName: puShow.String, AvatarURL: avatarURL(puFace.String)}
		m.ReplyTo = chat.NewReply(chat.MessageID(pID.Int64), chat.Seq(pSeq.Int64), author, pHTML.String)
	}
	return m, nil
}

// insertSystemMessage writes a system message under the next number of the room. format can
// contain {subject} and {author} for the display names.
func (s *Store) insertSystemMessage(ctx context.Context, tx *roomTx, author, subject chat.UserID, action chat.Action, format string) (*chat.Message, error) {
	var by chat.Author
	var subjectName string
	err := execAll(ctx, tx.Tx,
		queryRow(scanAuthor(&by), `SELECT `+authorColumns+` FROM users u WHERE u.id = $1`, int64(author)),
		queryRow(func(r row) error { return r.Scan(&subjectName) }, `SELECT display_name FROM users WHERE id = $1`, int64(subject)))
	if err != nil {
		return nil, err
	}
	text := strings.NewReplacer("{subject}", subjectName, "{author}", by.DisplayName).Replace(format)
	m := s.newSystemMessage(tx.room, tx.next(), by, subject, action, text)
	return m, execAll(ctx, tx.Tx, insertSystemMessageStmt(m))
}

func (s *Store) newSystemMessage(room chat.RoomID, seq chat.Seq, author chat.Author, subject chat.UserID, action chat.Action, text string) *chat.Message {
	return &chat.Message{
		RoomID: room, Seq: seq, ChangeSeq: seq, Kind: chat.System, Author: author, Text: text, HTML: html.EscapeString(text),
		System:   &chat.SystemInfo{Action: action, UserID: subject},
		Mentions: chat.MentionsIn(""), Attachments: []chat.MessageAttachment{}, Reactions: []chat.ReactionCount{},
		CreatedAt: s.clock(), LastVerb: chat.Sent,
	}
}

// insertSystemMessageStmt inserts m and sets its id.
func insertSystemMessageStmt(m *chat.Message) stmt {
	return queryRow(func(r row) error { return r.Scan(&m.ID) }, `
		INSERT INTO messages (room_id, seq, change_seq, kind, author_id, text, html, action, subject_id, created_at)
		VALUES ($1, $2, $2, 'system', $3, $4, $5, $6, $7, $8) RETURNING id`,
		int64(m.RoomID), int64(m.Seq), int64(m.Author.ID), m.Text, m.HTML, string(m.System.Action), int64(m.System.UserID), int64(m.CreatedAt))
}

// Changes returns the changes of a room after since. It reads the head before the messages:
// every number up to the head belongs to one of the messages. Newer changes are complete as
// well, because the messages are one snapshot.
func (s *Store) Changes(ctx context.Context, room chat.RoomID, viewer chat.UserID, since chat.Seq, limit int) (chat.Changes, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	head, err := s.head(ctx, room)
	if err != nil {
		return chat.Changes{}, s.fail("read changes", err)
	}
	messages, err := s.messages(ctx, viewer, `
		WHERE m.room_id = $1 AND m.change_seq > $2 ORDER BY m.change_seq LIMIT $3`, int64(room), int64(since), limit+1)
	if err != nil {
		return chat.Changes{}, s.fail("read changes", err)
	}
	more := len(messages) > limit
	if n := len(messages); n > 0 {
		head = max(head, messages[n-1].ChangeSeq)
	}
	c := chat.Changes{Messages: messages, From: since, To: max(head, since), Head: head}
	if more {
		c.Messages, c.More, c.To = messages[:limit], true, messages[limit-1].ChangeSeq
	}
	return c, nil
}

// Page returns a page of messages, ordered by Seq.
func (s *Store) Page(ctx context.Context, room chat.RoomID, viewer chat.UserID, q chat.PageQuery) (chat.Page, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	head, err := s.head(ctx, room)
	if err != nil {
		return chat.Page{}, s.fail("read page", err)
	}
	page := chat.Page{Head: head}
	switch {
	case q.After != nil:
		page.Messages, page.HasMore, err = s.newer(ctx, viewer, room, *q.After, q.Limit)
	case q.Around != nil:
		err = s.around(ctx, viewer, room, *q.Around, q.Limit, &page)
	case q.Before != nil:
		page.Messages, page.HasMore, err = s.older(ctx, viewer, room, *q.Before, q.Limit)
	default:
		page.Messages, page.HasMore, err = s.older(ctx, viewer, room, head+1, q.Limit)
	}
	if n := len(page.Messages); n > 0 {
		page.Head = max(page.Head, page.Messages[n-1].Seq)
	}
	return page, s.fail("read page", err)
}

// Newest returns the newest messages of a room, independent of the viewer.
func (s *Store) Newest(ctx context.Context, room chat.RoomID) (chat.Page, error) {
	page, err := loadOne(ctx, s.newest, room)
	return page, s.fail("read newest messages", err)
}

func (s *Store) readNewest(ctx context.Context, rooms []chat.RoomID) (map[chat.RoomID]chat.Page, error) {
	pages := make(map[chat.RoomID]chat.Page, len(rooms))
	for _, room := range rooms {
		page, err := s.Page(ctx, room, 0, chat.PageQuery{Limit: chat.DefaultPage})
		switch {
		case err == nil:
			pages[room] = page
		case chat.CodeOf(err) != chat.NotFound:
			return nil, err
		}
	}
	return pages, nil
}

// Authors returns the current names and avatars of users.
func (s *Store) Authors(ctx context.Context, ids []chat.UserID) (map[chat.UserID]chat.Author, error) {
	if len(ids) == 0 {
		return map[chat.UserID]chat.Author{}, nil
	}
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	authors, err := s.authors.Load(ctx, ids...)
	return authors, s.fail("find authors", err)
}

func (s *Store) readAuthors(ctx context.Context, ids []chat.UserID) (map[chat.UserID]chat.Author, error) {
	authors := make(map[chat.UserID]chat.Author, len(ids))
	err := forEachRow(ctx, s.read, func(r row) error {
		var a chat.Author
		err := scanAuthor(&a)(r)
		authors[a.ID] = a
		return err
	}, `SELECT `+authorColumns+` FROM users u WHERE `+s.dialect.in("u.id", 1, bigintList), s.dialect.list(int64s(ids)))
	return authors, err
}

// around fills a page with as many messages before a number as from the number on. If one
// side has fewer, the other side gets more.
func (s *Store) around(ctx context.Context, viewer chat.UserID, room chat.RoomID, seq chat.Seq, limit int, page *chat.Page) error {
	past, older, err := s.older(ctx, viewer, room, seq, limit)
	if err != nil {
		return err
	}
	rest, newer, err := s.newer(ctx, viewer, room, seq-1, limit)
	if err != nil {
		return err
	}
	before := min(len(past), max(limit/2, limit-len(rest)))
	after := min(len(rest), limit-before)
	page.Messages = slices.Concat(past[len(past)-before:], rest[:after])
	page.HasMore, page.HasNewer = older || before < len(past), newer || after < len(rest)
	return nil
}

func (s *Store) older(ctx context.Context, viewer chat.UserID, room chat.RoomID, before chat.Seq, limit int) ([]chat.Message, bool, error) {
	messages, err := s.messages(ctx, viewer, `
		WHERE m.room_id = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3`, int64(room), int64(before), limit+1)
	more := len(messages) > limit
	messages = messages[:min(len(messages), limit)]
	slices.Reverse(messages)
	return messages, more, err
}

func (s *Store) newer(ctx context.Context, viewer chat.UserID, room chat.RoomID, after chat.Seq, limit int) ([]chat.Message, bool, error) {
	messages, err := s.messages(ctx, viewer, `
		WHERE m.room_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3`, int64(room), int64(after), limit+1)
	return messages[:min(len(messages), limit)], len(messages) > limit, err
}

func (s *Store) head(ctx context.Context, room chat.RoomID) (head chat.Seq, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT head FROM rooms WHERE id = $1`, int64(room)).Scan(&head)
	return head, err
}

// messages returns the messages that where selects.
func (s *Store) messages(ctx context.Context, viewer chat.UserID, where string, args ...any) ([]chat.Message, error) {
	return queryAll(ctx, s.read, func(r row) (chat.Message, error) { return scanMessage(r, viewer) }, s.selectMessage()+where, args...)
}

// countReactions counts the reactions in a row of selectMessage. The emoji that was used
// first comes first.
func countReactions(rows string, viewer chat.UserID) ([]chat.ReactionCount, error) {
	counts := []chat.ReactionCount{}
	if rows == "" || rows == "[]" {
		return counts, nil
	}
	var reactions []struct {
		Emoji string
		User  chat.UserID
	}
	if err := json.Unmarshal([]byte(rows), &reactions); err != nil {
		return nil, fmt.Errorf("read reactions: %w", err)
	}
	for _, reaction := range reactions {
		i := slices.IndexFunc(counts, func(r chat.ReactionCount) bool { return r.Emoji == reaction.Emoji })
		if i < 0 {
			i = len(counts)
			counts = append(counts, chat.ReactionCount{Emoji: reaction.Emoji})
		}
		counts[i].Count++
		counts[i].UserIDs = append(counts[i].UserIDs, reaction.User)
		counts[i].Me = counts[i].Me || reaction.User == viewer
	}
	return counts, nil
}
