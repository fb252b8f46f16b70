package store

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// backupTables are the tables of a backup. A table comes after the tables that it refers to.
var backupTables = []string{
	"instance", "users", "sessions", "rooms", "spare_webhook_bots", "room_members", "room_bans", "room_mutes", "invites", "direct_rooms", "user_blocks",
	"messages", "reactions", "mentions", "attachments", "doomed_blobs", "blob_sizes", "upload_days", "incoming_hooks", "outgoing_hooks", "jobs", "audit", "limits", "settings",
}

// addedBy is the migration that created a table, for tables that are newer than schema
// version 8.
var addedBy = map[string]uint{"spare_webhook_bots": 10, "blob_sizes": 11, "upload_days": 11, "user_blocks": 15, "jobs": 16, "settings": 17}

// excludedTables are the tables that a backup does not contain: they can be derived from
// other tables, or are only meaningful in the database in which they were written.
var excludedTables = []string{"schema_migrations", "messages_search", "search_cursor", "search_edits", "backups", "storage_total", "storage_changes", "message_rendering"}

// referencedBlobs selects the key of every blob that a row refers to.
const referencedBlobs = `SELECT blob_key FROM attachments
	UNION SELECT thumb_key FROM attachments WHERE thumb_key <> ''
	UNION SELECT 'avatars/' || avatar_key FROM users WHERE avatar_key <> ''`

// Kind is the kind of values in a column, the same for both engines.
type Kind string

// The kinds of values. A value is nil or an int64, string, bool, []byte or float64.
const (
	Integer Kind = "integer"
	Text    Kind = "text"
	Boolean Kind = "boolean"
	Bytes   Kind = "bytes"
	Real    Kind = "real"
)

// Column is a column of a Table.
type Column struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
}

// Table is a table of a backup.
type Table struct {
	Name    string   `json:"name"`
	Columns []Column `json:"columns"`
	// LastID is the highest id that was generated for the table, 0 if ids are not generated.
	LastID int64 `json:"lastId,omitempty"`
}

// tableDialect is the difference between the engines when whole tables are copied.
type tableDialect interface {
	columns(ctx context.Context, from querier, table string) ([]Column, error)
	// selected returns the SQL expression that reads a column as its kind.
	selected(c Column) string
	lastID(ctx context.Context, from querier, table string) (int64, error)
	setLastID(ctx context.Context, tx *sql.Tx, table string, id int64) error
	// copyRows inserts the rows that next returns until io.EOF.
	copyRows(ctx context.Context, conn *sql.Conn, tx *sql.Tx, t Table, next func() ([]any, error)) (int64, error)
}

func describeTable(ctx context.Context, d tableDialect, from querier, name string) (Table, error) {
	columns, err := d.columns(ctx, from, name)
	if err != nil {
		return Table{}, fmt.Errorf("read columns of %s: %w", name, err)
	}
	if len(columns) == 0 {
		return Table{}, fmt.Errorf("there is no table %s", name)
	}
	last, err := d.lastID(ctx, from, name)
	if err != nil {
		return Table{}, fmt.Errorf("read last id of %s: %w", name, err)
	}
	return Table{Name: name, Columns: columns, LastID: last}, nil
}

// readRows calls yield for every row of t. The values are valid only until yield returns.
func readRows(ctx context.Context, d tableDialect, from querier, t Table, yield func(row []any) error) error {
	var selected []string
	for _, c := range t.Columns {
		selected = append(selected, d.selected(c))
	}
	values, dest := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for i := range values {
		dest[i] = &values[i]
	}
	err := forEachRow(ctx, from, func(r row) error {
		if err := r.Scan(dest...); err != nil {
			return err
		}
		return yield(values)
	}, `SELECT `+strings.Join(selected, `, `)+` FROM `+t.Name)
	if err != nil {
		return fmt.Errorf("read %s: %w", t.Name, err)
	}
	return nil
}

var tableName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// systemTable reports whether a table belongs to the engine.
func systemTable(name string) bool {
	return strings.HasPrefix(name, "pg_") || strings.HasPrefix(name, "sqlite_")
}

// checkTable returns an error unless the database has the table with these columns. It also
// ensures that names from an archive are safe in SQL.
func checkTable(ctx context.Context, d tableDialect, from querier, t Table) error {
	if !tableName.MatchString(t.Name) || systemTable(t.Name) || slices.Contains(excludedTables, t.Name) {
		return fmt.Errorf("the backup has a table %q, which no backup contains", t.Name)
	}
	columns, err := d.columns(ctx, from, t.Name)
	if err != nil {
		return fmt.Errorf("read columns of %s: %w", t.Name, err)
	}
	for i, c := range t.Columns {
		if !slices.Contains(columns, c) {
			return fmt.Errorf("the backup has a column %s.%q (%s) that its schema version does not have", t.Name, c.Name, c.Kind)
		}
		if slices.Contains(t.Columns[:i], c) {
			return fmt.Errorf("the backup has the column %s.%q twice", t.Name, c.Name)
		}
	}
	if len(t.Columns) == 0 {
		return fmt.Errorf("the backup has no columns for %s", t.Name)
	}
	return nil
}
