package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/chillin-chat/chillin/internal/chat"
)

// synchronous FULL costs one fsync a commit, which batches share: a confirmed
// message survives a power cut, as on Postgres.
const sqlitePragmas = "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(1500)" +
	"&_pragma=foreign_keys(1)&_pragma=cache_size(-16000)&_txlock=immediate"

const sqliteReaders = 4

// OpenSQLite opens chillin.db in the folder dir and holds the folder. The
// schema must be there: see Migrate.
func OpenSQLite(ctx context.Context, dir string, o Options) (*Store, error) {
	release, err := takeFolder(dir, o.Beside)
	if err != nil {
		return nil, err
	}
	write, err := sql.Open("sqlite", sqliteDSN(dir))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), release())
	}
	write.SetMaxOpenConns(1) // SQLite has one writer; waiting here is fair, its busy loop is not
	read, err := sql.Open("sqlite", sqliteDSN(dir))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open database: %w", err), write.Close(), release())
	}
	read.SetMaxOpenConns(sqliteReaders)
	read.SetMaxIdleConns(sqliteReaders)
	return open(ctx, &sqliteEngine{read: read, write: write, release: release}, read, write, o)
}

func sqliteDSN(dir string) string { return "file:" + filepath.Join(dir, "chillin.db") + sqlitePragmas }

// takeFolder takes the folder, unless we come beside the process that has it: then
// SQLite's own locks keep the two apart, and a folder without data is a mistake.
func takeFolder(dir string, beside bool) (release func() error, err error) {
	if !beside {
		return lockFolder(dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "chillin.db")); err != nil {
		return nil, fmt.Errorf("there is no database in the data folder (DATA_DIR): %w", err)
	}
	return func() error { return nil }, nil
}

// makeFolder makes dir, which only the user that runs chillin can read, also if an older
// version made it for all users.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	// The mount point of a volume may belong to another user. The files are private even so.
	if err := os.Chmod(dir, 0o700); err != nil && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("make data folder private: %w", err)
	}
	return nil
}

// makeDatabase makes the file of the database like makeFolder the folder. SQLite gives the
// files that it makes beside it the same mode. Call it with the folder locked: to close a
// file ends the locks that SQLite holds on it in this process.
func makeDatabase(dir string) error {
	file, err := os.OpenFile(filepath.Join(dir, "chillin.db"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("make database: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("make database: %w", err)
	}
	for _, name := range []string{"chillin.db", "chillin.db-wal", "chillin.db-shm"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make database private: %w", err)
		}
	}
	return nil
}

// lockFolder makes dir and takes it for this process alone, until it is released or
// the process ends, however it ends. It is unlocked before the file is closed: a child
// that is being started has the file too, and with it, for a moment, the lock.
func lockFolder(dir string) (release func() error, err error) {
	if err := makeFolder(dir); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "chillin.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("another chillin uses the data folder %s: "+
			"several nodes need Postgres (DB_HOST) and Redis (REDIS_URL), or a DATA_DIR of their own", dir)
	}
	release = func() error { return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close()) }
	if err := errors.Join(file.Chmod(0o600), makeDatabase(dir)); err != nil {
		return nil, errors.Join(err, release())
	}
	return release, nil
}

type sqliteEngine struct {
	read, write *sql.DB
	release     func() error // of the folder
}

func (e *sqliteEngine) close() error {
	return errors.Join(e.read.Close(), e.write.Close(), e.release())
}

// writable: whether the disk takes writes shows in writes only.
func (*sqliteEngine) writable() string { return `SELECT true` }

func (e *sqliteEngine) pools() map[string]sql.DBStats {
	return map[string]sql.DBStats{"reads": e.read.Stats(), "writes": e.write.Stats()}
}

func (*sqliteEngine) list(ids []int64) any {
	text, _ := json.Marshal(ids) // []int64 always encodes
	return string(text)
}

func (*sqliteEngine) texts(texts []string) any {
	text, _ := json.Marshal(texts) // []string always encodes
	return string(text)
}

func (e *sqliteEngine) inTexts(column string, n int) string { return e.in(column, n) }

func (*sqliteEngine) hashes(hashes []string) any {
	list := make([]string, len(hashes))
	for i, hash := range hashes {
		list[i] = hex.EncodeToString([]byte(hash))
	}
	text, _ := json.Marshal(list) // []string always encodes
	return string(text)
}

func (*sqliteEngine) inHashes(column string, n int) string {
	return fmt.Sprintf("%s IN (SELECT unhex(value) FROM json_each($%d))", column, n)
}

func (*sqliteEngine) pairs(places []place) any {
	list := make([][2]int64, len(places))
	for i, p := range places {
		list[i] = [2]int64{int64(p.room), int64(p.user)}
	}
	text, _ := json.Marshal(list) // numbers always encode
	return string(text)
}

func (*sqliteEngine) fromPairs(n int) string {
	return fmt.Sprintf("(SELECT value ->> 0 AS room_id, value ->> 1 AS user_id FROM json_each($%d)) w", n)
}

func (*sqliteEngine) in(column string, n int) string {
	return fmt.Sprintf("%s IN (SELECT value FROM json_each($%d))", column, n)
}

func (*sqliteEngine) jsonRows(fields, order string) string {
	return "json_group_array(json_object(" + fields + ") ORDER BY " + order + ")"
}

// huntNewest has no LATERAL: it begins where the newest of a room do.
func (e *sqliteEngine) huntNewest() hunt {
	return hunt{
		from:  "rooms r CROSS JOIN messages m ON m.room_id = r.id AND m.id >= (SELECT min(w.id) FROM (" + newestWritten("x.id") + ") w)",
		where: e.in("r.id", 1) + " AND " + written("m"), order: "m.id",
	}
}

// huntIndexed asks for all trigrams of the words. Each is quoted, so that nothing in it
// is syntax.
func (e *sqliteEngine) huntIndexed(words []string) hunt {
	var trigrams []string
	for _, word := range words {
		letters := []rune(word)
		for n := range len(letters) - 2 {
			trigrams = append(trigrams, `"`+strings.ReplaceAll(string(letters[n:n+3]), `"`, `""`)+`"`)
		}
	}
	return hunt{
		from: "messages_search CROSS JOIN messages m ON m.id = messages_search.rowid", order: "messages_search.rowid",
		where: "messages_search MATCH $7 AND messages_search.rowid < $2 AND " + e.in("m.room_id", 1) + " AND " + written("m"),
		args:  []any{strings.Join(trigrams, " AND ")},
	}
}

// settled is the newest: there is one writer.
func (e *sqliteEngine) settled(ctx context.Context) (newest chat.MessageID, err error) {
	err = e.read.QueryRowContext(ctx, `SELECT COALESCE(max(id), 0) FROM messages`).Scan(&newest)
	return newest, err
}

// indexTexts replaces all rows: one node at a time uses the database, so what it finds was
// written by its own version or an older one.
func (*sqliteEngine) indexTexts(ctx context.Context, tx *sql.Tx, texts []indexedText, _ int, _ bool) error {
	insert, err := tx.PrepareContext(ctx, `INSERT OR REPLACE INTO messages_search (rowid, text) VALUES ($1, $2)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, t := range texts {
		if _, err := insert.ExecContext(ctx, t.ID, t.Text); err != nil {
			return err
		}
	}
	return nil
}

// lockRoom is nothing: an immediate transaction holds the whole database.
func (*sqliteEngine) lockRoom() string { return "" }
func (*sqliteEngine) lockDue() string  { return "" }

func (*sqliteEngine) lockIdle() string { return "" }

func (*sqliteEngine) nowMillis() string { return "CAST(unixepoch('subsec') * 1000 AS integer)" }

func (*sqliteEngine) violated(err error) string {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok || e.Code() != sqlite3.SQLITE_CONSTRAINT_UNIQUE && e.Code() != sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
		return ""
	}
	_, columns, _ := strings.Cut(e.Error(), "constraint failed: ")
	return columns
}

// badInput: SQLite takes every value.
func (*sqliteEngine) badInput(error) bool { return false }

func (*sqliteEngine) away(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return errors.Is(err, sql.ErrConnDone)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}
