package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

var _ tableDialect = postgresTables{}

type postgresTables struct{}

var postgresKinds = map[string]Kind{
	"int2": Integer, "int4": Integer, "int8": Integer, "text": Text, "varchar": Text, "uuid": Text, "jsonb": Text,
	"bool": Boolean, "bytea": Bytes, "float8": Real,
}

func (postgresTables) columns(ctx context.Context, from querier, table string) ([]Column, error) {
	return queryAll(ctx, from, func(r row) (Column, error) {
		var name, typeName string
		if err := r.Scan(&name, &typeName); err != nil {
			return Column{}, err
		}
		kind, known := postgresKinds[typeName]
		if !known {
			return Column{}, fmt.Errorf("column %s has the type %s, which backups do not support", name, typeName)
		}
		return Column{name, kind}, nil
	}, `SELECT a.attname::text, t.typname::text FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_class c ON c.oid = a.attrelid
		WHERE c.oid = to_regclass($1) AND c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum`, table)
}

func (postgresTables) selected(c Column) string {
	if c.Kind == Text {
		return c.Name + "::text"
	}
	return c.Name
}

// sequenceOf is the sequence of the identity column of table $1, NULL if there is none.
const sequenceOf = `(SELECT pg_get_serial_sequence($1, a.attname) FROM pg_attribute a
	WHERE a.attrelid = to_regclass($1) AND a.attidentity <> '' AND NOT a.attisdropped)`

// lastID returns at least the id of the newest row of a snapshot: sequences are not
// transactional.
func (postgresTables) lastID(ctx context.Context, from querier, table string) (id int64, err error) {
	err = from.QueryRowContext(ctx, `SELECT COALESCE(pg_sequence_last_value(`+sequenceOf+`::regclass), 0)`, table).Scan(&id)
	return id, err
}

func (postgresTables) setLastID(ctx context.Context, tx *sql.Tx, table string, id int64) error {
	_, err := tx.ExecContext(ctx, `SELECT setval(`+sequenceOf+`::regclass, $2)`, table, id)
	return err
}

func (postgresTables) copyRows(ctx context.Context, conn *sql.Conn, _ *sql.Tx, t Table, next func() ([]any, error)) (n int64, err error) {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	err = conn.Raw(func(driver any) error {
		n, err = driver.(*stdlib.Conn).Conn().CopyFrom(ctx, pgx.Identifier{t.Name}, names, pgx.CopyFromFunc(func() ([]any, error) {
			row, err := next()
			if errors.Is(err, io.EOF) {
				return nil, nil
			}
			return row, err
		}))
		return err
	})
	return n, err
}
