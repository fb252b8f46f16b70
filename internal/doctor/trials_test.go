package doctor

import (
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestRedisPermissions(t *testing.T) {
	dsn, url := testenv.Postgres(t), testenv.Redis(t)
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	admin := redis.NewClient(options)
	defer admin.Close()
	c := load(t, map[string]string{"DATABASE_URL": dsn, "REDIS_URL": strings.Replace(url, "redis://", "redis://chillin:swordfish@", 1), "PORT": "0"})
	for name, rules := range map[string]struct {
		rules string
		want  []string
	}{
		"everything":    {"", []string{"ok Redis pub/sub: a message came back", "ok Redis write: "}},
		"its own names": {"resetchannels &chillin:* resetkeys ~chillin:*", []string{"ok Redis pub/sub", "ok Redis write"}},
		"no subscribe":  {"-subscribe", []string{"wrong Redis pub/sub: failed", "subscribe", "ok Redis write"}},
		"no publish":    {"-publish", []string{"wrong Redis pub/sub: failed", "publish", "ok Redis write"}},
		"no channels":   {"resetchannels", []string{"wrong Redis pub/sub: failed", "&chillin:*", "ok Redis write"}},
		"no keys":       {"resetkeys", []string{"ok Redis pub/sub", "wrong Redis write: failed", "~chillin:*"}},
		"no scripts":    {"-@scripting", []string{"ok Redis pub/sub", "wrong Redis write: failed", "+@scripting"}},
		"reads only":    {"-@write", []string{"ok Redis pub/sub", "wrong Redis write: failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := []any{"ACL", "SETUSER", "chillin", "reset", "on", ">swordfish", "~*", "&*", "+@all"}
			for rule := range strings.FieldsSeq(rules.rules) {
				args = append(args, rule)
			}
			if err := admin.Do(t.Context(), args...).Err(); err != nil {
				t.Fatal(err)
			}
			wantWords(t, format(redisTrial(t.Context(), c)...), append(rules.want, "!swordfish")...)
		})
	}
	if left := admin.Keys(t.Context(), "*").Val(); len(left) > 0 {
		t.Errorf("the trials left the keys %q", left)
	}
}

func TestReadOnlyDatabaseIsReported(t *testing.T) {
	dsn := testenv.Postgres(t)
	trial := func(dsn string) string {
		return format(databaseTrial(t.Context(), load(t, map[string]string{"DATABASE_URL": dsn, "PORT": "0"}))...)
	}
	if got := trial(dsn); got != "" {
		t.Errorf("without a schema: %s, want nothing: other checks report it", got)
	}
	migrator, err := schema.OpenPostgres(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(migrator.Up(t.Context()), migrator.Close()); err != nil {
		t.Fatal(err)
	}
	wantWords(t, trial(dsn), "ok database write: committed in ")
	separator := "?"
	if strings.Contains(dsn, "?") {
		separator = "&"
	}
	wantWords(t, trial(dsn+separator+"default_transaction_read_only=on"), "wrong database write: failed", "default_transaction_read_only")
}

func TestWriteTrialWithARunningNode(t *testing.T) {
	dir := t.TempDir()
	migrator, err := schema.OpenSQLite(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(migrator.Up(t.Context()), migrator.Close()); err != nil {
		t.Fatal(err)
	}
	c := load(t, map[string]string{"DATA_DIR": dir, "PORT": "0"})
	wantWords(t, format(databaseTrial(t.Context(), c)...), "ok database write: committed in ")
	node, err := store.OpenSQLite(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	epoch := node.Epoch()
	wantWords(t, format(databaseTrial(t.Context(), c)...), "ok database write: committed in ")
	if node.Epoch() != epoch {
		t.Errorf("the trial changed the epoch from %s to %s", epoch, node.Epoch())
	}
}
