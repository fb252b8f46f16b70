package schema

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store/dbconn"
)

// settingsSince is the migration that created the table of settings.
const settingsSince = 17

// SettingsQuery selects what admins have set, for ScanSetting. Both tables are read in one statement.
const SettingsQuery = `SELECT 1, name, CAST(value AS text) FROM limits UNION ALL SELECT 0, name, value FROM settings`

// ScanSetting adds a row of SettingsQuery to the maps of set.
func ScanSetting(r row, set chat.StoredSettings) error {
	var limit int
	var name, value string
	err := r.Scan(&limit, &name, &value)
	switch {
	case err != nil:
		return err
	case limit == 0:
		set.Texts[name] = value
		return nil
	}
	set.Limits[name], err = strconv.Atoi(value)
	return err
}

// rows are the rows of database/sql and of pgx.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// readSettings reads the rows of SettingsQuery.
func readSettings(rows rows) (*chat.StoredSettings, error) {
	set := chat.StoredSettings{Limits: map[string]int{}, Texts: map[string]string{}}
	for rows.Next() {
		if err := ScanSetting(rows, set); err != nil {
			return nil, fmt.Errorf("read settings: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	return &set, nil
}

func readSQLiteSettings(ctx context.Context, db *sql.DB) (*chat.StoredSettings, error) {
	rows, err := db.QueryContext(ctx, SettingsQuery) //nolint:rowserrcheck // readSettings checks it
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	defer rows.Close()
	return readSettings(rows)
}

func readPostgresSettings(ctx context.Context, pool *dbconn.Pool) (*chat.StoredSettings, error) {
	rows, err := pool.Query(ctx, SettingsQuery)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	defer rows.Close()
	return readSettings(rows)
}
