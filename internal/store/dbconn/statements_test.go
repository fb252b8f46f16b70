package dbconn

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

func openConn(t *testing.T) (*sql.Conn, *statementConn) {
	db, err := OpenSQLite("file:" + filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var kept *statementConn
	if err := conn.Raw(func(driver any) error { kept = driver.(*statementConn); return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), `CREATE TABLE numbers (n integer PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	return conn, kept
}

func TestStatementIsKeptUntilTheSchemaChanges(t *testing.T) {
	conn, kept := openConn(t)
	insert := `INSERT INTO numbers (n) VALUES ($1)`
	for n := range 3 {
		if _, err := conn.ExecContext(t.Context(), insert, n); err != nil {
			t.Fatal(err)
		}
	}
	first := kept.kept[insert]
	if _, err := conn.ExecContext(t.Context(), insert, 0); err == nil {
		t.Error("a duplicate was inserted")
	}
	if _, err := conn.ExecContext(t.Context(), `ALTER TABLE numbers ADD COLUMN name text NOT NULL DEFAULT 'x'`); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), insert, 3); err != nil {
		t.Errorf("insert after a change of the schema: %v", err)
	}
	if first == nil || kept.kept[insert] != first {
		t.Error("the statement was not kept")
	}
	if _, err := conn.ExecContext(t.Context(), `INSERT INTO nothing VALUES (1)`); err == nil {
		t.Error("a statement without its table was prepared")
	}
}

func TestRowsOfTheSameQueryAreSeparate(t *testing.T) {
	conn, kept := openConn(t)
	if _, err := conn.ExecContext(t.Context(), `INSERT INTO numbers (n) VALUES (1), (2), (3)`); err != nil {
		t.Fatal(err)
	}
	query := `SELECT n FROM numbers WHERE n >= $1 ORDER BY n`
	tx, err := conn.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := queryNested(t, tx, query)
	if fmt.Sprint(seen) != "[1 1 2 2 3 3]" {
		t.Errorf("rows = %v", seen)
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	if kept.kept[query] == nil {
		t.Error("the query was not kept")
	}
}

// queryNested executes query for each row of query, while that is read.
func queryNested(t *testing.T, tx *sql.Tx, query string) (seen []int) {
	t.Helper()
	outer, err := tx.QueryContext(t.Context(), query, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()
	for outer.Next() {
		var n, inner int
		if err := outer.Scan(&n); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRowContext(t.Context(), query, n).Scan(&inner); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, n, inner)
	}
	if err := outer.Err(); err != nil {
		t.Fatal(err)
	}
	return seen
}

// queryFirst reads only the first row of query, whose context then ends.
func queryFirst(t *testing.T, conn *sql.Conn, query string, after int) (n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := conn.QueryContext(ctx, query, after)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	defer cancel()
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	if err := rows.Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRowsThatAreNotReadToTheEndLeaveNothing(t *testing.T) {
	conn, _ := openConn(t)
	if _, err := conn.ExecContext(t.Context(), `INSERT INTO numbers (n) VALUES (1), (2), (3)`); err != nil {
		t.Fatal(err)
	}
	query := `SELECT n FROM numbers WHERE n > $1 ORDER BY n`
	for after := range 3 {
		if n := queryFirst(t, conn, query, after); n != after+1 {
			t.Errorf("first row after %d = %d", after, n)
		}
	}
	// An open read would be the snapshot of this connection.
	if _, err := conn.ExecContext(t.Context(), `DROP TABLE numbers`); err != nil {
		t.Error(err)
	}
}

func TestStatementsAreBounded(t *testing.T) {
	conn, kept := openConn(t)
	for n := range maxStatements + 50 {
		var got int
		if err := conn.QueryRowContext(t.Context(), fmt.Sprintf(`SELECT %d`, n)).Scan(&got); err != nil || got != n {
			t.Fatal(got, err)
		}
	}
	if len(kept.kept) != maxStatements {
		t.Errorf("%d statements are kept, want %d", len(kept.kept), maxStatements)
	}
}
