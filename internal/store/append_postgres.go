package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Each statement of the first round trip runs after the one before it, so with a
// newer snapshot: the membership is read after the room was taken. In one clever
// statement it would be read before, and a kicked user's message stored.
const (
	lockRooms = `SELECT id, head FROM rooms WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE`

	readMembers = `
		SELECT m.room_id, u.id, u.username, u.display_name, u.avatar_key, COALESCE(x.muted_until, 0)
		FROM unnest($1::bigint[], $2::bigint[]) AS w (room_id, user_id)
		JOIN room_members m ON m.room_id = w.room_id AND m.user_id = w.user_id
		JOIN users u ON u.id = m.user_id
		LEFT JOIN room_mutes x ON x.room_id = w.room_id AND x.user_id = w.user_id`

	readKnown = `
		SELECT m.author_id, m.cid::text, m.id, m.send_hash
		FROM unnest($1::bigint[], $2::text[]) AS w (author_id, cid)
		JOIN messages m ON m.author_id = w.author_id AND m.cid = w.cid::uuid`

	// Taken in id order, as rooms are. What another send took meanwhile is no longer
	// among them: the row is looked at again once it is free.
	takeUploads = `SELECT ` + attachmentColumns + `, a.user_id FROM attachments a
		WHERE a.id = ANY($1::bigint[]) AND a.message_id IS NULL ORDER BY a.id FOR UPDATE`

	useUploads = `
		UPDATE attachments a SET message_id = m.id, position = w.position
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS w (id, room_id, seq, position)
		JOIN messages m ON m.room_id = w.room_id AND m.seq = w.seq
		WHERE a.id = w.id`

	moveHeads = `
		UPDATE rooms r SET head = w.head, active_at = $3
		FROM unnest($1::bigint[], $2::bigint[]) AS w (id, head) WHERE r.id = w.id`

	insertMessages = `
		INSERT INTO messages (room_id, seq, change_seq, kind, author_id, cid, send_hash, text, html, reply_to, created_at, files)
		SELECT w.room_id, w.seq, w.seq, 'text', w.author_id, w.cid::uuid, w.send_hash, w.text, w.html, NULLIF(w.reply_to, 0), $8, w.files
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bytea[], $6::text[], $7::text[], $9::bigint[], $10::bigint[])
			AS w (room_id, seq, author_id, cid, send_hash, text, html, reply_to, files)
		RETURNING id, room_id, seq`

	insertMentions = `
		INSERT INTO mentions (user_id, room_id, seq, message_id)
		SELECT me.user_id, m.room_id, m.seq, m.id
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS w (user_id, room_id, seq)
		JOIN messages m ON m.room_id = w.room_id AND m.seq = w.seq
		JOIN room_members me ON me.room_id = w.room_id AND me.user_id = w.user_id`
)

var readReplied = `
	SELECT p.id, ` + repliedColumns + ` FROM messages p JOIN users u ON u.id = p.author_id WHERE p.id = ANY($1::bigint[])`

// pgAppend is a connection with a transaction open.
type pgAppend struct{ conn *pgxpool.Conn }

func (p *postgres) beginAppend(ctx context.Context, q question) (appendTx, facts, error) {
	conn, err := p.appends.Acquire(ctx)
	if err != nil {
		return nil, facts{}, fmt.Errorf("acquire connection: %w", err)
	}
	f := newFacts()
	trip := &pgx.Batch{}
	trip.Queue(`BEGIN`)
	f.queueHeads(trip, q)
	if len(q.uploads) > 0 {
		f.queueUploads(trip, q) // before the cids: who waited for one sees the cid of who had it
	}
	f.queueMembers(trip, q)
	f.queueKnown(trip, q)
	if len(q.replies) > 0 {
		f.queueReplied(trip, q)
	}
	tx, begun := pgAppend{conn}, false
	defer unless(&begun, tx.rollback)
	if err := conn.SendBatch(ctx, trip).Close(); err != nil {
		return nil, facts{}, fmt.Errorf("take rooms: %w", err)
	}
	begun = true
	return tx, f, nil
}

func (f facts) queueHeads(trip *pgx.Batch, q question) {
	trip.Queue(lockRooms, q.rooms).Query(func(rows pgx.Rows) error {
		var id, head int64
		_, err := pgx.ForEachRow(rows, []any{&id, &head}, func() error {
			f.heads[chat.RoomID(id)] = chat.Seq(head)
			return nil
		})
		return err
	})
}

func (f facts) queueMembers(trip *pgx.Batch, q question) {
	rooms, users := make([]int64, len(q.members)), make([]int64, len(q.members))
	for i, m := range q.members {
		rooms[i], users[i] = int64(m.room), int64(m.user)
	}
	trip.Queue(readMembers, rooms, users).Query(func(rows pgx.Rows) error {
		var room, user, muted int64
		var a chat.Author
		var avatar string
		_, err := pgx.ForEachRow(rows, []any{&room, &user, &a.Username, &a.DisplayName, &avatar, &muted}, func() error {
			a.ID, a.AvatarURL = chat.UserID(user), avatarURL(avatar)
			f.members[place{chat.RoomID(room), a.ID}] = member{a, chat.Time(muted)}
			return nil
		})
		return err
	})
}

func (f facts) queueKnown(trip *pgx.Batch, q question) {
	authors, cids := make([]int64, len(q.cids)), make([]string, len(q.cids))
	for i, c := range q.cids {
		authors[i], cids[i] = int64(c.author), string(c.cid)
	}
	trip.Queue(readKnown, authors, cids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var author, id int64
			var cid string
			var hash []byte
			if err := rows.Scan(&author, &cid, &id, &hash); err != nil {
				return err
			}
			f.known[cidKey{chat.UserID(author), chat.CID(cid)}] = original{chat.MessageID(id), hash}
		}
		return rows.Err()
	})
}

func (f facts) queueReplied(trip *pgx.Batch, q question) {
	trip.Queue(readReplied, q.replies).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id int64
			r, err := scanReplied(rows, &id)
			if err != nil {
				return err
			}
			f.replies[chat.MessageID(id)] = r
		}
		return rows.Err()
	})
}

func (f facts) queueUploads(trip *pgx.Batch, q question) {
	trip.Queue(takeUploads, q.uploads).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var u upload
			file, err := scanAttachment(rows, &u.owner)
			if err != nil {
				return err
			}
			u.file = file
			f.uploads[file.ID] = u
		}
		return rows.Err()
	})
}

func (t pgAppend) commit(ctx context.Context, entries []*entry, heads map[chat.RoomID]chat.Seq, now chat.Time) error {
	rooms, newHeads := make([]int64, 0, len(heads)), make([]int64, 0, len(heads))
	for id, head := range heads {
		rooms, newHeads = append(rooms, int64(id)), append(newHeads, int64(head))
	}
	ids := make(map[chat.RoomID]map[chat.Seq]chat.MessageID, len(heads))
	trip := &pgx.Batch{}
	trip.Queue(moveHeads, rooms, newHeads, int64(now))
	trip.Queue(insertMessages, columns(entries, now)...).Query(func(rows pgx.Rows) error {
		var id, room, seq int64
		_, err := pgx.ForEachRow(rows, []any{&id, &room, &seq}, func() error {
			if ids[chat.RoomID(room)] == nil {
				ids[chat.RoomID(room)] = map[chat.Seq]chat.MessageID{}
			}
			ids[chat.RoomID(room)][chat.Seq(seq)] = chat.MessageID(id)
			return nil
		})
		return err
	})
	if users, rooms, seqs := mentioned(entries); len(users) > 0 {
		trip.Queue(insertMentions, users, rooms, seqs)
	}
	if files := usedUploads(entries); files != nil {
		trip.Queue(useUploads, files...)
	}
	trip.Queue(`COMMIT`)
	if err := t.conn.SendBatch(ctx, trip).Close(); err != nil {
		return fmt.Errorf("commit batch: %w", err)
	}
	t.conn.Release()
	for _, e := range entries {
		e.message.ID = ids[e.message.RoomID][e.message.Seq]
	}
	return nil
}

// mentioned are the arrays of insertMentions.
func mentioned(entries []*entry) (users, rooms, seqs []int64) {
	for _, e := range entries {
		for _, user := range mentionedBesides(e.message.Mentions, e.draft.Author) {
			users, rooms, seqs = append(users, int64(user)), append(rooms, int64(e.draft.Room)), append(seqs, int64(e.message.Seq))
		}
	}
	return users, rooms, seqs
}

// columns turns entries into the arrays of insertMessages, in its order.
func columns(entries []*entry, now chat.Time) []any {
	n := len(entries)
	rooms, seqs, authors, replies, files := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	cids, texts, htmls, hashes := make([]string, n), make([]string, n), make([]string, n), make([][]byte, n)
	for i, e := range entries {
		rooms[i], seqs[i], authors[i] = int64(e.draft.Room), int64(e.message.Seq), int64(e.draft.Author)
		replies[i], cids[i], hashes[i] = int64(e.draft.ReplyTo), string(e.draft.CID), e.hash
		texts[i], htmls[i], files[i] = e.draft.Text, e.draft.HTML, int64(len(e.draft.Attachments))
	}
	return []any{rooms, seqs, authors, cids, hashes, texts, htmls, int64(now), replies, files}
}

// usedUploads are the arrays of useUploads, nil where no entry has any.
func usedUploads(entries []*entry) []any {
	var ids, rooms, seqs, positions []int64
	for _, e := range entries {
		for i, id := range e.draft.Attachments {
			ids, positions = append(ids, int64(id)), append(positions, int64(i))
			rooms, seqs = append(rooms, int64(e.draft.Room)), append(seqs, int64(e.message.Seq))
		}
	}
	if ids == nil {
		return nil
	}
	return []any{ids, rooms, seqs, positions}
}

func (t pgAppend) rollback() { rollBack(t.conn) }

// again: another shard or node stored one of the cids between our look and our
// insert, or the two of us waited for each other.
func (*postgres) again(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40P01" || e.Code == "40001" ||
		e.Code == "23505" && strings.Contains(e.ConstraintName, "cid"))
}
