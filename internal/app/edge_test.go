package app_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

func TestMessagesAreKeptAcrossRestarts(t *testing.T) {
	env := map[string]string{"DATA_DIR": t.TempDir()}
	n := startNode(t, env, nil)
	alice := (&deployment{t, []string{n.base}}).user("alice", 0)
	room := alice.room("Lobby", nil)
	alice.send(room.ID, "kept")
	if err := n.stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	alice.Client.Base = startNode(t, env, nil).base
	history, err := alice.History(ctx(t), room.ID, "limit=10")
	if err != nil || texts(history) != "kept" {
		t.Fatalf("history = %q, %v, want kept", texts(history), err)
	}
}

func TestDrain(t *testing.T) {
	n := startNode(t, map[string]string{"DATA_DIR": t.TempDir()}, nil)
	d := &deployment{t, []string{n.base}}
	people := []*testUser{d.user("alice", 0), d.user("bob", 0), d.user("carol", 0)}
	stopped := make(chan error, 1)
	go func() { stopped <- n.stop() }()
	for _, p := range people {
		f, err := p.Next(ctx(t), "draining")
		if err != nil || !strings.Contains(string(f.Data), "reconnectInMs") {
			t.Fatalf("draining = %s, %v", f.Data, err)
		}
		if _, err := p.Next(ctx(t), "nothing"); err == nil || p.CloseCode() != 1001 {
			t.Fatalf("socket ended with %d, want 1001", p.CloseCode())
		}
	}
	select {
	case err := <-stopped:
		if err != nil {
			t.Fatalf("stop: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the node did not stop in 30 s")
	}
}

func TestInvalidFramesAreAnsweredAndTheSocketStaysOpen(t *testing.T) {
	d := embedded(t, nil)
	alice := d.user("alice", 0)
	for _, frame := range []string{
		`{`, `[]`, `null`, `"text"`, `{"id":1}`, `{"id":1,"type":"no:such"}`, `{"id":1,"type":"ping","more":1}`,
		`{"id":1,"type":"room:join","data":{"roomId":"x"}}`, `{"id":1,"type":"room:join","data":{"roomId":1,"what":2}}`,
		`{"id":1,"type":"room:join","data":{"roomId":99999999999999999999}}`, `{"id":1,"type":"message:send","data":[]}`,
		`{"id":1,"type":"message:send","data":{"roomId":1,"cid":"no uuid","text":"x"}}`,
		`{"id":1,"type":"ping","data":` + strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000) + `}`,
		"{\"id\":1,\"type\":\"ping\",\"data\":{\"a\":\"\\u0000\"}}",
	} {
		if err := alice.Write(ctx(t), []byte(frame)); err != nil {
			t.Fatal(err)
		}
		f, err := alice.Next(ctx(t), "error")
		if err != nil || !strings.Contains(string(f.Data), `"BAD_REQUEST"`) {
			t.Fatalf("response to %.60s = %s, %v, want BAD_REQUEST", frame, f.Data, err)
		}
	}
	if err := alice.Write(ctx(t), []byte(`{"id":-1,"type":"ping"}`+"\n"+`{"id":-2.5,"type":"ping","data":{}}`+"\n")); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"-1", "-2.5"} {
		if f, err := alice.nextRaw(); err != nil || f != id {
			t.Fatalf("response = %s, %v, want ID %s", f, err, id)
		}
	}
}

func (p *testUser) nextRaw() (string, error) {
	// The client's own IDs are integers; other frames come as events.
	f, err := p.Next(ctx(p.t), "pong")
	return string(f.RawID), err
}

func TestTooLargeFrameClosesTheSocket(t *testing.T) {
	alice := embedded(t, nil).user("alice", 0)
	frame, _ := json.Marshal(map[string]string{"type": strings.Repeat("x", 33<<10)})
	_ = alice.Write(ctx(t), frame) // the server may close during the write
	if _, err := alice.Next(ctx(t), "nothing"); err == nil || alice.CloseCode() != 1009 {
		t.Fatalf("socket ended with %d, want 1009", alice.CloseCode())
	}
}

func TestUpgrade(t *testing.T) {
	d := embedded(t, map[string]string{"CLIENT_ORIGIN": "https://chat.example.org"})
	alice := d.user("alice", 0)
	host := strings.TrimPrefix(d.nodes[0], "http://")
	for _, c := range []struct {
		name string
		head map[string]string
		want string
	}{
		{"no session", nil, "401"},
		{"a wrong token", map[string]string{"Authorization": "Bearer x"}, "401"},
		{"the header", map[string]string{"Authorization": "Bearer TOKEN"}, "101"},
		{"the header from another origin", map[string]string{"Authorization": "Bearer TOKEN", "Origin": "https://evil.example"}, "403"},
		{"the cookie from the own origin", map[string]string{"Cookie": "session=TOKEN", "Origin": "http://" + host}, "101"},
		{"the cookie from an allowed origin", map[string]string{"Cookie": "session=TOKEN", "Origin": "https://chat.example.org"}, "101"},
		{"the cookie from an allowed origin with its port", map[string]string{"Cookie": "session=TOKEN", "Origin": "https://Chat.example.org:443"}, "101"},
		{"the cookie from the own origin, the host with its port", map[string]string{"Cookie": "session=TOKEN", "Host": "other.example.org:443", "Origin": "https://other.example.org"}, "101"},
		{"the cookie from an origin with the same prefix", map[string]string{"Cookie": "session=TOKEN", "Origin": "https://chat.example.org.evil.example"}, "403"},
		{"the cookie from origin null", map[string]string{"Cookie": "session=TOKEN", "Origin": "null"}, "403"},
		{"the cookie without an origin", map[string]string{"Cookie": "session=TOKEN"}, "403"},
		{"the subprotocol", map[string]string{"Sec-WebSocket-Protocol": "chillin.v1, bearer.TOKEN"}, "101"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := upgrade(t, host, alice.Token, c.head); got != c.want {
				t.Fatalf("status = %s, want %s", got, c.want)
			}
		})
	}
}

// upgrade requests a WebSocket manually and returns the status.
func upgrade(t *testing.T, host, token string, head map[string]string) string {
	t.Helper()
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	named := host
	if other, ok := head["Host"]; ok {
		named = other
	}
	request := "GET /ws HTTP/1.1\r\nHost: " + named + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for name, value := range head {
		if name == "Host" {
			continue
		}
		request += name + ": " + strings.ReplaceAll(value, "TOKEN", token) + "\r\n"
	}
	if _, err := conn.Write([]byte(request + "\r\n")); err != nil {
		t.Fatal(err)
	}
	status, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(status)[1]
}

func TestBadRequests(t *testing.T) {
	d := embedded(t, nil)
	alice := d.user("alice", 0)
	room := alice.room("Lobby", nil)
	deep := strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000)
	for _, c := range []struct{ name, method, path, body string }{
		{"invalid JSON", "POST", "/rooms", `{`},
		{"unknown key", "POST", "/rooms", `{"name":"x","more":1}`},
		{"wrong type", "POST", "/rooms", `{"name":7}`},
		{"NUL", "POST", "/rooms", `{"name":"a\u0000b"}`},
		{"deep", "POST", "/rooms", `{"name":` + deep + `}`},
		{"a number out of range", "POST", "/rooms/1/messages", `{"cid":"x","text":"x","replyTo":1e400}`},
		{"2^63", "GET", "/rooms/9223372036854775808", ""},
		{"minus one", "GET", "/rooms/-1", ""},
		{"limit 10^9", "GET", "/rooms?limit=1000000000", ""},
		{"limit 0", "GET", path("/rooms/%d/messages?limit=0", room.ID), ""},
		{"two directions", "GET", path("/rooms/%d/messages?before=3&after=1", room.ID), ""},
		{"unknown sort", "GET", "/rooms?sort=size", ""},
		{"too large", "POST", "/rooms", `{"name":"` + strings.Repeat("x", 65<<10) + `"}`},
		{"no name", "POST", "/rooms", `{"name":" \u200b "}`},
		{"long name", "POST", "/rooms", `{"name":"` + strings.Repeat("x", 31) + `"}`},
		{"empty text", "POST", path("/rooms/%d/messages", room.ID), `{"cid":"6f0b1c1e-7f2d-4c1a-9d52-0a1b2c3d4e5f","text":" \n "}`},
		{"long text", "POST", path("/rooms/%d/messages", room.ID), `{"cid":"6f0b1c1e-7f2d-4c1a-9d52-0a1b2c3d4e5f","text":"` + strings.Repeat("x", 2001) + `"}`},
		{"no cid", "POST", path("/rooms/%d/messages", room.ID), `{"text":"x"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := alice.raw(c.method, c.path, c.body)
			refusal, ok := errors.AsType[*client.Error](err)
			if !ok || refusal.Status < 400 || refusal.Status >= 500 || refusal.Code == "" {
				t.Fatalf("err = %v, want a 4xx with a code", err)
			}
		})
	}
}

// raw sends body unchanged.
func (p *testUser) raw(method, path, body string) error {
	p.t.Helper()
	request, err := http.NewRequestWithContext(ctx(p.t), method, p.Base+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+p.Token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	refusal := &client.Error{}
	if err := json.NewDecoder(answer.Body).Decode(refusal); err != nil {
		p.t.Fatal(err)
	}
	refusal.Status = answer.StatusCode
	return refusal
}

func TestCrossSiteRequestsAreRefused(t *testing.T) {
	d := embedded(t, nil)
	alice := d.user("alice", 0)
	for _, c := range []struct {
		origin, host string
		want         int
	}{
		{"https://evil.example", "", 403}, {"", "", 403}, {"null", "", 403}, {d.nodes[0], "", 201},
		{"https://chat.example.org", "chat.example.org:443", 201}, {"http://chat.example.org", "Chat.example.org.:80", 201},
		{"http://[::1]", "[0::1]:80", 201}, {"https://chat.example.org:444", "chat.example.org:443", 403},
	} {
		origin, want := c.origin, c.want
		request, err := http.NewRequestWithContext(ctx(t), "POST", d.nodes[0]+"/api/v1/rooms", strings.NewReader(`{"name":"`+uuid.NewString()[:13]+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Host = c.host
		request.Header.Set("Content-Type", "application/json")
		request.AddCookie(&http.Cookie{Name: "session", Value: alice.Token})
		if origin != "" {
			request.Header.Set("Origin", origin)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("POST from %q to %q = %d, want %d", origin, c.host, answer.StatusCode, want)
		}
	}
}

func TestPasswordGuessingIsLimited(t *testing.T) {
	d := embedded(t, nil)
	alice, bob := d.user("alice", 0), d.user("bob", 0)
	room := alice.room("Locked", map[string]any{"password": "let me in"})
	for range 5 {
		wantCode(t, bob.JoinRoom(ctx(t), room.ID, "a wrong guess"), chat.WrongPassword)
	}
	wantCode(t, bob.JoinRoom(ctx(t), room.ID, "let me in"), chat.RateLimited)

	for _, name := range []string{"alice", "nobody"} { // known and unknown alike
		stranger := newClient(d.nodes[0])
		for range 10 {
			wantCode(t, stranger.Login(ctx(t), name, "a wrong guess"), chat.Unauthenticated)
		}
		wantCode(t, stranger.Login(ctx(t), name, "correct horse"), chat.RateLimited)
	}
}

// The schemes of two proxies: the first one ended TLS.
func TestTwoProxies(t *testing.T) {
	d := embedded(t, map[string]string{"TRUST_PROXY": "loopback,uniquelocal"})
	d.user("alice", 0)
	for schemes, secure := range map[string]bool{"https, http": true, "https": true, "http, http": false, "https, http, http": false} {
		request, err := http.NewRequestWithContext(ctx(t), http.MethodPost, d.nodes[0]+"/api/v1/auth/login", strings.NewReader(`{"username":"alice","password":"correct horse"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Forwarded-For", "203.0.113.9, 10.0.0.7")
		request.Header.Set("X-Forwarded-Proto", schemes)
		answer, body := fetch(t, request)
		hsts := answer.Header.Get("Strict-Transport-Security") != ""
		if cookies := answer.Cookies(); len(cookies) == 0 || cookies[0].Secure != secure || hsts != secure {
			t.Errorf("%s = %d %s, cookies %v, HSTS %v, want secure: %v", schemes, answer.StatusCode, body, cookies, hsts, secure)
		}
	}
}

// Every header that an operation takes may be sent by a page of an allowed origin.
func TestPreflightAllowsAllHeaders(t *testing.T) {
	d := embedded(t, map[string]string{"CLIENT_ORIGIN": "https://chat.example.org"})
	_, body := get(t, d.nodes[0]+"/api/openapi.json")
	var document struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	if err := json.Unmarshal(body, &document); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{"Authorization": true, "Content-Type": true, "Idempotency-Key": true, "Range": true, "If-None-Match": true}
	for _, operations := range document.Paths {
		for _, operation := range operations {
			for _, p := range operation.Parameters {
				if p.In == "header" {
					names[p.Name] = true
				}
			}
		}
	}
	for name := range names {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			request, err := http.NewRequestWithContext(ctx(t), http.MethodOptions, d.nodes[0]+"/api/v1/rooms", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Origin", "https://chat.example.org")
			request.Header.Set("Access-Control-Request-Method", method)
			request.Header.Set("Access-Control-Request-Headers", strings.ToLower(name))
			answer, _ := fetch(t, request)
			if got := answer.Header.Get("Access-Control-Allow-Headers"); !strings.EqualFold(got, name) {
				t.Errorf("%s with %s: allowed headers = %q", method, name, got)
			}
		}
	}
}

func TestCORSAllowsConfiguredOrigins(t *testing.T) {
	d := embedded(t, map[string]string{"CLIENT_ORIGIN": "https://chat.example.org"})
	for origin, want := range map[string]string{"https://chat.example.org": "https://chat.example.org", "https://evil.example": ""} {
		request, err := http.NewRequestWithContext(ctx(t), http.MethodOptions, d.nodes[0]+"/api/v1/rooms", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Origin", origin)
		request.Header.Set("Access-Control-Request-Method", "PATCH")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if got := answer.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("origin %s is allowed as %q, want %q", origin, got, want)
		}
	}
	bare, err := http.Get(embedded(t, nil).nodes[0] + "/health")
	if err != nil {
		t.Fatal(err)
	}
	_ = bare.Body.Close()
	if got := bare.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("without CLIENT_ORIGIN the origin %q is allowed", got)
	}
}

// freeAddr returns an unused address.
func freeAddr(t *testing.T) string {
	t.Helper()
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer probe.Close()
	return probe.Addr().String()
}

func TestMetricsAreOnlyOnTheirOwnListener(t *testing.T) {
	addr := freeAddr(t)
	d := embedded(t, map[string]string{"METRICS_ADDR": addr})
	d.user("alice", 0)
	answer, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(text), "chillin_connections 1\n") {
		t.Fatalf("metrics = %.200s, %v, want one connection", text, err)
	}
	public, err := http.Get(d.nodes[0] + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer public.Body.Close()
	if text, err := io.ReadAll(public.Body); err != nil || strings.Contains(string(text), "chillin_connections") {
		t.Fatalf("the client port serves metrics, %v", err)
	}
}

func TestRoomNamesIgnoreCase(t *testing.T) {
	alice := embedded(t, nil).user("alice", 0)
	alice.room("Straße", nil)
	_, err := alice.CreateRoom(ctx(t), "STRASSE", nil)
	wantCode(t, err, chat.RoomNameTaken)
}
