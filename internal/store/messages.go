package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"html"
	"math"
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

// Changes returns the changes of a room after q.Since. It reads the head before the messages:
// every number up to the head belongs to one of the messages. Newer changes are complete as
// well, because the messages are one snapshot.
func (s *Store) Changes(ctx context.Context, room chat.RoomID, viewer chat.UserID, q chat.ChangesQuery) (chat.Changes, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	if changes, ok, err := s.replicaChanges(ctx, room, viewer, q); ok {
		return changes, err
	}
	head, err := s.head(ctx, room)
	if err != nil {
		return chat.Changes{}, s.fail("read changes", err)
	}
	messages, err := s.messages(ctx, viewer, changesQuery(room, q))
	if err != nil {
		return chat.Changes{}, s.fail("read changes", err)
	}
	return buildChanges(q, head, messages), nil
}

// messageQuery selects messages with the end of a statement.
type messageQuery struct {
	where string
	args  []any
}

func changesQuery(room chat.RoomID, q chat.ChangesQuery) messageQuery {
	return messageQuery{`
		WHERE m.room_id = $1 AND m.change_seq > $2 ORDER BY m.change_seq LIMIT $3`, []any{int64(room), int64(q.Since), q.Limit + 1}}
}

// buildChanges returns the result of a changesQuery. head was read before or with messages.
func buildChanges(q chat.ChangesQuery, head chat.Seq, messages []chat.Message) chat.Changes {
	if n := len(messages); n > 0 {
		head = max(head, messages[n-1].ChangeSeq)
	}
	c := chat.Changes{Messages: messages, From: q.Since, To: max(head, q.Since), Head: head}
	if len(messages) > q.Limit {
		c.Messages, c.More, c.To = messages[:q.Limit], true, messages[q.Limit-1].ChangeSeq
	}
	return c
}

// Page returns a page of messages, ordered by Seq.
func (s *Store) Page(ctx context.Context, room chat.RoomID, viewer chat.UserID, q chat.PageQuery) (chat.Page, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	if page, ok, err := s.replicaPage(ctx, room, viewer, q); ok {
		return page, err
	}
	head, err := s.head(ctx, room)
	if err != nil {
		return chat.Page{}, s.fail("read page", err)
	}
	queries := pageQueries(room, q, head)
	lists := make([][]chat.Message, len(queries))
	for i, query := range queries {
		if lists[i], err = s.messages(ctx, viewer, query); err != nil {
			return chat.Page{}, s.fail("read page", err)
		}
	}
	return buildPage(q, head, lists), nil
}

// newestSeq is higher than every number.
const newestSeq = math.MaxInt64 - 1

// pageQueries returns the queries of a page for buildPage. The newest messages are those up to head.
func pageQueries(room chat.RoomID, q chat.PageQuery, head chat.Seq) []messageQuery {
	switch {
	case q.After != nil:
		return []messageQuery{newerQuery(room, *q.After, q.Limit)}
	case q.Around != nil:
		return []messageQuery{olderQuery(room, *q.Around, q.Limit), newerQuery(room, *q.Around-1, q.Limit)}
	case q.Before != nil:
		return []messageQuery{olderQuery(room, *q.Before, q.Limit)}
	}
	return []messageQuery{olderQuery(room, head+1, q.Limit)}
}

// buildPage returns the page from the results of pageQueries.
func buildPage(q chat.PageQuery, head chat.Seq, lists [][]chat.Message) chat.Page {
	page := chat.Page{Head: head}
	messages, more := cut(lists[0], q.Limit)
	if q.After == nil {
		slices.Reverse(messages)
	}
	page.Messages, page.HasMore = messages, more
	if q.After == nil && q.Around != nil {
		newer, moreNewer := cut(lists[1], q.Limit)
		placeAround(&page, newer, moreNewer, q.Limit)
	}
	if n := len(page.Messages); n > 0 {
		page.Head = max(page.Head, page.Messages[n-1].Seq)
	}
	return page
}

// cut returns the first limit messages and whether there are more.
func cut(messages []chat.Message, limit int) ([]chat.Message, bool) {
	return messages[:min(len(messages), limit)], len(messages) > limit
}

// pageKey is a room with the head that its newest page must at least have.
type pageKey struct {
	room chat.RoomID
	head chat.Seq
}

// Newest returns the newest messages of a room, independent of the viewer.
func (s *Store) Newest(ctx context.Context, room chat.RoomID, head chat.Seq) (chat.Page, error) {
	page, err := loadOne(ctx, s.newest, pageKey{room, head})
	return page, s.fail("read newest messages", err)
}

func (s *Store) readNewest(ctx context.Context, keys []pageKey) (map[pageKey]chat.Page, error) {
	pages := make(map[pageKey]chat.Page, len(keys))
	for _, key := range keys {
		page, err := s.Page(ctx, key.room, 0, chat.PageQuery{Limit: chat.DefaultPage, Head: key.head})
		switch {
		case err == nil:
			pages[key] = page
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
	err := forEachRow(ctx, s.byKey, func(r row) error {
		var a chat.Author
		err := scanAuthor(&a)(r)
		authors[a.ID] = a
		return err
	}, `SELECT `+authorColumns+` FROM users u WHERE `+s.dialect.in("u.id", 1, bigintList), s.dialect.list(int64s(ids)))
	return authors, err
}

// placeAround adds the messages from a number on to a page of the messages before it, so that there
// are as many of both. If one side has fewer, the other side gets more.
func placeAround(page *chat.Page, rest []chat.Message, newer bool, limit int) {
	past := page.Messages
	before := min(len(past), max(limit/2, limit-len(rest)))
	after := min(len(rest), limit-before)
	page.Messages = slices.Concat(past[len(past)-before:], rest[:after])
	page.HasMore, page.HasNewer = page.HasMore || before < len(past), newer || after < len(rest)
}

func olderQuery(room chat.RoomID, before chat.Seq, limit int) messageQuery {
	return messageQuery{`
		WHERE m.room_id = $1 AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3`, []any{int64(room), int64(before), limit + 1}}
}

func newerQuery(room chat.RoomID, after chat.Seq, limit int) messageQuery {
	return messageQuery{`
		WHERE m.room_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3`, []any{int64(room), int64(after), limit + 1}}
}

func (s *Store) head(ctx context.Context, room chat.RoomID) (head chat.Seq, err error) {
	err = s.byKey.QueryRowContext(ctx, `SELECT head FROM rooms WHERE id = $1`, int64(room)).Scan(&head)
	return head, err
}

// messages returns the messages that q selects.
func (s *Store) messages(ctx context.Context, viewer chat.UserID, q messageQuery) ([]chat.Message, error) {
	return queryAll(ctx, s.byKey, func(r row) (chat.Message, error) { return scanMessage(r, viewer) }, s.selectMessage()+q.where, q.args...)
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
