// Package security attacks a running node from outside, like an attacker with access to the
// documentation: over HTTP and WebSocket, knowing only its address. Each function is one test.
package security

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// target is the target: the real program with the real engines, logging at the most verbose level.
type target struct {
	node *testenv.Node // behind a proxy: trusts X-Forwarded-For from this address
	bare *testenv.Node // without a proxy, and with low limits
	dsn  string

	mu      sync.Mutex
	secrets map[string]string // values that must never be logged, with their description
}

func TestSecurity(t *testing.T) {
	s := open(t)
	for _, point := range []struct {
		name string
		test func(t *testing.T, s *target)
	}{
		{"accounts", accounts},
		{"sessions", sessions},
		{"users cannot raise their own role", rights},
		{"hidden rooms look like none", hiddenRooms},
		{"messages", messages},
		{"repeated sends reveal nothing new", repeatedSends},
		{"html", html},
		{"pictures", pictures},
		{"files", files},
		{"headers", headers},
		{"cookies", cookies},
		{"the cookie of the host", hostCookie},
		{"cross-site requests", crossSite},
		{"cross-site sockets", crossSiteSockets},
		{"every operation requires a session", operationsRequireSession},
		{"bad bodies", badBodies},
		{"bad paths", badPaths},
		{"text that databases reject", unfitText},
		{"incomplete bodies", brokenRequests},
		{"frames", frames},
		{"clients that do not complete a close", closesComplete},
		{"floods of frames", floodsOfFrames},
		{"clients that send many frames", busyClients},
		{"limits and forged addresses", limits},
		{"administration", administration},
		{"webhooks reach nothing inside", webhooks},
		{"common passwords", commonPasswords},
		{"no hashes without permission", hashing},
		{"no locks for non-members", foreignRooms},
		{"floods of changes", floods},
		{"joins that end after a room is closed", lateJoins},
	} {
		t.Run(point.name, func(t *testing.T) { point.test(t, s) })
	}
	t.Run("nothing secret is logged", func(t *testing.T) { noSecretIsLogged(t, s) })
}

func open(t *testing.T) *target {
	t.Helper()
	env := testenv.New(t)
	binary, err := env.Build(testenv.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := &target{secrets: map[string]string{}, dsn: testenv.Postgres(t)}
	engines := testenv.Engines{Database: s.dsn, Redis: testenv.Redis(t), S3: testenv.S3(t)}
	wide := []string{
		"LOG_LEVEL=debug", "RATE_LIMIT_AUTH=100000", "RATE_LIMIT_MESSAGES=100000", "RATE_LIMIT_JOINS=100000", "RATE_LIMIT_ROOMS=100000",
	}
	if s.node, err = env.Node(binary, engines, wide...); err != nil {
		t.Fatal(err)
	}
	if s.bare, err = env.Node(binary, engines, "LOG_LEVEL=debug", "TRUST_PROXY=", "RATE_LIMIT_AUTH=5"); err != nil {
		t.Fatal(err)
	}
	s.user(t, "operator") // the first account is the server's admin: no user below is one
	return s
}

// ctx limits one step.
func ctx(t *testing.T) context.Context {
	t.Helper()
	c, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	t.Cleanup(cancel)
	return c
}

// secret records text as a value that must not be logged.
func (s *target) secret(what, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[text] = what
	return text
}

func password(name string) string { return "the password of " + name }

// user registers a user.
func (s *target) user(t *testing.T, name string) *client.Client {
	t.Helper()
	c := newClient(s.node.URL())
	if err := c.Register(ctx(t), name, s.secret("a password", password(name))); err != nil {
		t.Fatalf("register %s: %v", name, err)
	}
	s.secret("a token", c.Token)
	return c
}

func (s *target) room(t *testing.T, owner *client.Client, name string, options map[string]any) chat.Room {
	t.Helper()
	room, err := owner.CreateRoom(ctx(t), name, options)
	if err != nil {
		t.Fatalf("create room: %v", err)
	}
	return room
}

// response is a complete response.
type response struct {
	status int
	header http.Header
	body   string
}

// newClient returns a client that repeats what the node refuses with UNAVAILABLE: on a busy machine the
// database exceeds its time.
func newClient(base string) *client.Client {
	c := client.New(base)
	c.Patience = 10 * time.Second
	return c
}

// patient calls send again while the response is 503, at most five times.
func patient(send func() response) response {
	r := send()
	for tries := 1; r.status == http.StatusServiceUnavailable && tries < 5; tries++ {
		r = send()
	}
	return r
}

// request sends a request byte for byte, and again while the node is unavailable. from may be nil for no
// credentials. A header in more replaces the default one.
func (s *target) request(t *testing.T, from *client.Client, method, path, body string, more map[string]string) response {
	t.Helper()
	return patient(func() response { return s.requestOnce(t, from, method, path, body, more) })
}

func (s *target) requestOnce(t *testing.T, from *client.Client, method, path, body string, more map[string]string) response {
	t.Helper()
	base := s.node.URL()
	header := map[string]string{}
	if body != "" {
		header["Content-Type"] = "application/json"
	}
	if from != nil {
		base = from.Base
		header["Authorization"] = "Bearer " + from.Token
	}
	maps.Copy(header, more)
	request, err := http.NewRequestWithContext(ctx(t), method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	httpResponse, err := noRedirects.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer httpResponse.Body.Close()
	text, err := io.ReadAll(httpResponse.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return response{httpResponse.StatusCode, httpResponse.Header, string(text)}
}

var noRedirects = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// wantSame fails if a client could distinguish the two responses.
func wantSame(t *testing.T, what string, a, b response) {
	t.Helper()
	for _, h := range []http.Header{a.header, b.header} {
		h.Del("Date")
		h.Del("X-Request-ID") // unique for each request
	}
	if a.status != b.status || a.body != b.body || fmt.Sprint(a.header) != fmt.Sprint(b.header) {
		t.Errorf("%s: %d %s %v\nand: %d %s %v\nwant the same bytes", what, a.status, a.body, a.header, b.status, b.body, b.header)
	}
}

func wantStatus(t *testing.T, what string, a response, want int) {
	t.Helper()
	if a.status != want {
		t.Errorf("%s: %d %.300s, want %d", what, a.status, a.body, want)
	}
}

// operation is an operation in the server's OpenAPI document.
type operation struct {
	Method, Path string
	ID           string           `json:"operationId"`
	Security     []map[string]any `json:"security"`
	Body         *struct {
		Content map[string]any `json:"content"`
	} `json:"requestBody"`
}

// operations returns all operations of the public document.
func (s *target) operations(t *testing.T) []operation {
	t.Helper()
	var document struct {
		Paths map[string]map[string]operation `json:"paths"`
	}
	a := s.request(t, nil, http.MethodGet, "/api/openapi.json", "", nil)
	if err := json.NewDecoder(bytes.NewReader([]byte(a.body))).Decode(&document); err != nil {
		t.Fatal(err)
	}
	var all []operation
	for path, methods := range document.Paths {
		for method, op := range methods {
			op.Method, op.Path = strings.ToUpper(method), path
			all = append(all, op)
		}
	}
	if len(all) < 30 {
		t.Fatalf("the document has %d operations", len(all))
	}
	return all
}

// at fills in the parameters of an operation's path: id for any room, user or message, and 1 for
// everything else.
func (op operation) at(id int64) string {
	parts := strings.Split(op.Path, "/")
	for i, part := range parts {
		switch {
		case part == "{id}":
			parts[i] = fmt.Sprint(id)
		case part == "{emoji}":
			parts[i] = "%F0%9F%91%8D"
		case strings.HasPrefix(part, "{"):
			parts[i] = "1"
		}
	}
	return strings.Join(parts, "/")
}
