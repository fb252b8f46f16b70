package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
)

// series contains the lines of one scrape: values by name and labels.
type series map[string]float64

func scrapeSeries(t *testing.T, addr string) series {
	t.Helper()
	found := series{}
	for line := range strings.Lines(scrape(t, addr)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if open := strings.LastIndex(line, "} "); open > 0 {
			name, value, ok = line[:open+1], strings.TrimSpace(line[open+2:]), true
		}
		if number, err := strconv.ParseFloat(value, 64); ok && err == nil {
			found[name] = number
		}
	}
	return found
}

// operations returns the method and path of every operation in the OpenAPI document.
func operations(t *testing.T) (all [][2]string) {
	t.Helper()
	text, err := os.ReadFile("../../web/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for path, methods := range document.Paths {
		for method := range methods {
			all = append(all, [2]string{strings.ToUpper(method), path})
		}
	}
	return all
}

// An alert on the first increase requires an initial zero.
func TestCountersBeginAtZero(t *testing.T) {
	addr := freeAddr(t)
	embedded(t, map[string]string{"METRICS_ADDR": addr})
	exported := scrapeSeries(t, addr)
	var want []string
	all := append(operations(t), [2]string{"GET", "/ws"}, [2]string{"GET", "/health"}, [2]string{"GET", "/health/ready"}, [2]string{"GET", "unmatched"})
	if len(all) < 50 {
		t.Fatalf("only %d operations found", len(all))
	}
	for _, op := range all {
		for _, class := range []string{"2xx", "4xx", "5xx"} {
			want = append(want, fmt.Sprintf(`chillin_http_requests_total{method="%s",route="%s",status="%s"}`, op[0], op[1], class))
		}
	}
	for _, code := range []string{`status="503",code="UNAVAILABLE"`, `status="500",code="INTERNAL"`, `status="429",code="RATE_LIMITED"`,
		`status="400",code="BAD_REQUEST"`, `status="422",code="BAD_REQUEST"`, `status="401",code="UNAUTHENTICATED"`,
		`status="413",code="QUOTA_EXCEEDED"`, `status="415",code="UNSUPPORTED_MEDIA"`, `status="408",code="UNAVAILABLE"`} {
		status, code, _ := strings.Cut(code, ",")
		want = append(want, fmt.Sprintf("chillin_requests_refused_total{%s,%s}", code, status), fmt.Sprintf("chillin_commands_refused_total{%s}", code))
	}
	for _, kind := range []string{"login", "register", "guest"} {
		for _, outcome := range []string{"ok", "failed", "limited", "unavailable"} {
			want = append(want, fmt.Sprintf(`chillin_sign_ins_total{kind="%s",outcome="%s"}`, kind, outcome))
		}
	}
	for _, path := range []string{"socket", "rest", "webhook"} {
		want = append(want, fmt.Sprintf(`chillin_messages_confirmed_total{path="%s"}`, path))
	}
	for _, queue := range []string{"appends", "changes", "searches", "name_searches", "room_lists", "passwords", "pictures", "uploads", "socket_writes", "bus_received"} {
		want = append(want, fmt.Sprintf(`chillin_queue_depth{queue="%s"}`, queue))
	}
	want = append(want, "chillin_socket_queue_bytes", "chillin_connected_users", "chillin_draining",
		"chillin_bus_delivery_seconds_count", `chillin_panics_total{task="append"}`, `chillin_webhook_deliveries_total{outcome="failed"}`,
		`chillin_jobs_total{kind="purge-expired",outcome="failed"}`, `chillin_jobs_total{kind="purge-expired",outcome="given_up"}`)
	for _, name := range want {
		if value, ok := exported[name]; !ok || value != 0 {
			t.Errorf("%s: %v, exported: %v; want 0 from the start", name, value, ok)
		}
	}
}

// TestSignInsRefusalsAndSendsAreCounted performs each of these and expects the counter to rise by one.
func TestSignInsRefusalsAndSendsAreCounted(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	d := embedded(t, map[string]string{"METRICS_ADDR": addr, "RATE_LIMIT_MESSAGES": "10"})
	alice := d.user("alice", 0)
	room := alice.room("Lobby", nil)
	hook := alice.incoming(room.ID, "CI")
	stranger := newClient(d.nodes[0])
	messages := path("/rooms/%d/messages", room.ID)
	post := func(path string, body any) error {
		return alice.Client.Do(ctx(t), http.MethodPost, path, body, nil)
	}
	text := func() map[string]string { return map[string]string{"cid": uuid.NewString(), "text": "hello"} }
	known := text()
	for _, c := range []struct {
		name string
		do   func() error
		code chat.Code // "" for success
		want []string  // the counters that rise by one
	}{
		{"a wrong password", func() error { return stranger.Login(ctx(t), "alice", "a wrong guess") }, chat.Unauthenticated,
			[]string{`chillin_sign_ins_total{kind="login",outcome="failed"}`, `chillin_requests_refused_total{code="UNAUTHENTICATED",status="401"}`,
				`chillin_http_requests_total{method="POST",route="/api/v1/auth/login",status="4xx"}`}},
		{"a sign-in", func() error { return stranger.Login(ctx(t), "alice", "correct horse") }, "",
			[]string{`chillin_sign_ins_total{kind="login",outcome="ok"}`, `chillin_http_requests_total{method="POST",route="/api/v1/auth/login",status="2xx"}`}},
		{"a registration", func() error { return stranger.Register(ctx(t), "bob", "correct horse") }, "",
			[]string{`chillin_sign_ins_total{kind="register",outcome="ok"}`}},
		{"a name that is taken", func() error { return newClient(d.nodes[0]).Register(ctx(t), "bob", "correct horse") }, chat.UsernameTaken,
			[]string{`chillin_sign_ins_total{kind="register",outcome="failed"}`, `chillin_requests_refused_total{code="USERNAME_TAKEN",status="409"}`}},
		{"a guest", func() error { return post("/auth/guest", map[string]string{}) }, "",
			[]string{`chillin_sign_ins_total{kind="guest",outcome="ok"}`}},
		{"a send over REST", func() error { return post(messages, known) }, "",
			[]string{`chillin_messages_confirmed_total{path="rest"}`, "chillin_messages_appended_total", "chillin_confirm_seconds_count"}},
		{"the same send again", func() error { return post(messages, known) }, "",
			[]string{`chillin_messages_confirmed_total{path="rest"}`, "chillin_messages_deduplicated_total", "chillin_confirm_seconds_count"}},
		{"a send over the socket", func() error { _, err := alice.trySend(room.ID, uuid.NewString(), "hello"); return err }, "",
			[]string{`chillin_messages_confirmed_total{path="socket"}`, "chillin_messages_appended_total", "chillin_confirm_seconds_count"}},
		{"a send over a webhook", func() error { return post("/hooks/"+hook.Token, map[string]string{"text": "hello"}) }, "",
			[]string{`chillin_messages_confirmed_total{path="webhook"}`, "chillin_messages_appended_total", "chillin_confirm_seconds_count"}},
		{"an empty send over REST", func() error { return post(messages, map[string]string{"cid": uuid.NewString(), "text": " "}) }, chat.Empty,
			[]string{`chillin_requests_refused_total{code="EMPTY",status="422"}`}},
		{"an empty send over the socket", func() error { _, err := alice.trySend(room.ID, uuid.NewString(), " "); return err }, chat.Empty,
			[]string{`chillin_commands_refused_total{code="EMPTY"}`}},
		{"a body that is not JSON", func() error { return alice.raw("POST", "/rooms", "{") }, chat.BadRequest,
			[]string{`chillin_requests_refused_total{code="BAD_REQUEST",status="400"}`}},
		{"a path that does not exist", func() error { return post("/nowhere", nil) }, chat.NotFound,
			[]string{`chillin_requests_refused_total{code="NOT_FOUND",status="404"}`, `chillin_http_requests_total{method="POST",route="unmatched",status="4xx"}`}},
		{"a socket without a session", func() error {
			_, err := newClient(d.nodes[0]).Dial(ctx(t))
			if err == nil {
				t.Error("a socket opened without a session")
			}
			return nil
		}, "", []string{`chillin_requests_refused_total{code="UNAUTHENTICATED",status="401"}`, `chillin_http_requests_total{method="GET",route="/ws",status="4xx"}`}},
	} {
		before := scrapeSeries(t, addr)
		err := c.do()
		if c.code == "" && err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if c.code != "" {
			wantCode(t, err, c.code)
		}
		wantRise(t, addr, before, c.name, c.want)
	}

	before := scrapeSeries(t, addr)
	sent := 0
	var err error
	for ; err == nil && sent < 100; sent++ {
		err = post(messages, text())
	}
	wantCode(t, err, chat.RateLimited)
	before[`chillin_messages_confirmed_total{path="rest"}`] += float64(sent - 1)
	before["chillin_messages_appended_total"] += float64(sent - 1)
	wantRise(t, addr, before, "too many sends", []string{`chillin_requests_refused_total{code="RATE_LIMITED",status="429"}`})
}

// wantRise waits until the named counters are one higher than before: a request is counted after its
// response. Other refusals and confirmations must not have risen.
func wantRise(t *testing.T, addr string, before series, what string, names []string) {
	t.Helper()
	var now series
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		now = scrapeSeries(t, addr)
		missing := slices.ContainsFunc(names, func(name string) bool { return now[name] < before[name]+1 })
		if !missing || time.Now().After(end) {
			break
		}
	}
	strict := regexp.MustCompile(`^chillin_(requests_refused|commands_refused|sign_ins|messages_\w+)_total`)
	for name, value := range now {
		want := before[name]
		if slices.Contains(names, name) {
			want++
		} else if !strict.MatchString(name) {
			continue
		}
		if value != want {
			t.Errorf("%s: %s = %v, want %v", what, name, value, want)
		}
	}
}

// values reads metrics that come from the database. It returns nil if any is missing.
func (s *ownEngines) values(names ...string) map[string]float64 {
	s.t.Helper()
	exported, found := scrapeSeries(s.t, s.metrics), map[string]float64{}
	for _, name := range names {
		value, ok := exported[name]
		if !ok {
			return nil
		}
		found[name] = value
	}
	return found
}

// until waits until ok returns true.
func (s *ownEngines) until(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("timed out waiting for %s; the metrics are\n%s", what, scrape(s.t, s.metrics))
		}
	}
}

// While the database hangs, a scrape is answered without the values of the database: a stale value or a
// zero would look like a measurement.
func TestDatabaseMetricsAreOmittedDuringAnOutage(t *testing.T) {
	s := startWithOwnEngines(t, nil)
	backlog := []string{"chillin_search_lag_seconds", "chillin_webhooks_due", "chillin_webhook_age_seconds", "chillin_storage_used_bytes",
		`chillin_jobs{kind="purge-expired",state="queued"}`, `chillin_job_age_seconds{kind="purge-expired"}`}
	s.until("a first reading", func() bool { return s.values(append(backlog, "chillin_active_users")...) != nil })
	alice := (&deployment{t, []string{s.base}}).user("alice", 0)
	alice.attach("a.bin", noise(5000))
	if got := s.values("chillin_connected_users")["chillin_connected_users"]; got != 1 {
		t.Errorf("connected users = %v, want 1", got)
	}
	s.until("a reading of the stored bytes", func() bool {
		return s.values("chillin_storage_used_bytes")["chillin_storage_used_bytes"] == 5000
	})
	// Between the nodes: a probe of this node came back over Redis.
	s.until("a probe", func() bool {
		return s.values("chillin_bus_delivery_seconds_count")["chillin_bus_delivery_seconds_count"] > 0
	})
	if s.values(`chillin_queue_depth{queue="bus_publish"}`, `chillin_queue_depth{queue="presence"}`) == nil {
		t.Error("the queues of Redis are missing")
	}

	s.postgres.Pause()
	s.until("the readings to be cleared", func() bool {
		for _, name := range backlog {
			if s.values(name) != nil {
				return false
			}
		}
		return true
	})
	if s.values("chillin_storage_quota_bytes", "chillin_connections", "chillin_draining") == nil {
		t.Error("the node's own values are missing")
	}
	s.postgres.Resume()
	s.until("new readings", func() bool { return s.values(backlog...) != nil })
}
