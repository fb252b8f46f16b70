// Package testenv provides real servers to tests: Postgres, Redis, S3 and nginx.
//
// A test requests what it needs:
//
//	dsn := testenv.Postgres(t) // an empty database
//	url := testenv.Redis(t)    // an empty Redis
//	s3 := testenv.S3(t)        // an empty bucket
//
// The servers are those of TEST_DATABASE_URL, TEST_REDIS_URL and TEST_S3_ENDPOINT (with
// TEST_S3_ACCESS_KEY and TEST_S3_SECRET_KEY). If these are not set, testenv starts servers on free
// loopback ports with data in a temporary folder, and installs or builds them first if it can. If it
// cannot, the test fails and says what to do: no test is skipped because a server is missing.
//
// Tests that stop, kill or suspend servers use a separate Env (New) and control its servers.
// Env.Cluster starts the whole product in one call.
//
// No server outlives the test binary, however it ends.
package testenv

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// shared are the servers used by all tests of a test binary. It is global because there is no common
// place before the first server is needed.
var shared = &pool{}

type pool struct {
	mu       sync.Mutex
	env      *Env
	postgres map[bool]*PostgresServer // by durability
	pooler   *PgBouncer
	store    *ObjectStore
	cluster  *RedisCluster
	sentinel *RedisSentinel

	clusterUse, sentinelUse sync.Mutex // held by the test that uses them
}

// Postgres returns the DSN of an empty database that is dropped when t ends. Its server does not sync
// to disk: see DurablePostgres.
func Postgres(t testing.TB) string {
	t.Helper()
	return database(t, false, "")
}

// PostgresWithLocale is Postgres with options of CREATE DATABASE, such as LC_CTYPE 'C'.
func PostgresWithLocale(t testing.TB, options string) string {
	t.Helper()
	return database(t, false, options)
}

// DurablePostgres is Postgres with a server that syncs every commit, for durability tests and
// benchmarks. With TEST_DATABASE_URL it depends on that server.
func DurablePostgres(t testing.TB) string {
	t.Helper()
	return database(t, true, "")
}

func database(t testing.TB, durable bool, options string) string {
	t.Helper()
	admin, err := shared.databaseServer(durable)
	if err != nil {
		t.Fatalf("testenv: no Postgres for this test: %v", err)
	}
	dsn, err := createDatabase(t.Context(), admin, options)
	if err != nil {
		t.Fatalf("testenv: no database for this test: %v", err)
	}
	t.Cleanup(func() {
		if err := dropDatabase(context.Background(), admin, dsn); err != nil {
			t.Errorf("testenv: %v", err)
		}
	})
	return dsn
}

// Pooled returns the DSN of an empty database through a PgBouncer in transaction mode, and the one
// without it.
func Pooled(t testing.TB) (pooled, direct string) {
	t.Helper()
	direct = database(t, false, "")
	b, err := shared.pgBouncer(direct)
	if err != nil {
		t.Fatalf("testenv: no PgBouncer for this test: %v", err)
	}
	pooled, err = b.Through(direct)
	if err == nil { // nodes refuse a server that is not durable, and cannot set it through a pooler
		err = execute(t.Context(), direct, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = on', current_database()); END $$`)
	}
	if err != nil {
		t.Fatalf("testenv: %v", err)
	}
	return pooled, direct
}

// Redis returns the redis:// URL of an empty Redis for t. With TEST_REDIS_URL it is one of the
// databases 1 to 15 of that server, and pub/sub channels are shared with other users of the server.
func Redis(t testing.TB) string {
	t.Helper()
	url, release, err := shared.redis(t.Context())
	if err != nil {
		t.Fatalf("testenv: no Redis for this test: %v", err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Errorf("testenv: %v", err)
		}
	})
	return url
}

// SharedRedisCluster returns the URL of an empty Redis Cluster of three masters. One test at a time uses it:
// others wait until t ends.
func SharedRedisCluster(t testing.TB) string {
	t.Helper()
	shared.clusterUse.Lock()
	t.Cleanup(shared.clusterUse.Unlock)
	c, err := shared.redisCluster()
	if err != nil {
		t.Fatalf("testenv: no Redis Cluster for this test: %v", err)
	}
	flushAll(t, c.Masters)
	return c.URL()
}

// SharedRedisSentinel returns the URL of an empty Redis that three Sentinels watch. One test at a time uses it.
func SharedRedisSentinel(t testing.TB) string {
	t.Helper()
	shared.sentinelUse.Lock()
	t.Cleanup(shared.sentinelUse.Unlock)
	s, err := shared.redisSentinel()
	if err != nil {
		t.Fatalf("testenv: no Redis with Sentinels for this test: %v", err)
	}
	flushAll(t, s.Servers[:1])
	return s.URL()
}

func flushAll(t testing.TB, servers []*RedisServer) {
	t.Helper()
	for _, s := range servers {
		if _, err := s.Command("FLUSHALL"); err != nil {
			t.Fatalf("testenv: %v", err)
		}
	}
}

// S3 returns an empty bucket that is removed when t ends.
func S3(t testing.TB) Store {
	t.Helper()
	at, err := shared.objectStore()
	if err != nil {
		t.Fatalf("testenv: no S3 for this test: %v", err)
	}
	bucket, err := createBucket(t.Context(), at)
	if err != nil {
		t.Fatalf("testenv: no bucket for this test: %v", err)
	}
	t.Cleanup(func() {
		if err := dropBucket(context.Background(), bucket); err != nil {
			t.Errorf("testenv: %v", err)
		}
	})
	return bucket
}

// New returns an Env for t, which is closed when t ends. If t fails, the last output of every server is
// logged.
func New(t testing.TB) *Env {
	t.Helper()
	env, err := Open("")
	if err != nil {
		t.Fatalf("testenv: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, s := range env.Servers() {
				t.Logf("last output of %s at %s:\n%s", s.Name, s.Addr, s.Tail(25))
			}
		}
		if err := env.Close(); err != nil {
			t.Errorf("testenv: %v", err)
		}
	})
	return env
}

// Main is the TestMain of packages whose tests must not leak goroutines. It runs the tests, fails if
// there are leaks and stops the shared servers.
func Main(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(Leaks()...); err != nil {
			fmt.Fprintf(os.Stderr, "testenv: the tests leaked goroutines: %v\n", err)
			code = 1
		}
	}
	if err := shared.close(); err != nil {
		fmt.Fprintf(os.Stderr, "testenv: %v\n", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Leaks returns options for goleak that ignore the goroutines waiting for the shared servers.
func Leaks() []goleak.Option {
	return []goleak.Option{goleak.IgnoreAnyFunction("github.com/chillin-chat/chillin/internal/test/env.(*Server).run")}
}

func (p *pool) open() (*Env, error) {
	if p.env == nil {
		env, err := Open("")
		if err != nil {
			return nil, err
		}
		p.env = env
	}
	return p.env, nil
}

// databaseServer returns the DSN of a database with which others can be created.
func (p *pool) databaseServer(durable bool) (string, error) {
	if named := os.Getenv("TEST_DATABASE_URL"); named != "" {
		return named, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if pg := p.postgres[durable]; pg != nil {
		return pg.URL("postgres"), nil
	}
	if useContainers("postgres") {
		return containerDatabase()
	}
	env, err := p.open()
	if err != nil {
		return "", err
	}
	pg, err := env.Postgres(PostgresOptions{Durable: durable})
	if err != nil {
		return "", err
	}
	if p.postgres == nil {
		p.postgres = map[bool]*PostgresServer{}
	}
	p.postgres[durable] = pg
	return pg.URL("postgres"), nil
}

// pgBouncer returns the PgBouncer in front of the server of dsn.
func (p *pool) pgBouncer(dsn string) (*PgBouncer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pooler != nil {
		return p.pooler, nil
	}
	env, err := p.open()
	if err != nil {
		return nil, err
	}
	p.pooler, err = env.PgBouncer(dsn, PgBouncerOptions{Size: 6})
	return p.pooler, err
}

// redis starts a separate Redis for every test: pub/sub channels do not belong to a database, and it
// starts in 30 ms.
func (p *pool) redis(ctx context.Context) (url string, release func() error, err error) {
	if named := os.Getenv("TEST_REDIS_URL"); named != "" {
		return leaseRedis(ctx, named)
	}
	if useContainers("redis-server") {
		named, err := containerRedis()
		if err != nil {
			return "", nil, err
		}
		return leaseRedis(ctx, named)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	env, err := p.open()
	if err != nil {
		return "", nil, err
	}
	r, err := env.Redis()
	if err != nil {
		return "", nil, err
	}
	return r.URL(), r.Kill, nil
}

// redisCluster starts the cluster of all tests, which takes two seconds.
func (p *pool) redisCluster() (*RedisCluster, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cluster == nil {
		env, err := p.open()
		if err != nil {
			return nil, err
		}
		if p.cluster, err = env.RedisCluster(RedisClusterOptions{}); err != nil {
			return nil, err
		}
	}
	return p.cluster, nil
}

// redisSentinel starts the Redis with Sentinels of all tests.
func (p *pool) redisSentinel() (*RedisSentinel, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sentinel == nil {
		env, err := p.open()
		if err != nil {
			return nil, err
		}
		if p.sentinel, err = env.RedisSentinel(RedisSentinelOptions{}); err != nil {
			return nil, err
		}
	}
	return p.sentinel, nil
}

// objectStore returns an S3 server, without Bucket.
func (p *pool) objectStore() (Store, error) {
	if named := os.Getenv("TEST_S3_ENDPOINT"); named != "" {
		return namedS3(named), nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.store == nil {
		env, err := p.open()
		if err != nil {
			return Store{}, err
		}
		if p.store, err = env.ObjectStore(); err != nil {
			return Store{}, err
		}
	}
	return p.store.at(), nil
}

// namedS3 reads TEST_S3_ENDPOINT, which is host:port or a URL, and the related variables.
func namedS3(endpoint string) Store {
	secure := strings.HasPrefix(endpoint, "https://")
	endpoint = strings.TrimPrefix(strings.TrimPrefix(endpoint, "https://"), "http://")
	return Store{
		Endpoint:  strings.TrimSuffix(endpoint, "/"),
		AccessKey: os.Getenv("TEST_S3_ACCESS_KEY"),
		SecretKey: os.Getenv("TEST_S3_SECRET_KEY"),
		Region:    objectStoreRegion,
		Secure:    secure,
	}
}

func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.env == nil {
		return nil
	}
	return p.env.Close()
}
