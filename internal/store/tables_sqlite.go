package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"
)

var _ tableDialect = sqliteTables{}

type sqliteTables struct{}

var sqliteKinds = map[string]Kind{"integer": Integer, "text": Text, "boolean": Boolean, "blob": Bytes, "real": Real}

func (sqliteTables) columns(ctx context.Context, from querier, table string) ([]Column, error) {
	return queryAll(ctx, from, func(r row) (Column, error) {
		var name, typeName string
		if err := r.Scan(&name, &typeName); err != nil {
			return Column{}, err
		}
		kind, known := sqliteKinds[strings.ToLower(typeName)]
		if !known {
			return Column{}, fmt.Errorf("column %s has the type %q, which backups do not support", name, typeName)
		}
		return Column{name, kind}, nil
	}, `SELECT name, type FROM pragma_table_info($1) ORDER BY cid`, table)
}

func (sqliteTables) selected(c Column) string { return c.Name }

func (sqliteTables) lastID(ctx context.Context, from querier, table string) (id int64, err error) {
	err = from.QueryRowContext(ctx, `SELECT COALESCE(max(seq), 0) FROM sqlite_sequence WHERE name = $1`, table).Scan(&id)
	return id, err
}

func (sqliteTables) setLastID(ctx context.Context, tx *sql.Tx, table string, id int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM sqlite_sequence WHERE name = $1`, table); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)`, table, id)
	return err
}

func (sqliteTables) copyRows(ctx context.Context, _ *sql.Conn, tx *sql.Tx, t Table, next func() ([]any, error)) (n int64, err error) {
	names, marks := make([]string, len(t.Columns)), make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i], marks[i] = c.Name, "?"
	}
	insert, err := tx.PrepareContext(ctx, `INSERT INTO `+t.Name+` (`+strings.Join(names, ", ")+`) VALUES (`+strings.Join(marks, ", ")+`)`) //nolint:gosec // names of tables and columns that describeTable found in this database
	if err != nil {
		return 0, err
	}
	defer insert.Close()
	for {
		row, err := next()
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if _, err := insert.ExecContext(ctx, row...); err != nil {
			return n, err
		}
		n++
	}
}
