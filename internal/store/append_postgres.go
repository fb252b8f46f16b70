package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
)

// The statements of the first round trip run one after the other, each with a newer snapshot:
// the membership is read after the room was locked. A single statement for both would read
// the membership before it waits for the lock, and would store the message of a member that
// was kicked during the wait.
const (
	lockRooms = `SELECT id, head, ` + isDirect + ` FROM rooms WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE`

	selectKnown = `
		SELECT m.author_id, m.cid::text, m.id, m.send_hash
		FROM unnest($1::bigint[], $2::text[]) AS w (author_id, cid)
		JOIN messages m ON m.author_id = w.author_id AND m.cid = w.cid::uuid`

	// The rows are locked in id order, as rooms are. A row that another send has used is not
	// returned: Postgres evaluates the condition again after it gets the lock.
	lockUploads = `SELECT ` + attachmentColumns + `, a.user_id FROM attachments a
		WHERE a.id = ANY($1::bigint[]) AND a.message_id IS NULL ORDER BY a.id FOR UPDATE`

	attachUploads = `
		UPDATE attachments a SET message_id = m.id, position = w.position
		FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS w (id, room_id, seq, position)
		JOIN messages m ON m.room_id = w.room_id AND m.seq = w.seq
		WHERE a.id = w.id`

	updateHeads = `
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

// selectMembers is for rooms that are not direct.
var selectMembers, selectDirectMembers = membersQuery(`0`), membersQuery(directBlock)

func membersQuery(block string) string {
	return `
		SELECT m.room_id, u.id, u.username, u.display_name, u.avatar_key, COALESCE(x.muted_until, 0), ` + block + `
		FROM unnest($1::bigint[], $2::bigint[]) AS w (room_id, user_id)
		JOIN room_members m ON m.room_id = w.room_id AND m.user_id = w.user_id
		JOIN users u ON u.id = m.user_id
		LEFT JOIN room_mutes x ON x.room_id = w.room_id AND x.user_id = w.user_id`
}

var selectReplied = `
	SELECT p.id, ` + repliedColumns + ` FROM messages p JOIN users u ON u.id = p.author_id WHERE p.id = ANY($1::bigint[])`

func (p *postgresDialect) appendBatch(ctx context.Context, l lookup, decide func(batchState) decision) error {
	state := newBatchState()
	l.direct = !p.ordinary.containAll(l.rooms)
	return runBatchTx(ctx, p.appends, func(b *pgx.Batch) {
		if l.lone() {
			state.queueSender(b, l)
		} else {
			state.queueLookup(b, l)
		}
	}, func(b *pgx.Batch) error {
		if l.direct {
			p.ordinary.addFrom(state)
		}
		d := decide(state)
		switch {
		case len(d.stored) == 0:
		case l.lone():
			d.queueMessage(b)
		default:
			d.queueAll(b)
		}
		return nil
	})
}

func (s batchState) queueLookup(b *pgx.Batch, l lookup) {
	s.queueHeads(b, l)
	if len(l.uploads) > 0 {
		s.queueUploads(b, l) // before the cids: after the wait for an upload, the cid of the send that held it is visible
	}
	s.queueMembers(b, l)
	s.queueKnown(b, l)
	if len(l.replies) > 0 {
		s.queueReplied(b, l)
	}
}

func (s batchState) queueHeads(b *pgx.Batch, l lookup) {
	b.Queue(lockRooms, l.rooms).Query(func(rows pgx.Rows) error {
		var id, head int64
		var direct bool
		_, err := pgx.ForEachRow(rows, []any{&id, &head, &direct}, func() error {
			s.heads[chat.RoomID(id)], s.direct[chat.RoomID(id)] = chat.Seq(head), direct
			return nil
		})
		return err
	})
}

func (s batchState) queueMembers(b *pgx.Batch, l lookup) {
	rooms, users := make([]int64, len(l.members)), make([]int64, len(l.members))
	for i, m := range l.members {
		rooms[i], users[i] = int64(m.room), int64(m.user)
	}
	query := selectMembers
	if l.direct {
		query = selectDirectMembers
	}
	b.Queue(query, rooms, users).Query(func(rows pgx.Rows) error {
		var room, user, muted int64
		var a chat.Author
		var avatar string
		var block int
		_, err := pgx.ForEachRow(rows, []any{&room, &user, &a.Username, &a.DisplayName, &avatar, &muted, &block}, func() error {
			a.ID, a.AvatarURL = chat.UserID(user), avatarURL(avatar)
			s.members[memberKey{chat.RoomID(room), a.ID}] = member{a, chat.Time(muted), chat.DirectBlock(block)}
			return nil
		})
		return err
	})
}

func (s batchState) queueKnown(b *pgx.Batch, l lookup) {
	authors, cids := make([]int64, len(l.cids)), make([]string, len(l.cids))
	for i, c := range l.cids {
		authors[i], cids[i] = int64(c.author), string(c.cid)
	}
	b.Queue(selectKnown, authors, cids).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var author, id int64
			var cid string
			var hash []byte
			if err := rows.Scan(&author, &cid, &id, &hash); err != nil {
				return err
			}
			s.known[cidKey{chat.UserID(author), chat.CID(cid)}] = original{chat.MessageID(id), hash}
		}
		return rows.Err()
	})
}

func (s batchState) queueReplied(b *pgx.Batch, l lookup) {
	b.Queue(selectReplied, l.replies).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id int64
			r, err := scanReplied(rows, &id)
			if err != nil {
				return err
			}
			s.replies[chat.MessageID(id)] = r
		}
		return rows.Err()
	})
}

func (s batchState) queueUploads(b *pgx.Batch, l lookup) {
	b.Queue(lockUploads, l.uploads).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var u upload
			file, err := scanAttachment(rows, &u.owner)
			if err != nil {
				return err
			}
			u.file = file
			s.uploads[file.ID] = u
		}
		return rows.Err()
	})
}

type roomSeq struct {
	room chat.RoomID
	seq  chat.Seq
}

// queueAll queues the statements that store d and set the ids of the stored messages.
func (d decision) queueAll(b *pgx.Batch) {
	rooms, heads := make([]int64, 0, len(d.heads)), make([]int64, 0, len(d.heads))
	for id, head := range d.heads {
		rooms, heads = append(rooms, int64(id)), append(heads, int64(head))
	}
	stored := make(map[roomSeq]*request, len(d.stored))
	for _, r := range d.stored {
		stored[roomSeq{r.message.RoomID, r.message.Seq}] = r
	}
	b.Queue(updateHeads, rooms, heads, activeAt(d.now))
	b.Queue(insertMessages, messageArrays(d.stored, d.now)...).Query(func(rows pgx.Rows) error {
		var id, room, seq int64
		_, err := pgx.ForEachRow(rows, []any{&id, &room, &seq}, func() error {
			stored[roomSeq{chat.RoomID(room), chat.Seq(seq)}].message.ID = chat.MessageID(id)
			return nil
		})
		return err
	})
	if users, rooms, seqs := mentionArrays(d.stored); len(users) > 0 {
		b.Queue(insertMentions, users, rooms, seqs)
	}
	if files := uploadArrays(d.stored); files != nil {
		b.Queue(attachUploads, files...)
	}
}

// mentionArrays returns the arguments of insertMentions.
func mentionArrays(stored []*request) (users, rooms, seqs []int64) {
	for _, r := range stored {
		for _, user := range without(r.message.Mentions, r.draft.Author) {
			users, rooms, seqs = append(users, int64(user)), append(rooms, int64(r.draft.Room)), append(seqs, int64(r.message.Seq))
		}
	}
	return users, rooms, seqs
}

// messageArrays returns the arguments of insertMessages.
func messageArrays(stored []*request, now chat.Time) []any {
	n := len(stored)
	rooms, seqs, authors, replies, files := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	cids, texts, htmls, hashes := make([]string, n), make([]string, n), make([]string, n), make([][]byte, n)
	for i, r := range stored {
		rooms[i], seqs[i], authors[i] = int64(r.draft.Room), int64(r.message.Seq), int64(r.draft.Author)
		replies[i], cids[i], hashes[i] = int64(r.draft.ReplyTo), string(r.draft.CID), r.hash
		texts[i], htmls[i], files[i] = r.draft.Text, r.draft.HTML, int64(len(r.draft.Attachments))
	}
	return []any{rooms, seqs, authors, cids, hashes, texts, htmls, int64(now), replies, files}
}

// uploadArrays returns the arguments of attachUploads, nil if there are no uploads.
func uploadArrays(stored []*request) []any {
	var ids, rooms, seqs, positions []int64
	for _, r := range stored {
		for i, id := range r.draft.Attachments {
			ids, positions = append(ids, int64(id)), append(positions, int64(i))
			rooms, seqs = append(rooms, int64(r.draft.Room)), append(seqs, int64(r.message.Seq))
		}
	}
	if ids == nil {
		return nil
	}
	return []any{ids, rooms, seqs, positions}
}
