package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
)

type row interface{ Scan(dest ...any) error }

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// each runs a query and calls take for every row.
func each(ctx context.Context, from querier, take func(row) error, query string, args ...any) error {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// readAll reads all rows of a query, each by scan; a list without any is empty, not nil.
func readAll[T any](ctx context.Context, from querier, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	all := []T{}
	err := each(ctx, from, func(r row) error {
		one, err := scan(r)
		all = append(all, one)
		return err
	}, query, args...)
	return all, err
}

// scanOne reads a row of one column.
func scanOne[T any](r row) (one T, err error) {
	err = r.Scan(&one)
	return one, err
}

// found passes over rows that do not exist: what is missing is no fact.
func found(err error) (bool, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// affected makes of a change of no row that there is no such thing.
func affected(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); n > 0 || err != nil {
		return err
	}
	return sql.ErrNoRows
}

// raw makes plain numbers of ids, for the driver.
func raw[T ~int64](ids []T) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = int64(id)
	}
	return out
}

// escapeLike makes of text a pattern of LIKE … ESCAPE '\' that means just it.
func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}
