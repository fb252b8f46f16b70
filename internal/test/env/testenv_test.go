package testenv_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/redis/go-redis/v9"

	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func TestEveryTestHasItsOwnDatabase(t *testing.T) {
	a, b := testenv.Postgres(t), testenv.Postgres(t)
	if a == b {
		t.Fatalf("two databases have the same DSN: %s", a)
	}
	query(t, a, "CREATE TABLE t (x int)")
	if got, want := query(t, b, "SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public'"), 0; got != want {
		t.Errorf("tables in the other database = %d, want %d", got, want)
	}
}

func TestDatabaseIsDroppedAfterItsTest(t *testing.T) {
	var dsn string
	t.Run("test", func(t *testing.T) { dsn = testenv.Postgres(t) })
	if conn, err := pgx.Connect(t.Context(), dsn); err == nil {
		conn.Close(t.Context())
		t.Errorf("the database of a finished test accepts connections")
	}
}

func TestDurableDatabaseSyncsCommits(t *testing.T) {
	if os.Getenv("TEST_DATABASE_URL") != "" {
		t.Log("depends on the named server")
		return
	}
	const ask = "SELECT count(*)::int FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') AND setting = 'on'"
	for name, c := range map[string]struct {
		dsn  string
		want int
	}{
		"durable": {testenv.DurablePostgres(t), 3},
		"plain":   {testenv.Postgres(t), 0},
	} {
		if got := query(t, c.dsn, ask); got != c.want {
			t.Errorf("%s: settings that are on = %d, want %d", name, got, c.want)
		}
	}
}

func TestEveryTestHasItsOwnRedis(t *testing.T) {
	a, b := redisClient(t, testenv.Redis(t)), redisClient(t, testenv.Redis(t))
	if err := a.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatalf("set: %v", err)
	}
	if got, err := b.DBSize(t.Context()).Result(); err != nil || got != 0 {
		t.Errorf("keys in the other Redis = %d, %v; want 0, nil", got, err)
	}
}

func TestBucketStoresObjects(t *testing.T) {
	s3 := testenv.S3(t)
	client := s3Client(t, s3, s3.SecretKey)
	text := []byte("bytes")
	if _, err := client.PutObject(t.Context(), s3.Bucket, "k", bytes.NewReader(text), int64(len(text)), minio.PutObjectOptions{}); err != nil {
		t.Fatalf("put: %v", err)
	}
	object, err := client.GetObject(t.Context(), s3.Bucket, "k", minio.GetObjectOptions{})
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	defer object.Close()
	if got, err := io.ReadAll(object); err != nil || !bytes.Equal(got, text) {
		t.Errorf("object = %q, %v; want %q", got, err, text)
	}
}

func TestWrongSecretIsRefused(t *testing.T) {
	s3 := testenv.S3(t)
	_, err := s3Client(t, s3, "wrong").BucketExists(t.Context(), s3.Bucket)
	if got, want := minio.ToErrorResponse(err).StatusCode, http.StatusForbidden; got != want {
		t.Errorf("status = %d (%v), want %d", got, err, want)
	}
}

func TestKilledPostgresKeepsItsPortAndCommits(t *testing.T) {
	pg, err := testenv.New(t).Postgres(testenv.PostgresOptions{Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	dsn, err := pg.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	query(t, dsn, "CREATE TABLE t AS SELECT 7 AS x")
	if err := pg.Kill(); err != nil {
		t.Fatal(err)
	}
	if pg.Running() {
		t.Error("running after Kill")
	}
	if err := pg.Restart(); err != nil {
		t.Fatal(err)
	}
	if got, want := query(t, dsn, "SELECT x FROM t"), 7; got != want {
		t.Errorf("row = %d, want %d", got, want)
	}
}

func TestStoppedRedisEndsGracefully(t *testing.T) {
	r, err := testenv.New(t).Redis()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	if got := r.ExitCode(); got != 0 {
		t.Errorf("exit code = %d, want 0", got)
	}
	if !strings.Contains(r.Log(), "ready to exit") {
		t.Errorf("no graceful shutdown in the log:\n%s", r.Tail(5))
	}
}

func TestPausedServerDoesNotAnswer(t *testing.T) {
	r, err := testenv.New(t).Redis()
	if err != nil {
		t.Fatal(err)
	}
	client := redisClient(t, r.URL())
	r.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := client.Ping(ctx).Err(); err == nil {
		t.Error("a paused server answered")
	}
	r.Resume()
	if err := r.AwaitReady(t.Context()); err != nil {
		t.Errorf("after Resume: %v", err)
	}
}

func TestPausedServerCanBeStopped(t *testing.T) {
	pg, err := testenv.New(t).Postgres(testenv.PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pg.Pause()
	if err := pg.Stop(); err != nil {
		t.Error(err)
	}
}

// TestServersDieWithTheTestBinary runs this test binary again as a child that starts servers, and kills
// the child.
func TestServersDieWithTheTestBinary(t *testing.T) {
	if os.Getenv("TESTENV_CHILD") != "" {
		holdServers(t)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestServersDieWithTheTestBinary$")
	child.Env = append(os.Environ(), "TESTENV_CHILD=1", "TMPDIR="+sharedTemp(t))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 4096)
	n, err := out.Read(line)
	if err != nil {
		t.Fatalf("read the child's report: %v", err)
	}
	fields := strings.Fields(string(line[:n]))
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()

	for _, field := range fields[1:] {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatalf("report = %q", line[:n])
		}
		await(t, "the end of process "+field, func() bool { return !alive(pid) })
	}
	await(t, "the removal of "+fields[0], func() bool {
		_, err := os.Stat(fields[0])
		return os.IsNotExist(err)
	})
}

// holdServers starts servers, prints its folder and PIDs, and waits to be killed.
func holdServers(t *testing.T) {
	env := testenv.New(t)
	pg, err := env.Postgres(testenv.PostgresOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := env.Redis()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = os.Stdout.WriteString(env.Logs() + " " + strconv.Itoa(pg.Pid()) + " " + strconv.Itoa(r.Pid()) + "\n")
	select {}
}

// A draining node has closed its port and is skipped like a dead node. A 503 is a response: the other
// nodes would return the same.
func TestNginxSkipsDeadNodes(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	proxy := testenv.ProxyTo(t, dead.Addr().String(), answering(t, http.StatusOK))
	for range 20 {
		if got, want := statusOf(t, proxy.URL()), http.StatusOK; got != want {
			t.Fatalf("status = %d, want %d", got, want)
		}
	}
}

func TestNginxForwardsUnavailable(t *testing.T) {
	proxy := testenv.ProxyTo(t, answering(t, http.StatusServiceUnavailable), answering(t, http.StatusServiceUnavailable))
	for range 20 {
		if got, want := statusOf(t, proxy.URL()), http.StatusServiceUnavailable; got != want {
			t.Fatalf("status = %d, want %d", got, want)
		}
	}
}

func TestNginxLogsNoKeys(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	proxy := testenv.ProxyTo(t, dead.Addr().String()) // so that there is also something for the error log
	for _, path := range []string{"/api/v1/hooks/", "/api/v1/invites/", "/invite/"} {
		if got, want := statusOf(t, proxy.URL()+path+"the-key"), http.StatusBadGateway; got != want {
			t.Fatalf("status = %d, want %d", got, want)
		}
	}
	await(t, "three lines without their keys", func() bool { return strings.Count(proxy.Log(), `/-" 502`) == 3 })
	if log := proxy.Log(); strings.Contains(log, "the-key") {
		t.Fatalf("log = %s\nwant no keys in it", log)
	}
}

// answering serves status at every path and returns its address.
func answering(t *testing.T, status int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
	})}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return l.Addr().String()
}

func statusOf(t *testing.T, url string) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func query(t *testing.T, dsn, sql string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close(context.Background())
	if strings.HasPrefix(sql, "SELECT") {
		err = conn.QueryRow(t.Context(), sql).Scan(&n)
	} else {
		_, err = conn.Exec(t.Context(), sql)
	}
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func redisClient(t *testing.T, url string) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	opts.ContextTimeoutEnabled = true
	client := redis.NewClient(opts)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func s3Client(t *testing.T, at testenv.Store, secret string) *minio.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := minio.New(at.Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(at.AccessKey, secret, ""), Region: at.Region, Secure: at.Secure, Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// sharedTemp returns the temporary folder of this process, so that the child uses the same template.
func sharedTemp(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(os.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// await polls until ok returns true.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}
