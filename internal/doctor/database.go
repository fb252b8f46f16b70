package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/store/schema"
)

func database(ctx context.Context, c config.Config) []Finding {
	newest, err := schema.Newest()
	if err != nil {
		return []Finding{wrong("schema", err.Error())}
	}
	if c.Database.Engine == config.SQLite {
		return sqlite(ctx, c, newest)
	}
	f, err := schema.InspectPostgres(ctx, c.Database.DSN.Reveal(), c.Database.Pooled)
	if err != nil {
		cause := PostgresCause(c.Database, err)
		return []Finding{wrong("Postgres", fmt.Sprintf("at %s cannot be used. %s (%s)", host(c.Database.DSN), cause, hidden(c, err)))}
	}
	all := gradePostgres(f, newest, host(c.Database.DSN), c.Redis.Enabled())
	all = append(all, gradeSettings(c, f.Settings)...)
	return append(all, pooler(ctx, c, f)...)
}

// pooler checks the connection pooler in front of Postgres, and the address of Postgres itself.
func pooler(ctx context.Context, c config.Config, f schema.Facts) []Finding {
	const about = "connection pooler"
	switch {
	case !c.Database.Pooled && f.Pooler:
		return []Finding{warning(about, "is in front of Postgres, although DATABASE_POOLER is not set. In transaction mode, which is that of PgBouncer's pool_mode = transaction, nodes do not work correctly: set DATABASE_POOLER=transaction and DATABASE_DIRECT_URL")}
	case !c.Database.Pooled:
		return nil
	}
	direct := c.Database.DirectAddress()
	d, err := schema.InspectPostgres(ctx, direct.DSN.Reveal(), false)
	if err != nil {
		return []Finding{wrong(about, fmt.Sprintf("Postgres at %s cannot be used without it. %s (%s)", host(direct.DSN), PostgresCause(direct, err), hidden(c, err)))}
	}
	return []Finding{gradePooler(d, f.Database == d.Database)}
}

// gradePooler grades the address of Postgres itself.
func gradePooler(direct schema.Facts, same bool) Finding {
	const about = "connection pooler"
	switch {
	case !same:
		return wrong(about, "DATABASE_DIRECT_URL is another database than the one behind the pooler: migrations would change the wrong one")
	case direct.Pooler:
		return wrong(about, "DATABASE_DIRECT_URL is a connection pooler as well, on which migrations cannot hold a lock: set the address of Postgres itself")
	}
	return ok(about, fmt.Sprintf("nodes use Postgres through it in transaction mode; each keeps up to %d connections to it (max_client_conn)", schema.NodeConns))
}

func sqlite(ctx context.Context, c config.Config, newest uint) []Finding {
	if _, err := os.Stat(filepath.Join(c.DataDir, "chillin.db")); errors.Is(err, fs.ErrNotExist) {
		return append([]Finding{ok("SQLite", "no database in DATA_DIR yet: it is created at the first start")}, gradeSettings(c, nil)...)
	}
	f, err := schema.InspectSQLite(ctx, c.DataDir)
	if err != nil {
		return []Finding{wrong("SQLite", fmt.Sprintf("chillin.db in DATA_DIR cannot be read: %s", hidden(c, err)))}
	}
	all := append([]Finding{gradeSchema(f, newest)}, gradeBackup(f, time.Now())...)
	return append(all, gradeSettings(c, f.Settings)...)
}

const oldestPostgres = 14

func gradePostgres(f schema.Facts, newest uint, at string, several bool) []Finding {
	all := []Finding{ok("Postgres", fmt.Sprintf("%s at %s, answered in %v", firstWord(f.Version), at, f.Took.Round(100*time.Microsecond)))}
	if f.Number/10000 < oldestPostgres {
		all[0] = wrong("Postgres", fmt.Sprintf("%s at %s is too old: the oldest supported version is %d", firstWord(f.Version), at, oldestPostgres))
	}
	if f.Standby {
		all = append(all, wrong("Postgres", "is a read-only standby: set DB_HOST to the primary"))
	}
	if f.Encoding != "UTF8" {
		all = append(all, wrong("Postgres", "the database's encoding is "+f.Encoding+": create it with ENCODING 'UTF8'"))
	}
	if !f.Trigrams {
		all = append(all, wrong("Postgres", "the extension pg_trgm is not installed on the server: install the contrib modules (postgresql-contrib)"))
	}
	if !f.MayCreate && f.Schema < newest {
		all = append(all, wrong("Postgres", "DB_USER has no permission to create tables: GRANT CREATE ON SCHEMA public TO it, or make it the database's owner"))
	}
	all = append(all, gradeSchema(f, newest), gradeDurability(f), clock("Postgres", f.Ahead))
	if !f.Pooler { // otherwise the pooler limits them
		all = append(all, gradeConns(f, several))
	}
	return append(all, gradeBackup(f, time.Now())...)
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

func gradeSchema(f schema.Facts, newest uint) Finding {
	const about = "schema"
	switch {
	case f.Dirty:
		return wrong(about, fmt.Sprintf("migration %d was interrupted under an older chillin: restore the backup, or repair the schema by hand (docs/operating.md)", f.Schema))
	case f.Schema > newest:
		return wrong(about, fmt.Sprintf("version %d belongs to a newer chillin; this one supports up to %d: use the newer one, or restore an earlier backup", f.Schema, newest))
	case f.Schema == 0:
		return ok(about, fmt.Sprintf("none yet: the first start creates version %d", newest))
	case f.Schema < newest:
		return ok(about, fmt.Sprintf("version %d: the next start, or chillin migrate up, migrates it to %d; make a backup first", f.Schema, newest))
	}
	return ok(about, fmt.Sprintf("version %d, which is current", newest))
}

// gradeDurability reports settings with which confirmed messages can be lost.
func gradeDurability(f schema.Facts) Finding {
	const about = "durability"
	switch {
	case !f.Fsync:
		return wrong(about, "fsync is off: if the server's machine crashes, confirmed messages are lost or the database is corrupted. Set fsync = on")
	case !f.Synced:
		return wrong(about, "synchronous_commit is off although nodes request on: a connection pooler drops the setting, and a node does not start. Set it on the server or for the user: ALTER ROLE … SET synchronous_commit = on")
	case !f.WholePages:
		return warning(about, "full_page_writes is off: this is safe only if the file system writes pages atomically. Otherwise a power failure corrupts the database")
	}
	return ok(about, "a commit is on disk before it is confirmed")
}

func gradeConns(f schema.Facts, several bool) Finding {
	const about = "connections"
	room := max(f.MaxConns-f.TakenConns, 0)
	nodes := room / schema.NodeConns
	text := fmt.Sprintf("max_connections is %d, %d in use by others, %d for each node: enough for %d nodes", f.MaxConns, f.TakenConns, schema.NodeConns, nodes)
	switch {
	case nodes == 0:
		return wrong(about, text+". Raise max_connections")
	case nodes == 1 && several:
		return warning(about, text+". Raise max_connections: a rolling restart briefly runs one more node")
	}
	return ok(about, text)
}
