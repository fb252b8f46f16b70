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

// Every kind of Redis, right and confused with another.
func TestRedisKinds(t *testing.T) {
	dsn, single, cluster, sentinels := testenv.Postgres(t), testenv.Redis(t), testenv.SharedRedisCluster(t), testenv.SharedRedisSentinel(t)
	one, _, _ := strings.Cut(cluster, ",")
	host := strings.TrimSuffix(strings.TrimPrefix(single, "redis://"), "/0")
	for name, c := range map[string]struct {
		url  string
		want []string
	}{
		"a cluster":                   {cluster, []string{"cluster of 3 shards with 0 replicas", "ok Redis memory: at ", "ok clock: Redis at ", "ok Redis pub/sub at ", "ok Redis write at ", "!wrong", "!full-coverage"}},
		"a discovery address":         {strings.Replace(one, "redis://", "redis+cluster://", 1), []string{"cluster of 3 shards", "!wrong"}},
		"Sentinels":                   {sentinels, []string{"ok Sentinel: 3 of 3 name the primary", "ok Redis: 7", "of the Sentinels", "ok Redis pub/sub", "ok Redis write", "!wrong", "!warning"}},
		"one Sentinel is dead":        {strings.Replace(sentinels, "://", "://127.0.0.1:1,", 1), []string{"warning Sentinel: at 127.0.0.1:1 cannot be used", "ok Sentinel: 3 of 4", "!wrong"}},
		"all Sentinels are dead":      {"redis+sentinel://:hunter22@127.0.0.1:1/mymaster", []string{"wrong Sentinel: at 127.0.0.1:1", "wrong Redis: at mymaster of the Sentinels", "!hunter22"}},
		"an unknown primary":          {strings.Replace(sentinels, "/mymaster", "/other", 1), []string{"wrong Sentinel", "do not know this name"}},
		"one address of a cluster":    {one, []string{"wrong Redis: is a cluster", "redis+cluster://"}},
		"a list, but no cluster":      {"redis://" + host + "," + host, []string{"wrong Redis: cluster at", "this Redis is a single one"}},
		"a cluster that is not there": {"redis://:hunter22@127.0.0.1:1,127.0.0.1:2", []string{"wrong Redis: cluster at 127.0.0.1:1,127.0.0.1:2 cannot be used", "nothing listens there", "!hunter22"}},
	} {
		t.Run(name, func(t *testing.T) {
			settings := load(t, map[string]string{"DATABASE_URL": dsn, "REDIS_URL": c.url, "PORT": "0"})
			wantWords(t, format(append(redisServer(t.Context(), settings), redisTrial(t.Context(), settings)...)...), c.want...)
		})
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
