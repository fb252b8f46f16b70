package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/store/schema"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// settingsQuery selects settings that a node needs.
const settingsQuery = `SELECT concat_ws(' ', current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'),
	current_setting('synchronous_commit'), current_setting('plan_cache_mode'), current_setting('enable_seqscan'))`

// Through a pooler, nothing that a node sets may remain on a connection, which other programs use next.
func TestPooledTransactionsHaveTheSettingsOfANode(t *testing.T) {
	s := openTestPooled(t)
	settings := func(read func(dest *string) error) string {
		t.Helper()
		var all string
		if err := read(&all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	outside := func(dest *string) error { return s.read.QueryRowContext(t.Context(), settingsQuery).Scan(dest) }
	before := settings(outside)
	if want := "0 0 on auto on"; before != want {
		t.Errorf("outside of a transaction: %s, want the defaults %s", before, want)
	}
	got := settings(func(dest *string) error {
		return s.tx(t.Context(), func(tx *sql.Tx) error { return tx.QueryRowContext(t.Context(), settingsQuery).Scan(dest) })
	})
	if want := "2s 3s on auto on"; got != want {
		t.Errorf("in a transaction: %s, want %s", got, want)
	}
	got = settings(func(dest *string) error {
		return runBatchTx(t.Context(), s.dialect.(*postgresDialect).appends, func(b *pgx.Batch) {
			b.Queue(settingsQuery).QueryRow(func(row pgx.Row) error { return row.Scan(dest) })
		}, func(*pgx.Batch) error { return nil })
	})
	if want := "2s 3s on force_generic_plan off"; got != want {
		t.Errorf("in an append: %s, want %s", got, want)
	}
	if after := settings(outside); after != before {
		t.Errorf("after the transactions: %s, want %s", after, before)
	}
	var prepared int
	if err := s.read.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_prepared_statements`).Scan(&prepared); err != nil || prepared > 0 {
		t.Errorf("%d prepared statements on a connection of the server, %v", prepared, err)
	}
}

func TestNodeRefusesCommitsThatAreNotDurable(t *testing.T) {
	pooled, direct := testenv.Pooled(t)
	migrator, err := schema.OpenPostgres(t.Context(), direct)
	migrateUp(t, migrator, err)
	conn, err := pgx.Connect(t.Context(), direct)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$`); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenPostgres(t.Context(), pooled, Options{Pooled: true, Direct: direct}); !errors.Is(err, ErrNotDurable) {
		t.Errorf("open: %v, want ErrNotDurable", err)
	}
	s, err := OpenPostgres(t.Context(), direct, Options{})
	opened(t, s, err) // this node sets it for its connections
}

// A pooler gives the connections of one node to another, so that their names do not count.
func TestPooledNodesFindEachOther(t *testing.T) {
	pooled, direct := testenv.Pooled(t)
	openPooledDatabase(t, pooled, direct)
	var nodes []*Store
	for _, name := range []string{"one", "two"} {
		s, err := OpenPostgres(t.Context(), pooled, Options{Pooled: true, Direct: direct, Node: name})
		nodes = append(nodes, opened(t, s, err))
	}
	for range 2 { // from the second time on, both are connected
		_, err1 := nodes[0].OtherNodes(t.Context(), "one")
		others, err2 := nodes[1].OtherNodes(t.Context(), "two")
		if err := errors.Join(err1, err2); err != nil || !slices.Equal(others, []string{"one"}) {
			t.Errorf("others of two = %v, %v", others, err)
		}
	}
}
