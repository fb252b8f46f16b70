package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// floor measures the minimum work to number messages and store them durably.
type floor struct {
	runs
	rooms, writers int
	// write stores, in one transaction, the given number of messages in each room.
	write func(ctx context.Context, counts map[int64]int64) error
}

func newFloor(b *testing.B, s *Store, rooms int) *floor {
	f := &floor{runs: runs{store: s, messages: senderCount * messagesEach}, rooms: rooms, writers: 1}
	cid := "text"
	if p, ok := s.dialect.(*postgresDialect); ok {
		cid = "uuid"
		f.writers = min(len(s.queue.shards), rooms)
		f.write = func(ctx context.Context, counts map[int64]int64) error {
			return floorPostgres(ctx, p.appends.Pool, counts)
		}
	} else {
		f.write = func(ctx context.Context, counts map[int64]int64) error { return floorSQLite(ctx, s.write.DB, counts) }
	}
	for _, statement := range []string{
		`CREATE TABLE floor_rooms (id bigint PRIMARY KEY, head bigint NOT NULL)`,
		`CREATE TABLE floor_messages (room_id bigint NOT NULL, seq bigint NOT NULL, author_id bigint NOT NULL, cid ` + cid + ` NOT NULL,
			text text NOT NULL, html text NOT NULL, PRIMARY KEY (room_id, seq), UNIQUE (author_id, cid))`,
		`INSERT INTO floor_rooms SELECT id, 0 FROM rooms`,
	} {
		if _, err := s.write.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	return f
}

// run stores as many messages as senders.run, in batches of that size, with as many writers
// as a node has. Each writer has rooms of its own.
func (f *floor) run(b *testing.B, batch int) {
	f.runs.run(func() {
		var writers sync.WaitGroup
		for w := range f.writers {
			writers.Go(func() {
				for left := senderCount * messagesEach / f.writers; left > 0; left -= batch {
					counts := map[int64]int64{}
					for i := range min(batch, left) {
						counts[int64((w+i*f.writers)%f.rooms+1)]++
					}
					if err := f.write(b.Context(), counts); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		writers.Wait()
	})
}

func floorPostgres(ctx context.Context, pool *pgxpool.Pool, counts map[int64]int64) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	ids := slices.Sorted(maps.Keys(counts))
	more := make([]int64, len(ids))
	for i, id := range ids {
		more[i] = counts[id]
	}
	heads := map[int64]int64{}
	number := &pgx.Batch{}
	number.Queue(`BEGIN`)
	number.Queue(`UPDATE floor_rooms r SET head = r.head + w.more FROM unnest($1::bigint[], $2::bigint[]) AS w (id, more)
		WHERE r.id = w.id RETURNING r.id, r.head`, ids, more).Query(func(rows pgx.Rows) error {
		var id, head int64
		_, err := pgx.ForEachRow(rows, []any{&id, &head}, func() error {
			heads[id] = head
			return nil
		})
		return err
	})
	if err := conn.SendBatch(ctx, number).Close(); err != nil {
		return err
	}
	var rooms, seqs, authors []int64
	var cids, texts, htmls []string
	for _, id := range ids {
		for i := range counts[id] {
			text := sentence()
			rooms, seqs, authors = append(rooms, id), append(seqs, heads[id]-i), append(authors, rand.Int64N(64))
			cids, texts, htmls = append(cids, uuid.NewString()), append(texts, text), append(htmls, "<p>"+text+"</p>")
		}
	}
	insert := &pgx.Batch{}
	insert.Queue(`INSERT INTO floor_messages SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::text[], $6::text[])`,
		rooms, seqs, authors, cids, texts, htmls)
	insert.Queue(`COMMIT`)
	return conn.SendBatch(ctx, insert).Close()
}

func floorSQLite(ctx context.Context, db *sql.DB, counts map[int64]int64) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	insert, err := tx.PrepareContext(ctx, `INSERT INTO floor_messages VALUES ($1, $2, $3, $4, $5, $6)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for id, n := range counts {
		var head int64
		err := tx.QueryRowContext(ctx, `UPDATE floor_rooms SET head = head + $2 WHERE id = $1 RETURNING head`, id, n).Scan(&head)
		if err != nil {
			return err
		}
		for i := range n {
			text := sentence()
			if _, err := insert.ExecContext(ctx, id, head-i, rand.Int64N(64), uuid.NewString(), text, "<p>"+text+"</p>"); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}
