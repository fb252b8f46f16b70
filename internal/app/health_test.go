package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/health"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// ownEngines is a node with its own engines, which can be stopped: all of them, or only Redis if prepare is
// set.
type ownEngines struct {
	*node
	t        *testing.T
	metrics  string // address
	log      *record
	postgres *testenv.PostgresServer
	redis    *testenv.RedisServer
	storage  *testenv.ObjectStore
}

func startWithOwnEngines(t *testing.T, prepare func(s *ownEngines, env map[string]string)) *ownEngines {
	t.Helper()
	t.Parallel()
	s := &ownEngines{t: t, metrics: freeAddr(t), log: &record{}}
	engines := testenv.New(t)
	env := map[string]string{"METRICS_ADDR": s.metrics, "LOG_LEVEL": "info"}
	var err error
	s.redis, err = engines.Redis()
	s.must(err)
	env["REDIS_URL"] = s.redis.URL()
	if prepare == nil {
		s.postgres, err = engines.Postgres(testenv.PostgresOptions{})
		s.must(err)
		env["DATABASE_URL"], err = s.postgres.Create(t.Context())
		s.must(err)
		s.storage, err = engines.ObjectStore()
		s.must(err)
		bucket, err := s.storage.Create(t.Context())
		s.must(err)
		maps.Copy(env, storageEnv(bucket))
	}
	if prepare != nil { // only Redis is its own
		env["DATABASE_URL"], env["DATA_DIR"] = testenv.Postgres(t), t.TempDir()
		prepare(s, env)
	}
	s.node = startLogging(t, s.log, env, nil)
	return s
}

func (s *ownEngines) report(url string) (int, health.Report) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(ctx(s.t), http.MethodGet, url+"/health/ready", http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, body := fetchOnce(s.t, request)
	var report health.Report
	if err := json.Unmarshal(body, &report); err != nil {
		s.t.Fatalf("%s: %v", body, err)
	}
	return answer.StatusCode, report
}

// expectEngine waits until an engine has this state and reason, and everything else is ok.
func (s *ownEngines) expectEngine(engine, word string) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		status, report := s.report(s.base)
		if status != http.StatusOK {
			s.t.Fatalf("/health/ready = %d %+v, want 200 with any engine down", status, report)
		}
		fits := report.Status == health.Degraded && report.Checks[engine].Error == word
		if word == "" {
			fits = report.Status == health.OK
		}
		if fits {
			break
		}
		if time.Now().After(end) {
			s.t.Fatalf("report = %+v, want %s %q", report, engine, word)
		}
	}
	up := 1
	if word != "" {
		up = 0
	}
	s.expectMetric(fmt.Sprintf(`chillin_engine_up{engine="%s"} %d`, engine, up))
}

// expectMetric waits for a line of the metrics.
func (s *ownEngines) expectMetric(line string) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		text := scrape(s.t, s.metrics)
		if strings.Contains(text, line+"\n") {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("no line %q in\n%s", line, text)
		}
	}
}

func scrape(t *testing.T, addr string) string {
	t.Helper()
	answer := doRequest(t, http.MethodGet, "http://"+addr+"/metrics", "", nil)
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// must fails the test if err is not nil.
func (s *ownEngines) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// redisAdmin sends commands to Redis as administrator.
func (s *ownEngines) redisAdmin(commands ...string) {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.redis.Addr)
	s.must(err)
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for _, command := range commands {
		_, err := fmt.Fprintf(conn, "%s\r\n", command)
		s.must(err)
		answer, err := answers.ReadString('\n')
		s.must(err)
		if strings.HasPrefix(answer, "-") {
			s.t.Fatalf("%s: %s", command, answer)
		}
	}
}

func TestHealthReportsEngines(t *testing.T) {
	s := startWithOwnEngines(t, nil)
	s.expectEngine("redis", "")
	for name, server := range map[string]*testenv.Server{"database": s.postgres.Server, "redis": s.redis.Server, "storage": s.storage.Server} {
		s.must(server.Stop())
		s.expectEngine(name, "failed")
		s.log.expectLines(t, 1, `msg="engine unavailable"`, "engine="+name)
		s.must(server.Start())
		s.expectEngine(name, "")
		s.log.expectLines(t, 1, `msg="engine available"`, "engine="+name)
	}
	s.postgres.Pause()
	s.expectEngine("database", "timed out")
	s.postgres.Resume()
	s.expectEngine("database", "")
}

// A node without earlier health checks behaves the same: its database was available when it started.
func TestEngineFailureBeforeTheFirstCheck(t *testing.T) {
	s := startWithOwnEngines(t, nil)
	s.must(s.postgres.Kill())
	s.expectEngine("database", "failed")
	// Errors of work that is retried every second while Postgres is down are logged once.
	time.Sleep(5 * time.Second)
	s.log.expectLines(t, 1, `msg="claim due jobs failed"`)
	s.log.expectLines(t, 1, `msg="read settings failed"`)
	s.log.expectLines(t, 1, `msg="engine unavailable"`)
}

func TestRedisThatOnlyAnswersPings(t *testing.T) {
	t.Parallel()
	const all = "ACL SETUSER chillin on >secret ~* &* +@all"
	deny := func(commands ...string) func(s *ownEngines, env map[string]string) {
		return func(s *ownEngines, env map[string]string) {
			s.redisAdmin(append([]string{all}, commands...)...)
			env["REDIS_URL"] = strings.Replace(env["REDIS_URL"], "redis://", "redis://chillin:secret@", 1)
		}
	}
	for name, c := range map[string]struct{ denied, word string }{
		"no subscribe":           {"ACL SETUSER chillin -subscribe", "deaf"},
		"no publish":             {"ACL SETUSER chillin -publish", "deaf"},
		"no channels":            {"ACL SETUSER chillin resetchannels", "deaf"},
		"no writes of presence":  {"ACL SETUSER chillin -zadd", "writes fail"},
		"no scripts of presence": {"ACL SETUSER chillin -evalsha -eval", "writes fail"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("from the start", func(t *testing.T) {
				s := startWithOwnEngines(t, deny(c.denied))
				if _, report := s.report(s.base); report.Status != health.Degraded && c.word == "deaf" {
					t.Errorf("the first report is %+v, want degraded", report)
				}
				s.expectEngine("redis", c.word)
				s.redisAdmin(all)
				s.expectEngine("redis", "")
			})
			if name != "no subscribe" && name != "no writes of presence" {
				return
			}
			t.Run("later", func(t *testing.T) {
				s := startWithOwnEngines(t, deny())
				s.expectEngine("redis", "")
				s.redisAdmin(c.denied, "CLIENT KILL TYPE pubsub")
				s.expectEngine("redis", c.word)
				s.redisAdmin(all)
				s.expectEngine("redis", "")
			})
		})
	}
}

// Postgres answers, but accepts no writes, or not the important ones.
func TestDatabaseThatOnlyAnswersPings(t *testing.T) {
	s := startWithOwnEngines(t, nil)
	alice := (&deployment{t, []string{s.base}}).user("alice", 0)
	room := alice.room("Harbour", nil)
	s.expectEngine("database", "")
	admin := connect(t, s.config.Database.DSN.Reveal())
	exec := func(sql string) {
		t.Helper()
		_, err := admin.Exec(ctx(t), sql)
		s.must(err)
	}
	exec(`ALTER SYSTEM SET default_transaction_read_only = on`)
	exec(`SELECT pg_reload_conf()`)
	s.expectEngine("database", "read-only")
	exec(`SET transaction_read_only = off`)
	exec(`ALTER SYSTEM RESET default_transaction_read_only`)
	exec(`SELECT pg_reload_conf()`)
	s.expectEngine("database", "")

	exec(`BEGIN`)
	exec(`LOCK TABLE messages IN EXCLUSIVE MODE`)
	alice.Patience = 0
	_, err := alice.trySend(room.ID, uuid.NewString(), "into a lock")
	wantCode(t, err, chat.Unavailable)
	s.expectEngine("database", "writes fail") // reports are cached for a second
	exec(`ROLLBACK`)
	alice.send(room.ID, "through")
	s.expectEngine("database", "")
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(ctx(t), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}
