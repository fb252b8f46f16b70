package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/config"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// format formats findings as an operator sees them.
func format(findings ...Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s %s: %s\n", f.Grade, f.About, f.Text)
	}
	return b.String()
}

// wantWords fails if one of the words is missing. "!word" must not occur.
func wantWords(t *testing.T, got string, words ...string) {
	t.Helper()
	for _, word := range words {
		if bad, not := strings.CutPrefix(word, "!"); not == strings.Contains(got, strings.TrimPrefix(word, "!")) {
			t.Errorf("got\n%swant %q (present: %t)", got, bad, !not)
		}
	}
}

// load reads settings as the binary does.
func load(t *testing.T, settings map[string]string) config.Config {
	t.Helper()
	c, err := config.Load(func(key string) (string, bool) { v, ok := settings[key]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSettings(t *testing.T) {
	postgres := map[string]string{"DB_HOST": "db", "DB_USER": "u", "DB_PASSWORD": "correct horse"}
	redis := map[string]string{"REDIS_URL": "redis://redis:6379"}
	s3 := map[string]string{"USE_MINIO": "true", "MINIO_ENDPOINT": "m:9000", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "battery staple"}
	for name, c := range map[string]struct {
		env  []map[string]string
		want []string
	}{
		"nothing set":             {nil, []string{"ok settings: one node with SQLite", "!warning", "!wrong"}},
		"Postgres alone":          {[]map[string]string{postgres}, []string{"ok settings: one node with Postgres", "REDIS_URL", "!warning"}},
		"everything":              {[]map[string]string{postgres, redis, s3}, []string{"ok settings: any number of nodes", "!warning"}},
		"several without S3":      {[]map[string]string{postgres, redis}, []string{"warning settings", "USE_MINIO"}},
		"the compose password":    {[]map[string]string{postgres, {"DB_PASSWORD": "chillin"}}, []string{"warning DB_PASSWORD"}},
		"the compose key":         {[]map[string]string{s3, {"S3_SECRET_ACCESS_KEY": "chillin-secret"}}, []string{"warning S3_SECRET_ACCESS_KEY"}},
		"large uploads":           {[]map[string]string{{"MAX_UPLOAD_SIZE": "50"}}, []string{"warning MAX_UPLOAD_SIZE", "52 MiB", "a proxy in front"}},
		"webhooks to any address": {[]map[string]string{{"WEBHOOK_ALLOW_PRIVATE": "true"}}, []string{"warning WEBHOOK_ALLOW_PRIVATE"}},
		"all proxies trusted":     {[]map[string]string{{"TRUST_PROXY": "true"}}, []string{"warning TRUST_PROXY", "every client"}},
		"hops trusted":            {[]map[string]string{{"TRUST_PROXY": "1"}}, []string{"warning TRUST_PROXY", "every client"}},
		"hops behind loopback":    {[]map[string]string{{"TRUST_PROXY": "1", "HOST": "127.0.0.1"}}, []string{"!TRUST_PROXY"}},
		"a proxy by address":      {[]map[string]string{{"TRUST_PROXY": "10.0.0.7", "CLIENT_ORIGIN": "https://chat.example.org"}}, []string{"!TRUST_PROXY"}},
		"TLS, no trusted proxy":   {[]map[string]string{{"CLIENT_ORIGIN": "https://chat.example.org"}}, []string{"warning TRUST_PROXY", "https"}},
		"loopback only":           {[]map[string]string{{"HOST": "127.0.0.1"}}, []string{"warning TRUST_PROXY", "TRUST_PROXY=loopback"}},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{}
			for _, part := range c.env {
				maps.Copy(env, part)
			}
			wantWords(t, format(settings(t.Context(), load(t, env))...), c.want...)
		})
	}
}

func TestInvalidSettingsGiveOneFindingEach(t *testing.T) {
	_, err := config.Load(func(key string) (string, bool) {
		v := map[string]string{"PORT": "x", "DATABASE_URL": "mysql://u:hunter2@db/x", "LOG_LEVEL": "loud"}[key]
		return v, v != ""
	})
	got := format(InvalidSettings(err)...)
	wantWords(t, got, "wrong PORT: ", "wrong DATABASE_URL: ", "wrong LOG_LEVEL: ", "!hunter2")
	if lines := strings.Count(got, "\n"); lines != 3 {
		t.Errorf("%d lines, want 3:\n%s", lines, got)
	}
	wantWords(t, format(InvalidSettings(errors.New("read .env: a line is not KEY=value"))...), "wrong settings: read .env")
}

func TestPostgres(t *testing.T) {
	const newest = 7
	healthy := schema.Facts{
		Schema: newest, Version: "17.2 (Debian 17.2-1)", Number: 170002, Encoding: "UTF8", MayCreate: true, Trigrams: true,
		Synced: true, Fsync: true, WholePages: true, MaxConns: 197, TakenConns: 3, Took: 2 * time.Millisecond,
	}
	for name, c := range map[string]struct {
		change  func(*schema.Facts)
		several bool
		want    []string
	}{
		"all well":           {func(*schema.Facts) {}, true, []string{"ok Postgres: 17.2 at db:5432", "ok schema: version 7", "ok durability", "enough for 9 nodes", "ok clock", "!warning", "!wrong"}},
		"too old":            {func(f *schema.Facts) { f.Version, f.Number = "13.9", 130009 }, false, []string{"wrong Postgres: 13.9", "14"}},
		"a standby":          {func(f *schema.Facts) { f.Standby = true }, false, []string{"wrong Postgres: is a read-only standby"}},
		"another encoding":   {func(f *schema.Facts) { f.Encoding = "SQL_ASCII" }, false, []string{"wrong Postgres", "SQL_ASCII", "UTF8"}},
		"no trigrams":        {func(f *schema.Facts) { f.Trigrams = false }, false, []string{"wrong Postgres", "pg_trgm", "contrib"}},
		"no right to create": {func(f *schema.Facts) { f.MayCreate, f.Schema = false, 0 }, false, []string{"wrong Postgres", "GRANT CREATE"}},
		"given tables":       {func(f *schema.Facts) { f.MayCreate = false }, false, []string{"!wrong"}},
		"an empty database":  {func(f *schema.Facts) { f.Schema = 0 }, false, []string{"ok schema: none yet", "version 7"}},
		"an older schema":    {func(f *schema.Facts) { f.Schema = 5 }, false, []string{"ok schema: version 5", "to 7", "backup"}},
		"a newer schema":     {func(f *schema.Facts) { f.Schema = 9 }, false, []string{"wrong schema: version 9", "newer"}},
		"interrupted":        {func(f *schema.Facts) { f.Schema, f.Dirty = 6, true }, false, []string{"wrong schema: migration 6 was interrupted"}},
		"fsync off":          {func(f *schema.Facts) { f.Fsync = false }, false, []string{"wrong durability: fsync is off", "fsync = on"}},
		"commits not synced": {func(f *schema.Facts) { f.Synced = false }, false, []string{"wrong durability: synchronous_commit is off", "pooler"}},
		"half pages":         {func(f *schema.Facts) { f.WholePages = false }, false, []string{"warning durability: full_page_writes"}},
		"no connections":     {func(f *schema.Facts) { f.MaxConns = 20; f.TakenConns = 5 }, false, []string{"wrong connections", "max_connections"}},
		"one node's":         {func(f *schema.Facts) { f.MaxConns = 30 }, true, []string{"warning connections", "enough for 1 nodes", "max_connections"}},
		"one node's, enough": {func(f *schema.Facts) { f.MaxConns = 30 }, false, []string{"ok connections"}},
		"through a pooler":   {func(f *schema.Facts) { f.Pooler, f.MaxConns = true, 10 }, false, []string{"!connections", "!wrong"}},
		"clock ahead":        {func(f *schema.Facts) { f.Ahead = 90 * time.Second }, false, []string{"warning clock: Postgres is 1m30s ahead of"}},
		"clock behind":       {func(f *schema.Facts) { f.Ahead = -3 * time.Second }, false, []string{"warning clock: Postgres is 3s behind"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := healthy
			c.change(&f)
			wantWords(t, format(gradePostgres(f, newest, "db:5432", c.several)...), c.want...)
		})
	}
}

func TestPooler(t *testing.T) {
	for name, c := range map[string]struct {
		direct schema.Facts
		same   bool
		want   []string
	}{
		"all well":         {schema.Facts{}, true, []string{"ok connection pooler: ", "max_client_conn"}},
		"a second pooler":  {schema.Facts{Pooler: true}, true, []string{"wrong connection pooler: DATABASE_DIRECT_URL is a connection pooler"}},
		"another database": {schema.Facts{}, false, []string{"wrong connection pooler: DATABASE_DIRECT_URL is another database"}},
	} {
		t.Run(name, func(t *testing.T) { wantWords(t, format(gradePooler(c.direct, c.same)), c.want...) })
	}
}

func TestReplica(t *testing.T) {
	for name, c := range map[string]struct {
		facts schema.ReplicaFacts
		want  []string
	}{
		"all well":         {schema.ReplicaFacts{SameDatabase: true, Standby: true, Receiving: true, BehindBytes: 1 << 20}, []string{"ok replica: r:5432", "1.0 MiB"}},
		"another database": {schema.ReplicaFacts{Standby: true, Receiving: true}, []string{"wrong replica: r:5432 is not a replica of this database"}},
		"promoted":         {schema.ReplicaFacts{SameDatabase: true}, []string{"warning replica: r:5432 accepts writes"}},
		"paused":           {schema.ReplicaFacts{SameDatabase: true, Standby: true, Paused: true}, []string{"warning replica", "pg_wal_replay_resume"}},
		"disconnected":     {schema.ReplicaFacts{SameDatabase: true, Standby: true}, []string{"warning replica", "primary_conninfo"}},
		"far behind":       {schema.ReplicaFacts{SameDatabase: true, Standby: true, Receiving: true, BehindBytes: 1 << 30}, []string{"warning replica", "1024.0 MiB"}},
	} {
		t.Run(name, func(t *testing.T) { wantWords(t, format(gradeReplica(c.facts, "r:5432")), c.want...) })
	}
}

func TestRedis(t *testing.T) {
	for name, c := range map[string]struct {
		info string
		want []string
	}{
		"all well":        {"", []string{"ok Redis: 7.2.4 at r:6379", "ok Redis memory: no maxmemory", "ok clock", "!warning", "!wrong"}},
		"a bound":         {"maxmemory=268435456 maxmemory_policy=volatile-lru", []string{"ok Redis memory: 1 of 256 MiB, volatile-lru"}},
		"all keys may go": {"maxmemory=268435456 maxmemory_policy=allkeys-lru", []string{"warning Redis memory: maxmemory-policy allkeys-lru", "volatile-lru"}},
		"nearly full":     {"maxmemory=1100000 maxmemory_policy=noeviction", []string{"warning Redis memory", "Raise maxmemory"}},
		"old":             {"redis_version=5.0.14", []string{"warning Redis: 5.0.14"}},
		"a cluster":       {"redis_mode=cluster", []string{"wrong Redis: is a cluster"}},
		"a replica":       {"role=slave", []string{"wrong Redis: is a read-only replica"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := redisFacts{info: map[string]string{"redis_version": "7.2.4", "redis_mode": "standalone", "role": "master", "maxmemory": "0", "maxmemory_policy": "noeviction", "used_memory": "1048576"}}
			for pair := range strings.FieldsSeq(c.info) {
				key, value, _ := strings.Cut(pair, "=")
				f.info[key] = value
			}
			wantWords(t, format(gradeRedis(f, "r:6379")...), c.want...)
		})
	}
}

func TestStorage(t *testing.T) {
	at := config.Storage{Kind: config.S3, Endpoint: "s3:9000", Bucket: "chillin"}
	wantWords(t, format(gradeStorage(at, true, nil, 12*time.Millisecond)), "ok S3: bucket chillin at s3:9000", "12ms")
	wantWords(t, format(gradeStorage(at, false, nil, time.Millisecond)), "warning S3: there is no bucket chillin", "created at the first start")
	wantWords(t, format(gradeStorage(at, false, errors.New("access denied"), time.Millisecond)), "wrong S3", "access denied")
}

func TestFolder(t *testing.T) {
	const gib = 1 << 30
	for name, c := range map[string]struct {
		change func(*folderFacts)
		sqlite bool
		want   []string
	}{
		"all well":          {func(*folderFacts) {}, true, []string{"ok DATA_DIR: /data, a local disk, 40.0 GiB free"}},
		"not made yet":      {func(f *folderFacts) { f.there = false }, true, []string{"ok DATA_DIR", "created at the first start"}},
		"not ours":          {func(f *folderFacts) { f.err = os.ErrPermission }, true, []string{"wrong DATA_DIR: /data cannot be written to"}},
		"of another":        {func(f *folderFacts) { f.disk.kind = "nfs" }, true, []string{"wrong DATA_DIR", "nfs", "DB_HOST"}},
		"files of another":  {func(f *folderFacts) { f.disk.kind = "nfs" }, false, []string{"ok DATA_DIR"}},
		"memory":            {func(f *folderFacts) { f.disk.kind = "tmpfs" }, true, []string{"warning DATA_DIR", "memory"}},
		"a container's own": {func(f *folderFacts) { f.disk.kind = "overlay" }, true, []string{"warning DATA_DIR", "volume"}},
		"nearly full":       {func(f *folderFacts) { f.disk.free = gib / 2 }, true, []string{"warning DATA_DIR", "free space soon"}},
		"full":              {func(f *folderFacts) { f.disk.free = 1 << 20 }, true, []string{"wrong DATA_DIR", "free space"}},
		"another system":    {func(f *folderFacts) { f.disk = disk{} }, true, []string{"ok DATA_DIR: /data\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := folderFacts{path: "/data", there: true, disk: disk{"a local disk", 40 * gib}}
			c.change(&f)
			wantWords(t, format(gradeFolder(f, c.sqlite)), c.want...)
		})
	}
}

func TestFilesAndPorts(t *testing.T) {
	for got, want := range map[string]string{
		format(gradeFiles(65536)):                                     "ok open files: the limit is 65536",
		format(gradeFiles(1024)):                                      "warning open files: the limit is 1024, enough for about 824 connections",
		format(gradeFiles(64)):                                        "wrong open files: the limit is 64",
		format(gradePort("PORT", "0.0.0.0:5000", nil)):                "ok PORT: 0.0.0.0:5000 is free",
		format(gradePort("PORT", "0.0.0.0:0", nil)):                   "ok PORT: any free port",
		format(gradePort("PORT", "0.0.0.0:5000", errOurs)):            "ok PORT: 0.0.0.0:5000: used by a running chillin",
		format(gradePort("PORT", "0.0.0.0:5000", syscall.EADDRINUSE)): "wrong PORT: 0.0.0.0:5000 is used by another program",
		format(gradePort("PORT", "0.0.0.0:80", syscall.EACCES)):       "wrong PORT: 0.0.0.0:80 requires root",
		format(gradePort("PORT", "10.9.9.9:5000", os.ErrInvalid)):     "wrong PORT: cannot listen on 10.9.9.9:5000",
	} {
		wantWords(t, got, want)
	}
}

func TestPorts(t *testing.T) {
	handler := http.NotFound
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler(w, r) }))
	addr := server.Listener.Addr().String()
	if err := tryPort(t.Context(), addr); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("another program: %v, want an error", err)
	}
	handler = func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable) // a draining node is also ours
		fmt.Fprint(w, `{"status":"unavailable","checks":{"database":{"status":"ok"}},"draining":true}`)
	}
	if err := tryPort(t.Context(), addr); !errors.Is(err, errOurs) {
		t.Errorf("a node: %v, want errOurs", err)
	}
	server.Close()
	if err := tryPort(t.Context(), addr); err != nil {
		t.Errorf("free port: %v", err)
	}
}

func TestExamineDoesNotChangeTheFolder(t *testing.T) {
	dir := t.TempDir()
	c := load(t, map[string]string{"DATA_DIR": filepath.Join(dir, "a", "b"), "HOST": "127.0.0.1", "PORT": "0"})
	wantWords(t, format(Examine(t.Context(), c)...), "ok SQLite: no database", " DATA_DIR: ", "created at the first start", "!wrong")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("the folder contains %v, %v, want nothing", entries, err)
	}
}

// The real servers, as a node uses them.
func TestRealEngines(t *testing.T) {
	s3 := testenv.S3(t)
	scheme := "http://"
	if s3.Secure {
		scheme = "https://"
	}
	dsn, redisURL := testenv.Postgres(t), testenv.Redis(t)
	settings := map[string]string{
		"DATABASE_URL": dsn, "REDIS_URL": redisURL, "USE_MINIO": "true", "MINIO_ENDPOINT": scheme + s3.Endpoint,
		"S3_ACCESS_KEY_ID": s3.AccessKey, "S3_SECRET_ACCESS_KEY": s3.SecretKey, "S3_BUCKET_NAME": s3.Bucket, "S3_REGION": s3.Region, "PORT": "0",
	}
	examine := func(more ...string) string {
		env := maps.Clone(settings)
		for n := 0; n < len(more); n += 2 {
			env[more[n]] = more[n+1]
		}
		return format(Examine(t.Context(), load(t, env))...)
	}
	t.Run("all there", func(t *testing.T) {
		wantWords(t, examine(), "ok Postgres: ", "ok schema: none yet", "ok connections", "ok clock: Postgres",
			"ok Redis: ", "ok clock: Redis", "ok S3: bucket "+s3.Bucket, "ok PORT")
	})
	t.Run("after the first start", func(t *testing.T) {
		migrator, err := schema.OpenPostgres(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(migrator.Up(t.Context()), migrator.Close()); err != nil {
			t.Fatal(err)
		}
		newest, _ := schema.Newest()
		wantWords(t, examine(), "ok schema: version "+strconv.Itoa(int(newest))+", which is")
	})
	t.Run("no bucket, and none is created", func(t *testing.T) {
		for range 2 {
			wantWords(t, examine("S3_BUCKET_NAME", "chillin-nobody-made-this"), "warning S3: there is no bucket")
		}
	})
	t.Run("no server answers", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		away := l.Addr().String()
		l.Close()
		got := examine("DATABASE_URL", "postgres://u:hunter22@"+away+"/x", "REDIS_URL", "redis://:hunter22@"+away, "MINIO_ENDPOINT", "http://"+away)
		wantWords(t, got, "wrong Postgres: at "+away, "wrong Redis: at "+away, "wrong S3", "!hunter22", "!"+s3.SecretKey)
	})
	t.Run("a wrong key", func(t *testing.T) {
		wantWords(t, examine("S3_SECRET_ACCESS_KEY", "not-the-key-at-all"), "wrong S3", "!not-the-key-at-all")
	})
	t.Run("a database that is not there", func(t *testing.T) {
		wantWords(t, examine("DATABASE_URL", strings.Replace(dsn, "/chillin_test_", "/chillin_none_", 1)), "wrong Postgres", "does not exist")
	})
}

func TestFsyncOffIsReported(t *testing.T) {
	env := testenv.New(t)
	for want, durable := range map[string]bool{"ok durability": true, "wrong durability: fsync is off": false} {
		server, err := env.Postgres(testenv.PostgresOptions{Durable: durable})
		if err != nil {
			t.Fatal(err)
		}
		c := load(t, map[string]string{"DATABASE_URL": server.URL("postgres"), "DATA_DIR": t.TempDir(), "PORT": "0"})
		wantWords(t, format(Examine(t.Context(), c)...), want)
	}
}

func TestSQLite(t *testing.T) {
	dir := t.TempDir()
	migrator, err := schema.OpenSQLite(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(migrator.Up(t.Context()), migrator.Close()); err != nil {
		t.Fatal(err)
	}
	c := load(t, map[string]string{"DATA_DIR": dir, "PORT": "0"})
	wantWords(t, format(Examine(t.Context(), c)...), "ok schema: version ", "which is current", "!wrong")
	node, err := store.OpenSQLite(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	wantWords(t, format(Examine(t.Context(), c)...), "which is current", "!wrong")
}

func TestSecretsAreHidden(t *testing.T) {
	c := load(t, map[string]string{
		"DATABASE_URL": "postgres://u:hunter22@db/x", "REDIS_URL": "redis://:swordfish@r:1", "USE_MINIO": "true",
		"MINIO_ENDPOINT": "m:9000", "S3_ACCESS_KEY_ID": "a", "S3_SECRET_ACCESS_KEY": "open sesame",
	})
	got := hidden(c, errors.New("cannot dial postgres://u:hunter22@db/x with hunter22, swordfish\nor open sesame"))
	if want := "cannot dial … with …, … or …"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	c = load(t, map[string]string{"DATABASE_URL": "postgres://chillin:chillin@db/chillin"})
	if got := hidden(c, errors.New("no chillin there")); got != "no chillin there" {
		t.Errorf("got %q although the password is a default", got)
	}
}

func TestExamineWithCanceledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // no server is asked, and all findings are returned
	got := Examine(ctx, load(t, map[string]string{"DB_HOST": "127.0.0.1", "DB_USER": "u", "PORT": "0"}))
	if !slices.ContainsFunc(got, func(f Finding) bool { return f.Grade == Wrong && f.About == "Postgres" }) {
		t.Errorf("got\n%swant Postgres wrong", format(got...))
	}
}
