package app_test

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
)

// record is a log that can be read while the node writes it.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

// with returns the lines that contain all of words.
func (r *record) with(words ...string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []string
lines:
	for line := range strings.Lines(r.text.String()) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue lines
			}
		}
		found = append(found, line)
	}
	return found
}

// expectLines waits for n lines with all of words, because an access line is written after the response. More
// lines are an error.
func (r *record) expectLines(t *testing.T, n int, words ...string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); len(r.with(words...)) < n && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if got := r.with(words...); len(got) != n {
		t.Errorf("%d lines with %q, want %d; the log:\n%s", len(got), words, n, strings.Join(r.with(), ""))
	}
}

func logged(t *testing.T, more map[string]string) (*deployment, *record) {
	t.Helper()
	log := &record{}
	return &deployment{t, []string{startLogging(t, log, map[string]string{"DATA_DIR": t.TempDir()}, more).base}}, log
}

func doRequest(t *testing.T, method, url, body string, header map[string]string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx(t), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func TestEveryRequestHasAnID(t *testing.T) {
	const given = "4bf92f3577b34da6a3ce929d0e0e4736"
	own := regexp.MustCompile(`^[a-z2-7]{16}$`)
	for name, c := range map[string]struct {
		proxies, id string
		taken       bool
	}{
		"from a proxy":            {"loopback", given, true},
		"from a client":           {"", given, false},
		"none":                    {"loopback", "", false},
		"too short":               {"loopback", "1234567", false},
		"too long":                {"loopback", strings.Repeat("a", 65), false},
		"with other characters":   {"loopback", `12345678" level=ERROR msg="x`, false},
		"in another format":       {"loopback", "req_01JDVX.7-a", true},
		"from an untrusted proxy": {"192.0.2.1", given, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, log := logged(t, map[string]string{"TRUST_PROXY": c.proxies, "LOG_LEVEL": "debug"})
			for _, path := range []string{"/health", "/api/v1/rooms/7", "/ws", "/some/page", "/api/v1/nothing"} {
				answer := doRequest(t, http.MethodGet, d.nodes[0]+path, "", map[string]string{"X-Request-ID": c.id})
				got := answer.Header.Get("X-Request-ID")
				if c.taken && got != c.id || !c.taken && !own.MatchString(got) {
					t.Errorf("%s: id %q", path, got)
				}
				if c.taken {
					continue
				}
				log.expectLines(t, 1, "msg=request ", "request="+got, "ip=127.0.0.1")
			}
			if c.taken {
				log.expectLines(t, 5, "msg=request ", "request="+c.id)
			}
			if strings.Contains(c.id, " ") {
				log.expectLines(t, 0, "level=ERROR")
			}
		})
	}
}

func TestAccessLinesHaveNoSecrets(t *testing.T) {
	d, log := logged(t, map[string]string{"LOG_LEVEL": "debug"})
	alice := d.user("alice", 0)
	room := alice.room("Harbour", nil)
	const secret = "wdsecret2345secret"
	for _, path := range []string{
		"/api/v1/hooks/" + secret, "/api/v1/invites/" + secret, "/invite/" + secret, "/" + secret, "/api/" + secret,
		"/api/v1/files/1?signature=" + secret, path("/api/v1/rooms/%d?token=%s", room.ID, secret),
	} {
		doRequest(t, http.MethodPost, d.nodes[0]+path, `{"text":"`+secret+`"}`, map[string]string{"Content-Type": "application/json"})
		doRequest(t, http.MethodGet, d.nodes[0]+path, "", map[string]string{"Authorization": "Bearer " + alice.Token})
	}
	log.expectLines(t, 0, secret)
	log.expectLines(t, 0, alice.Token)
	log.expectLines(t, 1, "msg=request ", "method=GET", path("path=/api/v1/rooms/%d ", room.ID), "status=200", path("user=%d", alice.User.ID), "operation=getRoom")
	log.expectLines(t, 1, "msg=request ", "method=POST", "path=/api/v1/hooks/{token}", "status=")
	alice.send(room.ID, secret)
	log.expectLines(t, 0, secret)
	log.expectLines(t, 1, "msg=command ", "type=message:send", path("user=%d", alice.User.ID), "conn=", "request=")
}

func TestSecurityEventsAreLogged(t *testing.T) {
	d, log := logged(t, map[string]string{"LOG_LEVEL": "info", "RATE_LIMIT_AUTH": "6"})
	admin, bob := d.user("alice", 0), d.user("bob", 0)
	security := func(n int, words ...string) {
		t.Helper()
		log.expectLines(t, n, append(words, "event=security", "request=", "ip=127.0.0.1")...)
	}
	room := admin.room("Harbour", nil)
	for name, password := range map[string]string{"bob": "not his password", "hunter2 as a name": "nobody's"} {
		if err := newClient(d.nodes[0]).Login(ctx(t), name, password); err == nil {
			t.Fatal("signed in with a wrong password")
		}
	}
	security(1, `msg="sign-in failed"`, path("user=%d", bob.User.ID))
	security(2, `msg="sign-in failed"`)
	for range 5 {
		_ = newClient(d.nodes[0]).Login(ctx(t), "bob", "not his password")
	}
	security(1, `msg="limit reached"`, "operation=login")
	for _, secret := range []string{"not his password", "hunter2", "nobody's"} {
		log.expectLines(t, 0, secret)
	}

	wantCode(t, bob.Client.Do(ctx(t), http.MethodGet, "/admin/users", nil, nil), chat.NotFound)
	security(1, `msg="permission denied"`, "operation=listUsers", path("user=%d", bob.User.ID))
	wantCode(t, bob.Client.Do(ctx(t), http.MethodPatch, path("/rooms/%d", room.ID), map[string]any{"name": "Mine"}, nil), chat.NotAMember)
	if err := bob.Client.Do(ctx(t), http.MethodPost, path("/rooms/%d/join", room.ID), nil, nil); err != nil {
		t.Fatal(err)
	}
	wantCode(t, bob.Client.Do(ctx(t), http.MethodPatch, path("/rooms/%d", room.ID), map[string]any{"name": "Mine"}, nil), chat.Forbidden)
	security(1, `msg="permission denied"`, path("user=%d", bob.User.ID), "operation=updateRoom")

	foreign := map[string]string{"Origin": "https://evil.example", "Authorization": "Bearer " + bob.Token, "Content-Type": "application/json"}
	doRequest(t, http.MethodPost, d.nodes[0]+"/api/v1/rooms", `{"name":"x"}`, foreign)
	security(1, `msg="permission denied"`, "origin=https://evil.example", "operation=createRoom")
	doRequest(t, http.MethodGet, d.nodes[0]+"/ws", "", foreign)
	security(2, `msg="permission denied"`, "origin=https://evil.example")

	if err := admin.Client.Do(ctx(t), http.MethodPatch, "/admin/limits", map[string]any{"roomsPerHour": 7}, nil); err != nil {
		t.Fatal(err)
	}
	security(1, `msg="admin action"`, "operation=updateLimits", path("user=%d", admin.User.ID))
	if err := admin.Client.Do(ctx(t), http.MethodGet, "/admin/users", nil, nil); err != nil {
		t.Fatal(err)
	}
	security(1, `msg="admin action"`)
}

func TestHEADMatchesGET(t *testing.T) {
	watch := freeAddr(t)
	d := embedded(t, map[string]string{"METRICS_ADDR": watch})
	alice := d.user("alice", 0)
	room := alice.room("Harbour", nil)
	own := map[string]string{"Authorization": "Bearer " + alice.Token}
	for _, path := range []string{
		"/health", "/health/ready", "/", "/room/1", "/api/openapi.json", "/api/v1/auth/me", path("/api/v1/rooms/%d", room.ID), "/api/v1/nothing", "/api/v1/rooms/0",
	} {
		get, head := doRequest(t, http.MethodGet, d.nodes[0]+path, "", own), doRequest(t, http.MethodHead, d.nodes[0]+path, "", own)
		if head.StatusCode != get.StatusCode || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("HEAD %s: %d %s, GET: %d %s", path, head.StatusCode, head.Header.Get("Content-Type"), get.StatusCode, get.Header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/health", "/health/ready", "/metrics"} {
		if head := doRequest(t, http.MethodHead, "http://"+watch+path, "", nil); head.StatusCode != http.StatusOK {
			t.Errorf("HEAD %s of METRICS_ADDR: %d, want 200", path, head.StatusCode)
		}
	}
	if head := doRequest(t, http.MethodHead, d.nodes[0]+"/api/v1/auth/me", "", nil); head.StatusCode != http.StatusUnauthorized {
		t.Errorf("HEAD without a session: %d, want 401", head.StatusCode)
	}
	if answer := doRequest(t, http.MethodHead, d.nodes[0]+"/api/v1/auth/logout", "", own); answer.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("HEAD of a POST-only path: %d, want 405", answer.StatusCode)
	}
}
