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
	f, err := schema.InspectPostgres(ctx, c.Database.DSN.Reveal())
	if err != nil {
		cause := PostgresCause(c.Database, err)
		return []Finding{wrong("Postgres", fmt.Sprintf("at %s cannot be used. %s (%s)", host(c.Database.DSN), cause, hidden(c, err)))}
	}
	return judgePostgres(f, newest, host(c.Database.DSN), c.Redis.Enabled())
}

func sqlite(ctx context.Context, c config.Config, newest uint) []Finding {
	if _, err := os.Stat(filepath.Join(c.DataDir, "chillin.db")); errors.Is(err, fs.ErrNotExist) {
		return []Finding{ok("SQLite", "no database in DATA_DIR yet: the first start makes it")}
	}
	f, err := schema.InspectSQLite(ctx, c.DataDir)
	if err != nil {
		return []Finding{wrong("SQLite", fmt.Sprintf("chillin.db in DATA_DIR cannot be read: %s", hidden(c, err)))}
	}
	return append([]Finding{judgeSchema(f, newest)}, judgeBackup(f, time.Now())...)
}

const oldestPostgres = 14

func judgePostgres(f schema.Facts, newest uint, at string, several bool) []Finding {
	all := []Finding{ok("Postgres", fmt.Sprintf("%s at %s, an answer in %v", firstWord(f.Version), at, f.Took.Round(100*time.Microsecond)))}
	if f.Number/10000 < oldestPostgres {
		all[0] = wrong("Postgres", fmt.Sprintf("%s at %s is too old: %d is the oldest that serves", firstWord(f.Version), at, oldestPostgres))
	}
	if f.Standby {
		all = append(all, wrong("Postgres", "is a standby that takes no writes: name the primary in DB_HOST"))
	}
	if f.Encoding != "UTF8" {
		all = append(all, wrong("Postgres", "the database's encoding is "+f.Encoding+": make it with ENCODING 'UTF8'"))
	}
	if !f.Trigrams {
		all = append(all, wrong("Postgres", "the extension pg_trgm is not installed on the server: add the contrib modules (postgresql-contrib)"))
	}
	if !f.MayCreate && f.Schema < newest {
		all = append(all, wrong("Postgres", "DB_USER may not make tables: GRANT CREATE ON SCHEMA public TO it, or make it the database's owner"))
	}
	all = append(all, judgeSchema(f, newest), judgeDurability(f), judgeConns(f, several), clock("Postgres", f.Ahead))
	return append(all, judgeBackup(f, time.Now())...)
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

func judgeSchema(f schema.Facts, newest uint) Finding {
	const about = "schema"
	switch {
	case f.Dirty:
		return wrong(about, fmt.Sprintf("migration %d broke off in the middle, under an older chillin: restore the backup, or mend the schema by hand (docs/operating.md)", f.Schema))
	case f.Schema > newest:
		return wrong(about, fmt.Sprintf("version %d is of a newer chillin than this one, which knows %d: use that one, or restore the backup of before", f.Schema, newest))
	case f.Schema == 0:
		return ok(about, fmt.Sprintf("none yet: the first start makes version %d", newest))
	case f.Schema < newest:
		return ok(about, fmt.Sprintf("version %d: the next start, or chillin migrate up, brings it to %d; make a backup first", f.Schema, newest))
	}
	return ok(about, fmt.Sprintf("version %d, which is this chillin's", newest))
}

// judgeDurability: whatever is off here loses messages that were confirmed.
func judgeDurability(f schema.Facts) Finding {
	const about = "durability"
	switch {
	case !f.Fsync:
		return wrong(about, "fsync is off: when the server's machine stops, confirmed messages are lost or the database is broken. Set fsync = on")
	case !f.Synced:
		return wrong(about, "synchronous_commit is off although a node asks for on: a pooler between drops what is asked for. Let it pass, or set it on the server")
	case !f.WholePages:
		return warning(about, "full_page_writes is off: right only where the file system writes pages whole. Else a power cut breaks the database")
	}
	return ok(about, "a commit is on disk before it is confirmed")
}

func judgeConns(f schema.Facts, several bool) Finding {
	const about = "connections"
	room := max(f.MaxConns-f.TakenConns, 0)
	nodes := room / schema.NodeConns
	text := fmt.Sprintf("%d of Postgres, %d taken by others, %d for each node: room for %d nodes", f.MaxConns, f.TakenConns, schema.NodeConns, nodes)
	switch {
	case nodes == 0:
		return wrong(about, text+". Raise max_connections")
	case nodes == 1 && several:
		return warning(about, text+". Raise max_connections: a rolling restart has one node more for a moment")
	}
	return ok(about, text)
}
