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

// forEachRow runs a query and calls fn for every row.
func forEachRow(ctx context.Context, from querier, fn func(row) error, query string, args ...any) error {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// queryAll returns all rows of a query, read with scan. Without rows the result is empty,
// not nil.
func queryAll[T any](ctx context.Context, from querier, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	all := []T{}
	err := forEachRow(ctx, from, func(r row) error {
		one, err := scan(r)
		all = append(all, one)
		return err
	}, query, args...)
	return all, err
}

// scanValue reads a row of one column.
func scanValue[T any](r row) (value T, err error) {
	err = r.Scan(&value)
	return value, err
}

// rowFound reports whether a row was found. err is the error of its Scan; sql.ErrNoRows is
// not returned as an error.
func rowFound(err error) (bool, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// requireAffected returns sql.ErrNoRows if no row was changed.
func requireAffected(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); n > 0 || err != nil {
		return err
	}
	return sql.ErrNoRows
}

// int64s converts ids for the driver.
func int64s[T ~int64](ids []T) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = int64(id)
	}
	return out
}

// escapeLike escapes text for a LIKE … ESCAPE '\' pattern that matches it literally.
func escapeLike(text string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
}
