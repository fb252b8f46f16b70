package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

var _ chat.SettingStore = (*Store)(nil)

// Settings returns the settings that admins have set.
func (s *Store) Settings(ctx context.Context) (chat.StoredSettings, error) {
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	set := chat.StoredSettings{Limits: map[string]int{}, Texts: map[string]string{}}
	err := forEachRow(ctx, s.read, func(r row) error { return schema.ScanSetting(r, set) }, schema.SettingsQuery)
	return set, s.fail("read settings", err)
}

// SetSettings sets settings for an admin of the server.
func (s *Store) SetSettings(ctx context.Context, by chat.UserID, change chat.StoredSettings) error {
	if len(change.Limits)+len(change.Texts) == 0 {
		return nil
	}
	ctx, cancel := withTimeout(ctx)
	defer cancel()
	err := s.tx(ctx, func(tx *sql.Tx) error {
		if err := s.requireAdmin(ctx, tx, by); err != nil {
			return err
		}
		limits := map[string]string{}
		for name, value := range change.Limits {
			if limits[name] = ""; value != 0 {
				limits[name] = strconv.Itoa(value)
			}
		}
		if err := s.setAll(ctx, tx, limitsTable, by, limits); err != nil {
			return err
		}
		return s.setAll(ctx, tx, settingsTable, by, change.Texts)
	})
	return s.fail("set settings", err)
}

// settingTable is one of the two tables of settings.
type settingTable struct {
	remove, set string // statements
	action      chat.AuditAction
	none        string // what the audit log calls a removed value
}

var (
	limitsTable = settingTable{
		`DELETE FROM limits WHERE name = $1`,
		`INSERT INTO limits (name, value) VALUES ($1, CAST(CAST($2 AS text) AS bigint)) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		chat.AuditLimitsSet, "standard",
	}
	settingsTable = settingTable{
		`DELETE FROM settings WHERE name = $1`,
		`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
		chat.AuditSettingsSet, "default",
	}
)

// setAll sets values by name, or removes those that are "", with one entry in the audit log.
func (s *Store) setAll(ctx context.Context, tx *sql.Tx, table settingTable, by chat.UserID, values map[string]string) error {
	var changes []string
	for _, name := range slices.Sorted(maps.Keys(values)) { // the same order everywhere prevents deadlocks
		text, query, args := values[name], table.set, []any{name, values[name]}
		if text == "" {
			text, query, args = table.none, table.remove, []any{name}
		}
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
		changes = append(changes, name+" = "+text)
	}
	if len(changes) == 0 {
		return nil
	}
	return s.audit(ctx, tx, chat.AuditEntry{Actor: by, Action: table.action, Detail: strings.Join(changes, ", ")})
}
