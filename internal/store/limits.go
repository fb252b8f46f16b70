package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
)

var _ chat.LimitStore = (*Store)(nil)

// Limits returns the limits that admins have set.
func (s *Store) Limits(ctx context.Context) (map[string]int, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	set := map[string]int{}
	err := forEachRow(ctx, s.read, func(r row) error {
		var name string
		var value int
		err := r.Scan(&name, &value)
		set[name] = value
		return err
	}, `SELECT name, value FROM limits`)
	return set, s.fail("read limits", err)
}

// SetLimits sets limits by name, for an admin of the server.
func (s *Store) SetLimits(ctx context.Context, by chat.UserID, values map[string]int) error {
	if len(values) == 0 {
		return nil
	}
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err := s.tx(ctx, func(tx *sql.Tx) error {
		if err := s.requireAdmin(ctx, tx, by); err != nil {
			return err
		}
		var changes []string
		for _, name := range slices.Sorted(maps.Keys(values)) { // the same order everywhere prevents deadlocks
			text, err := s.setLimit(ctx, tx, name, values[name])
			if err != nil {
				return err
			}
			changes = append(changes, name+" = "+text)
		}
		return s.audit(ctx, tx, chat.AuditEntry{Actor: by, Action: chat.AuditLimitsSet, Detail: strings.Join(changes, ", ")})
	})
	return s.fail("set limits", err)
}

func (s *Store) setLimit(ctx context.Context, tx *sql.Tx, name string, value int) (text string, err error) {
	if value == 0 {
		_, err = tx.ExecContext(ctx, `DELETE FROM limits WHERE name = $1`, name)
		return "standard", err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO limits (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return fmt.Sprint(value), err
}
