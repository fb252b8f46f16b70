package chaos

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
)

// ReadDatabase returns the rooms in Postgres. It reads Postgres directly, in one snapshot, because the
// responses of nodes are what is checked.
func ReadDatabase(ctx context.Context, dsn string, rooms []chat.RoomID) (Database, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return Database{}, fmt.Errorf("read database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return Database{}, fmt.Errorf("read database: %w", err)
	}
	db := Database{Reactions: map[Reaction]bool{}, Heads: map[chat.RoomID]chat.Seq{}, Owners: map[chat.RoomID]chat.UserID{}, Members: map[chat.RoomID]map[chat.UserID]bool{}}
	ids := make([]int64, len(rooms))
	for i, id := range rooms {
		ids[i] = int64(id)
	}
	for _, read := range []func(context.Context, pgx.Tx, []int64) error{db.readRooms, db.readMembers, db.readReactions, db.readMessages} {
		if err := read(ctx, tx, ids); err != nil {
			return Database{}, fmt.Errorf("read database: %w", err)
		}
	}
	return db, tx.Commit(ctx)
}

func (db *Database) readRooms(ctx context.Context, tx pgx.Tx, ids []int64) error {
	rows, err := tx.Query(ctx, `SELECT id, head, owner_id FROM rooms WHERE id = ANY($1)`, ids)
	if err != nil {
		return err
	}
	var room, head, owner int64
	_, err = pgx.ForEachRow(rows, []any{&room, &head, &owner}, func() error {
		id := chat.RoomID(room)
		db.Heads[id], db.Owners[id], db.Members[id] = chat.Seq(head), chat.UserID(owner), map[chat.UserID]bool{}
		return nil
	})
	return err
}

func (db *Database) readMembers(ctx context.Context, tx pgx.Tx, ids []int64) error {
	rows, err := tx.Query(ctx, `SELECT room_id, user_id FROM room_members WHERE room_id = ANY($1)`, ids)
	if err != nil {
		return err
	}
	var room, user int64
	_, err = pgx.ForEachRow(rows, []any{&room, &user}, func() error {
		db.Members[chat.RoomID(room)][chat.UserID(user)] = true
		return nil
	})
	return err
}

func (db *Database) readReactions(ctx context.Context, tx pgx.Tx, ids []int64) error {
	rows, err := tx.Query(ctx, `
		SELECT r.message_id, r.user_id, r.emoji FROM reactions r JOIN messages m ON m.id = r.message_id WHERE m.room_id = ANY($1)`, ids)
	if err != nil {
		return err
	}
	var message, user int64
	var emoji string
	_, err = pgx.ForEachRow(rows, []any{&message, &user, &emoji}, func() error {
		db.Reactions[Reaction{chat.MessageID(message), chat.UserID(user), emoji}] = true
		return nil
	})
	return err
}

func (db *Database) readMessages(ctx context.Context, tx pgx.Tx, ids []int64) error {
	rows, err := tx.Query(ctx, `
		SELECT id, room_id, seq, change_seq, author_id, COALESCE(cid::text, ''), text, deleted_at IS NOT NULL,
			COALESCE(action, ''), COALESCE(subject_id, 0)
		FROM messages WHERE room_id = ANY($1)`, ids)
	if err != nil {
		return err
	}
	under := map[chat.MessageID][]Reaction{}
	for r := range db.Reactions {
		under[r.Message] = append(under[r.Message], r)
	}
	var id, room, seq, change, author, subject int64
	var cid, text, action string
	var deleted bool
	_, err = pgx.ForEachRow(rows, []any{&id, &room, &seq, &change, &author, &cid, &text, &deleted, &action, &subject}, func() error {
		r := Row{
			Room: chat.RoomID(room), Seq: chat.Seq(seq), ChangeSeq: chat.Seq(change), Message: chat.MessageID(id),
			Author: chat.UserID(author), Hash: Hash(text), State: State(text, deleted, under[chat.MessageID(id)]), Deleted: deleted,
			Action: chat.Action(action), Subject: chat.UserID(subject),
		}
		r.CID, _ = uuid.Parse(cid)
		db.Rows = append(db.Rows, r)
		return nil
	})
	return err
}
