package store

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// Each of a few callers that write all the time waits for the others only, however long a write takes.
// In a random order, one in a hundred of them waited longer than its budget.
func TestWritersOfSQLiteWaitTheirTurn(t *testing.T) {
	s := openTestSQLite(t)
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	const callers = 64
	served := make(chan int, callers)
	write := map[int]func() error{
		0: func() error { return s.tx(t.Context(), func(*sql.Tx) error { return nil }) },
		1: func() error {
			_, err := s.write.ExecContext(t.Context(), `DELETE FROM sessions WHERE id = 0`)
			return err
		},
		2: func() error {
			var n int
			return s.write.QueryRowContext(t.Context(), `SELECT 1`).Scan(&n)
		},
		3: func() error {
			_, err := queryAll(t.Context(), s.write, scanValue[int], `SELECT 1`)
			return err
		},
	}
	for i := range callers {
		go func() {
			if err := write[i%len(write)](); err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
			served <- i
		}()
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
	var order []int
	for range callers {
		order = append(order, <-served)
	}
	// A caller may report late, after the next one.
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
