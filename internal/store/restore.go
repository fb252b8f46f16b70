package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store/schema"
	"github.com/chillin-chat/chillin/migrations"
)

// Restore loads a backup into an empty database in one transaction: until Commit the database
// is empty. The steps are Mark (not for a scratch database), Begin, Load for each table,
// Finish, Commit. The caller must close it.
type Restore struct {
	// Resumed reports whether an earlier restore into this database did not finish.
	Resumed bool

	dialect tableDialect
	files   string // the folder of the migrations, which is the name of the engine
	schema  uint   // the current version
	db      *sql.DB
	conn    *sql.Conn
	tx      *sql.Tx
	mark    func(ctx context.Context) error // makes nodes refuse the target
	enter   func(ctx context.Context) error // runs after BEGIN
	publish func(ctx context.Context) error // runs after COMMIT
	release func() error
}

// ErrNotEmpty is returned for a database that a restore would overwrite.
var ErrNotEmpty = errors.New("the target of a restore must be empty")

// Mark marks the target as being restored. Until Commit, nodes refuse it.
func (r *Restore) Mark(ctx context.Context) error {
	if err := r.mark(ctx); err != nil {
		return fmt.Errorf("begin restore: %w", err)
	}
	return nil
}

// Begin creates the tables of a schema version. It returns an error if this binary does not
// know the version.
func (r *Restore) Begin(ctx context.Context, version uint) error {
	newest, err := schema.Newest()
	if err != nil {
		return err
	}
	if version == 0 || version > newest {
		return fmt.Errorf("the backup has schema version %d and this chillin supports versions up to %d: restore it with the version of chillin that created it, or a newer one", version, newest)
	}
	if r.tx, err = r.conn.BeginTx(ctx, nil); err != nil {
		return fmt.Errorf("begin restore: %w", err)
	}
	if err := r.enter(ctx); err != nil {
		return fmt.Errorf("begin restore: %w", err)
	}
	if err := r.migrate(ctx, version); err != nil {
		return err
	}
	// A new database has an epoch of its own.
	if _, err := r.tx.ExecContext(ctx, `DELETE FROM instance`); err != nil {
		return fmt.Errorf("begin restore: %w", err)
	}
	return nil
}

// migrate runs the migrations after the current version, up to version to.
func (r *Restore) migrate(ctx context.Context, to uint) error {
	names, err := fs.Glob(migrations.FS, r.files+"/*.up.sql") // sorted
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	for _, name := range names {
		var version uint
		if _, err := fmt.Sscanf(strings.TrimPrefix(name, r.files+"/"), "%06d_", &version); err != nil {
			return fmt.Errorf("read migrations: %w", err)
		}
		if version <= r.schema || version > to {
			continue
		}
		statements, err := migrations.FS.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read migrations: %w", err)
		}
		if _, err := r.tx.ExecContext(ctx, string(statements)); err != nil {
			return fmt.Errorf("migrate to version %d: %w", version, err)
		}
		r.schema = version
	}
	return nil
}

// Load inserts the rows of a table. next returns a row per call and io.EOF at the end.
func (r *Restore) Load(ctx context.Context, t Table, next func() ([]any, error)) (rows int64, err error) {
	if err := checkTable(ctx, r.dialect, r.tx, t); err != nil {
		return 0, err
	}
	if rows, err = r.dialect.copyRows(ctx, r.conn, r.tx, t, next); err != nil {
		return rows, fmt.Errorf("load %s: %w", t.Name, err)
	}
	if t.LastID > 0 {
		if err := r.dialect.setLastID(ctx, r.tx, t.Name, t.LastID); err != nil {
			return rows, fmt.Errorf("set last id of %s: %w", t.Name, err)
		}
	}
	return rows, nil
}

// Rows calls yield for every row of t that was loaded.
func (r *Restore) Rows(ctx context.Context, t Table, yield func(row []any) error) error {
	return readRows(ctx, r.dialect, r.tx, t, yield)
}

// RoomsBehind returns the number of rooms that contain a message with a number above their
// head.
func (r *Restore) RoomsBehind(ctx context.Context) (n int, err error) {
	err = r.tx.QueryRowContext(ctx, `SELECT count(*) FROM rooms r
		WHERE EXISTS (SELECT 1 FROM messages m WHERE m.room_id = r.id AND m.change_seq > r.head)`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("compare heads: %w", err)
	}
	return n, nil
}

// checkReferences returns an error if a row refers to a row that does not exist. Postgres has
// already checked every row.
func (r *Restore) checkReferences(ctx context.Context) error {
	if r.files != "sqlite" {
		return nil
	}
	var table, parent string
	err := r.tx.QueryRowContext(ctx, `SELECT "table", "parent" FROM pragma_foreign_key_check LIMIT 1`).Scan(&table, &parent)
	invalid, err := rowFound(err)
	switch {
	case err != nil:
		return fmt.Errorf("check references: %w", err)
	case invalid:
		return fmt.Errorf("a row of %s refers to a row of %s that does not exist", table, parent)
	}
	return nil
}

// Finish migrates the schema to the newest version and gives the database a new epoch.
// endSessions ends every session that was valid at the time of the backup.
func (r *Restore) Finish(ctx context.Context, endSessions bool) error {
	newest, err := schema.Newest()
	if err != nil {
		return err
	}
	if err := r.checkReferences(ctx); err != nil {
		return err
	}
	if err := r.migrate(ctx, newest); err != nil {
		return err
	}
	statements := []string{
		`UPDATE instance SET epoch = '` + strings.ToLower(rand.Text()) + `'`,
		`CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)`,
		fmt.Sprintf(`INSERT INTO schema_migrations (version, dirty) VALUES (%d, false)`, newest),
	}
	if endSessions {
		statements = append(statements, `DELETE FROM sessions`)
	}
	for _, statement := range statements {
		if _, err := r.tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("finish restore: %w", err)
		}
	}
	return nil
}

// CountBlob records that the backup contains a blob, for MissingBlobs.
func (r *Restore) CountBlob(ctx context.Context, key string) error {
	if _, err := r.tx.ExecContext(ctx, `INSERT INTO backup_blobs (blob_key) VALUES ($1)`, key); err != nil {
		return fmt.Errorf("count blob %s: %w", key, err)
	}
	return nil
}

// CountBlobs prepares CountBlob.
func (r *Restore) CountBlobs(ctx context.Context) error {
	_, err := r.tx.ExecContext(ctx, `CREATE TEMPORARY TABLE backup_blobs (blob_key text PRIMARY KEY)`)
	if err != nil {
		return fmt.Errorf("count blobs: %w", err)
	}
	return nil
}

// MissingBlobs calls yield for the key of every blob that a row refers to and that was not
// counted.
func (r *Restore) MissingBlobs(ctx context.Context, yield func(key string) error) error {
	return yieldKeys(ctx, r.tx, `SELECT w.blob_key FROM (`+referencedBlobs+`) w
		WHERE NOT EXISTS (SELECT 1 FROM backup_blobs b WHERE b.blob_key = w.blob_key)`, yield)
}

// Commit makes the database available to nodes.
func (r *Restore) Commit(ctx context.Context) error {
	if err := r.tx.Commit(); err != nil {
		return fmt.Errorf("commit restore: %w", err)
	}
	return r.publish(ctx)
}

// Close rolls back what was not committed.
func (r *Restore) Close() error {
	if r.tx != nil {
		_ = r.tx.Rollback() // a failed rollback changes nothing: uncommitted changes are never visible
	}
	var err error
	if r.conn != nil {
		if err = r.conn.Close(); errors.Is(err, sql.ErrConnDone) {
			err = nil
		}
		err = errors.Join(err, r.db.Close())
	}
	return errors.Join(err, r.release())
}

// SetLastBackup records the backup that was restored as the last backup.
func (r *Restore) SetLastBackup(ctx context.Context, id string, b chat.Backup) error {
	_, err := r.tx.ExecContext(ctx, `INSERT INTO backups (id, started_at, held_until, finished_at, messages, files, bytes) VALUES ($1, $2, 0, $2, $3, $4, $5)`,
		id, int64(b.FinishedAt), b.Messages, b.Files, b.Bytes)
	if err != nil {
		return fmt.Errorf("record last backup: %w", err)
	}
	return nil
}
