package store

import (
	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
)

// A transaction stores one message as long as its rooms are not busy. The general statements
// of a batch cost Postgres a third more for it: they take arrays, look up by lists, and lock
// the room before they update it. Here the update takes the next number and is the lock.
const (
	takeNumber = `UPDATE rooms SET head = head + 1, active_at = $2 WHERE id = $1 RETURNING head, ` + isDirect

	insertMessage = `
		INSERT INTO messages (room_id, seq, change_seq, kind, author_id, cid, send_hash, text, html, created_at)
		VALUES ($1, $2, $2, 'text', $3, $4::text::uuid, $5, $6, $7, $8) RETURNING id`
)

// selectSender returns exactly one row: the sender if it is a member, and the message that has
// the cid already. It is for rooms that are not direct.
var selectSender, selectDirectSender = senderQuery(`0`), senderQuery(directBlock)

func senderQuery(block string) string {
	return `
		SELECT u.username, u.display_name, u.avatar_key, COALESCE(x.muted_until, 0), ` + block + `, k.id, k.send_hash
		FROM (SELECT) AS one
		LEFT JOIN room_members m ON m.room_id = $1 AND m.user_id = $2
		LEFT JOIN users u ON u.id = m.user_id
		LEFT JOIN room_mutes x ON x.room_id = $1 AND x.user_id = $2
		LEFT JOIN messages k ON k.author_id = $2 AND k.cid = $3::text::uuid`
}

// lone reports whether the batch is one draft without a reply and without uploads.
func (l lookup) lone() bool {
	return len(l.cids) == 1 && len(l.members) == 1 && len(l.replies) == 0 && len(l.uploads) == 0
}

// queueSender queues the lookup of one draft. A decision that does not store it is rolled back
// with the number.
func (s batchState) queueSender(b *pgx.Batch, l lookup) {
	key, cid := l.members[0], l.cids[0]
	b.Queue(takeNumber, int64(key.room), activeAt(l.now)).Query(func(rows pgx.Rows) error {
		var head int64
		var direct bool
		_, err := pgx.ForEachRow(rows, []any{&head, &direct}, func() error {
			s.heads[key.room], s.direct[key.room] = chat.Seq(head)-1, direct
			return nil
		})
		return err
	})
	query := selectSender
	if l.direct {
		query = selectDirectSender
	}
	b.Queue(query, int64(key.room), int64(key.user), string(cid.cid)).QueryRow(func(row pgx.Row) error {
		var username, name, avatar *string
		var muted int64
		var block int
		var id *int64
		var hash []byte
		if err := row.Scan(&username, &name, &avatar, &muted, &block, &id, &hash); err != nil {
			return err
		}
		if username != nil {
			author := chat.Author{ID: key.user, Username: *username, DisplayName: *name, AvatarURL: avatarURL(*avatar)}
			s.members[key] = member{author, chat.Time(muted), chat.DirectBlock(block)}
		}
		if id != nil {
			s.known[cid] = original{chat.MessageID(*id), hash}
		}
		return nil
	})
}

// queueMessage queues the statements that store the only message of d.
func (d decision) queueMessage(b *pgx.Batch) {
	r := d.stored[0]
	b.Queue(insertMessage, int64(r.draft.Room), int64(r.message.Seq), int64(r.draft.Author), string(r.draft.CID),
		r.hash, r.draft.Text, r.draft.HTML, int64(d.now)).QueryRow(func(row pgx.Row) error {
		return row.Scan((*int64)(&r.message.ID))
	})
	if users, rooms, seqs := mentionArrays(d.stored); len(users) > 0 {
		b.Queue(insertMentions, users, rooms, seqs)
	}
}
