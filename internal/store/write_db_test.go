package store

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Each of a few callers that write all the time waits for the others only, however long a write takes.
// In a random order, one in a hundred of them waited longer than its budget.
func TestWritersOfSQLiteWaitTheirTurn(t *testing.T) {
	s := openTestSQLite(t)
	// The database records the order: a caller may report late that it was served.
	if _, err := s.write.ExecContext(t.Context(), `CREATE TABLE served (id INTEGER PRIMARY KEY, caller INTEGER)`); err != nil {
		t.Fatal(err)
	}
	const record = `INSERT INTO served (caller) VALUES ($1) RETURNING id`
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	const callers = 64
	write := map[int]func(caller int) error{
		0: func(caller int) error {
			return s.tx(t.Context(), func(tx *sql.Tx) error {
				_, err := tx.ExecContext(t.Context(), record, caller)
				return err
			})
		},
		1: func(caller int) error {
			_, err := s.write.ExecContext(t.Context(), record, caller)
			return err
		},
		2: func(caller int) error {
			var id int
			return s.write.QueryRowContext(t.Context(), record, caller).Scan(&id)
		},
		3: func(caller int) error {
			_, err := queryAll(t.Context(), s.write, scanValue[int], record, caller)
			return err
		},
	}
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			if err := write[i%len(write)](i); err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		})
		// The first caller waits for the connection, the others for their turn.
		for s.write.DB.Stats().WaitCount+int64(s.write.turn.waiting()) != int64(i+1) {
			time.Sleep(time.Millisecond)
			if err := t.Context().Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
	order, err := queryAll(t.Context(), s.write, scanValue[int], `SELECT caller FROM served ORDER BY id`)
	if err != nil || len(order) != callers {
		t.Fatalf("served %v, %v, want %d callers", order, err, callers)
	}
	// A caller is counted just before it begins to wait, so the next one may overtake it.
	for place, caller := range order {
		if place-caller > 16 || caller-place > 16 {
			t.Fatalf("served in the order %v, want that of arrival", order)
		}
	}
	if stats := s.Pools()["writes"]; stats.WaitCount < callers || stats.WaitDuration <= 0 {
		t.Errorf("waits = %d in %s, want at least %d", stats.WaitCount, stats.WaitDuration, callers)
	}
}

func TestWriterOfSQLiteGivesUpItsTurn(t *testing.T) {
	s := openTestSQLite(t)
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if err := s.EndSession(ctx, 1); chat.CodeOf(err) != chat.Unavailable {
			t.Errorf("err = %v, want %s", err, chat.Unavailable)
		}
		cancel()
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	register(t, s, "alice")
}
