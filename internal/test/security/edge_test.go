package security

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

// The upload operations.
const (
	avatar     = "PUT /api/v1/users/me/avatar"
	attachment = "POST /api/v1/uploads"
)

// pictures uploads files whose content differs from their declared type.
func pictures(t *testing.T, s *target) {
	c := s.user(t, "paula")
	var good bytes.Buffer
	if err := png.Encode(&good, image.NewRGBA(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	polyglot := good.String() + `<script>alert(1)</script>`
	for name, upload := range map[string]struct{ name, content string }{
		"svg":                  {"x.svg", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`},
		"svg with a png name":  {"x.png", `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`},
		"html":                 {"x.gif", `<html><script>alert(1)</script>`},
		"a gif that is script": {"x.gif", `GIF89a/*` + strings.Repeat("x", 100) + `*/=1;alert(1)`},
		"nothing":              {"x.png", ``},
	} {
		if a := s.upload(t, c, avatar, upload.name, upload.content); a.status < 400 || a.status > 499 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	wantStatus(t, "too large", s.upload(t, c, avatar, "x.png", strings.Repeat("x", 5<<20+1)), http.StatusRequestEntityTooLarge)
	a := s.upload(t, c, avatar, "../../etc/passwd.png", polyglot)
	wantStatus(t, "a picture with trailing data", a, http.StatusOK)
	var out struct {
		User struct{ AvatarURL string } `json:"user"`
	}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatal(err)
	}
	served := s.request(t, nil, http.MethodGet, out.User.AvatarURL, "", nil)
	if served.status != http.StatusOK || strings.Contains(served.body, "script") || !strings.HasPrefix(served.header.Get("Content-Type"), "image/") ||
		served.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(served.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("served: %d %v, %d bytes", served.status, served.header, len(served.body))
	}
	for _, key := range []string{"..%2f..%2fetc%2fpasswd", "../../../etc/passwd", "%2e%2e/", strings.Repeat("a", 32), "%00"} {
		if a := s.request(t, nil, http.MethodGet, "/api/v1/avatars/"+key, "", nil); a.status == http.StatusOK && strings.HasPrefix(a.header.Get("Content-Type"), "image/") || a.status >= 500 {
			t.Errorf("%s: %d %.100s", key, a.status, a.body)
		}
	}
}

// files tests attachments that would run in a browser, and access to attachments.
func files(t *testing.T, s *target) {
	alice, mallory := s.user(t, "fiona"), s.user(t, "feodor")
	room := s.room(t, alice, "Files", map[string]any{"private": true})
	type attached struct {
		ID  int64
		URL string
	}
	add := func(name, content string) attached {
		var out struct{ Attachment attached }
		a := s.upload(t, alice, attachment, name, content)
		if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.status != http.StatusCreated {
			t.Fatalf("upload %q: %d %s", name, a.status, a.body)
		}
		return out.Attachment
	}
	send := func(c *client.Client, room chat.RoomID, ids ...int64) response {
		body, _ := json.Marshal(map[string]any{"cid": uuid.NewString(), "text": "look", "attachmentIds": ids})
		return s.request(t, c, http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/messages", room), string(body), nil)
	}
	var ids []int64
	var all []attached
	for name, content := range map[string]string{
		"x.svg": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "x.html": `<!doctype html><script>alert(1)</script>`,
		"x.png": `<html><script>alert(1)</script>`, "x.js": `alert(1)`, "x.xml": `<?xml version="1.0"?><x xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></x>`,
		"a\"b; filename=x.html": `<script>alert(1)</script>`, "../../../x.htm": `<script>alert(1)</script>`, "x.html\u202egnp.": `<script>alert(1)</script>`,
	} {
		file := add(name, content)
		all, ids = append(all, file), append(ids, file.ID)
	}
	own := s.room(t, mallory, "Loot", nil)
	wantStatus(t, "another user's upload in one's own message", send(mallory, own.ID, ids[0]), http.StatusNotFound)
	sent := send(alice, room.ID, ids...)
	wantStatus(t, "send", sent, http.StatusCreated)
	for _, file := range all {
		a := s.request(t, alice, http.MethodGet, file.URL, "", nil)
		h := a.header
		if a.status != http.StatusOK || h.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") ||
			h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %d %v", file.URL, a.status, h)
		}
		wantStatus(t, "nobody", s.request(t, nil, http.MethodGet, file.URL, "", nil), http.StatusUnauthorized)
		for _, way := range []string{"/api/v1/files/%d", "/api/v1/files/%d/x", "/api/v1/thumbnails/%d", "/api/v1/attachments/%d/link"} {
			hidden := s.request(t, mallory, http.MethodGet, fmt.Sprintf(way, file.ID), "", nil)
			wantStatus(t, way, hidden, http.StatusNotFound)
			wantSame(t, way, hidden, s.request(t, mallory, http.MethodGet, fmt.Sprintf(way, nowhere), "", nil))
		}
	}
	var out struct{ Message struct{ ID int64 } }
	if err := json.Unmarshal([]byte(sent.body), &out); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, "delete", s.request(t, alice, http.MethodDelete, fmt.Sprintf("/api/v1/messages/%d", out.Message.ID), "", nil), http.StatusNoContent)
	wantStatus(t, "a file whose message is deleted", s.request(t, alice, http.MethodGet, all[0].URL, "", nil), http.StatusNotFound)
}

func (s *target) upload(t *testing.T, c *client.Client, to, name, content string) response {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(part, content)
	_ = form.Close()
	method, path, _ := strings.Cut(to, " ")
	return s.request(t, c, method, path, body.String(), map[string]string{"Content-Type": form.FormDataContentType()})
}

func headers(t *testing.T, s *target) {
	c := s.user(t, "helene")
	for _, path := range []string{"/", "/room/1", "/api/v1/auth/me", "/api/v1/nothing", "/api/openapi.json", "/health", "/health/ready", "/nothing.js"} {
		for _, from := range []*client.Client{nil, c} {
			h := s.request(t, from, http.MethodGet, path, "", nil).header
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
				"Strict-Transport-Security": "", "Access-Control-Allow-Origin": "", "Server": "", "X-Powered-By": "",
			} {
				if got := h.Get(name); got != want {
					t.Errorf("%s has %s %q, want %q", path, name, got, want)
				}
			}
			policy := h.Get("Content-Security-Policy")
			if !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "default-src 'self'") || strings.Contains(policy, "unsafe") {
				t.Errorf("%s has the policy %q", path, policy)
			}
			if strings.HasPrefix(path, "/api/v1") && h.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be cached: %q", path, h.Get("Cache-Control"))
			}
		}
	}
	tls := map[string]string{"X-Forwarded-Proto": "https"}
	if s.request(t, nil, http.MethodGet, "/", "", tls).header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS behind TLS")
	}
	stranger := newClient(s.bare.URL())
	if got := s.request(t, stranger, http.MethodGet, "/", "", tls).header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("HSTS %q because a client claims TLS", got)
	}
	evil := s.request(t, nil, http.MethodOptions, "/api/v1/rooms", "", map[string]string{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
	if got := evil.header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("CORS allows %q", got)
	}
}

func cookies(t *testing.T, s *target) {
	s.user(t, "konrad")
	for proto, secure := range map[string]bool{"http": false, "https": true} {
		a := s.request(t, nil, http.MethodPost, "/api/v1/auth/login", `{"username":"konrad","password":"`+password("konrad")+`"}`, map[string]string{"X-Forwarded-Proto": proto})
		names := []string{"session"}
		if secure {
			names = append(names, "__Host-session")
		}
		for i, cookie := range sessionCookies(t, a, names...) {
			s.secret("a token", cookie.Value)
			if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure != secure || cookie.Domain != "" || cookie.Path != "/" {
				t.Errorf("cookie %s by %s is %+v", names[i], proto, cookie)
			}
		}
		token := sessionCookies(t, a, names...)[0].Value
		gone := s.request(t, nil, http.MethodPost, "/api/v1/auth/logout", "", map[string]string{"Authorization": "Bearer " + token, "X-Forwarded-Proto": proto})
		for i, cookie := range sessionCookies(t, gone, names...) {
			if cookie.MaxAge >= 0 || cookie.Value != "" || cookie.Secure != secure || cookie.Path != "/" {
				t.Errorf("a logout by %s leaves cookie %s: %+v", proto, names[i], cookie)
			}
		}
	}
}

// sessionCookies returns the cookies that a response sets, which must have these names.
func sessionCookies(t *testing.T, a response, names ...string) []*http.Cookie {
	t.Helper()
	var cookies []*http.Cookie
	var got []string
	for _, line := range a.header.Values("Set-Cookie") {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatalf("%d %s: %v", a.status, a.body, err)
		}
		if cookie.Name == "device" { // no session; a logout keeps it
			if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Domain != "" || cookie.Path != "/api/v1/auth" {
				t.Errorf("the device cookie is %+v", cookie)
			}
			continue
		}
		cookies, got = append(cookies, cookie), append(got, cookie.Name)
	}
	if !slices.Equal(got, names) {
		t.Fatalf("%d %s: cookies %q, want %q", a.status, a.body, got, names)
	}
	return cookies
}

// hostCookie lets a sibling domain plant a session cookie in addition to that of the host.
func hostCookie(t *testing.T, s *target) {
	victim, attacker := s.user(t, "hedwig"), s.user(t, "cookiethief")
	me := func(cookie string) string {
		return s.request(t, nil, http.MethodGet, "/api/v1/auth/me", "", map[string]string{"Cookie": cookie}).body
	}
	for _, cookie := range []string{
		"session=" + attacker.Token + "; __Host-session=" + victim.Token,
		"__Host-session=" + victim.Token + "; session=" + attacker.Token,
	} {
		if got := me(cookie); !strings.Contains(got, `"hedwig"`) {
			t.Errorf("with both cookies: %s, want hedwig", got)
		}
	}
	if got := me("session=" + victim.Token); !strings.Contains(got, `"hedwig"`) {
		t.Errorf("with the plain cookie: %s, want hedwig", got)
	}
}

// foreign returns other origins, with the headers that a browser sends for them.
func (s *target) foreign() []string {
	host := s.node.Addr
	return []string{
		"https://evil.example", "null", "http://" + host + ".evil.example", "http://evil.example/" + host, "http://" + host + "@evil.example",
		"http://x" + host, "ftp://" + host, "http://127.0.0.1:1", "http://localhost:" + host[strings.LastIndex(host, ":")+1:], "",
	}
}

func crossSite(t *testing.T, s *target) {
	c := s.user(t, "cora")
	for i, origin := range append(s.foreign(), s.node.URL()) {
		head := map[string]string{"Cookie": "session=" + c.Token}
		if origin != "" {
			head["Origin"] = origin
		}
		want := http.StatusForbidden
		if origin == s.node.URL() {
			want = http.StatusCreated
		}
		a := s.request(t, nil, http.MethodPost, "/api/v1/rooms", fmt.Sprintf(`{"name":"from %d"}`, i), head)
		wantStatus(t, "POST from "+origin, a, want)
	}
	// A login request by another site would sign the user in to the attacker's account.
	wantStatus(t, "a login from a foreign page", s.request(t, nil, http.MethodPost, "/api/v1/auth/login",
		`{"username":"cora","password":"`+password("cora")+`"}`, map[string]string{"Origin": "https://evil.example"}), http.StatusForbidden)
	// A request that a form can send without preflight is not JSON.
	form := s.request(t, nil, http.MethodPost, "/api/v1/rooms", `{"name":"by form"}`,
		map[string]string{"Cookie": "session=" + c.Token, "Origin": s.node.URL(), "Content-Type": "text/plain"})
	if form.status < 400 {
		t.Errorf("a form's body is accepted: %d", form.status)
	}
}

func crossSiteSockets(t *testing.T, s *target) {
	c := s.user(t, "clara")
	cookie := "session=" + c.Token
	for _, origin := range s.foreign() {
		head := map[string]string{"Cookie": cookie}
		if origin != "" {
			head["Origin"] = origin
		}
		if got := s.upgrade(t, head); got != http.StatusForbidden {
			t.Errorf("a socket from %q: %d, want 403", origin, got)
		}
	}
	if got := s.upgrade(t, map[string]string{"Cookie": cookie, "Origin": s.node.URL()}); got != http.StatusSwitchingProtocols {
		t.Errorf("a socket of our own page: %d, want 101", got)
	}
	for name, head := range map[string]map[string]string{
		"no credentials": {}, "a guess": {"Authorization": "Bearer guess"}, "a token in the URL's place": {"Sec-WebSocket-Protocol": "chillin.v1, bearer."},
	} {
		if got := s.upgrade(t, head); got != http.StatusUnauthorized {
			t.Errorf("a socket of %s: %d, want 401", name, got)
		}
	}
	if got := s.request(t, nil, http.MethodGet, "/ws?token="+c.Token, "", nil).status; got != http.StatusUnauthorized {
		t.Errorf("a token in the URL: %d, want 401", got)
	}
}

// upgrade requests a WebSocket and returns the status.
func (s *target) upgrade(t *testing.T, head map[string]string) int {
	t.Helper()
	conn, err := net.Dial("tcp", s.node.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	request := "GET /ws HTTP/1.1\r\nHost: " + s.node.Addr + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for name, value := range head {
		request += name + ": " + value + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// unguarded are the operations without authentication, with the reason.
var unguarded = map[string]string{
	"registerUser": "sign-in", "login": "sign-in", "createGuest": "sign-in", "getServerInfo": "what the sign-in page needs",
	"downloadAvatar":     "requires its random name",
	"postByWebhook":      "requires its token",
	"postSlackByWebhook": "requires its token", "postDiscordByWebhook": "requires its token", "postGitHubByWebhook": "requires its token",
	"postGrafanaByWebhook": "requires its token", "postAlertmanagerByWebhook": "requires its token",
}

func operationsRequireSession(t *testing.T, s *target) {
	for _, op := range s.operations(t) {
		if _, free := unguarded[op.ID]; free {
			continue
		}
		if len(op.Security) == 0 {
			t.Errorf("%s %s (%s) requires no session", op.Method, op.Path, op.ID)
		}
		for name, head := range map[string]map[string]string{"no credentials": nil, "a guess": {"Authorization": "Bearer guess"}, "a cookie": {"Cookie": "session=guess", "Origin": s.node.URL()}} {
			wantStatus(t, op.Method+" "+op.Path+" by "+name, s.request(t, nil, op.Method, op.at(1), wellFormed[op.ID], head), http.StatusUnauthorized)
		}
	}
}

// badBodies sends invalid bodies to every operation that has one.
func badBodies(t *testing.T, s *target) {
	c := s.user(t, "bernd")
	room := s.room(t, c, "Bodies", nil)
	deep := strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000)
	bad := map[string]string{
		"broken": `{`, "an array": `[]`, "a text": `"x"`, "a number": `7`, "an unknown key": `{"zzz":1}`, "a key twice": `{"a":1,"a":2}`,
		"NUL in a key": "{\"a\\u0000\":1}", "a real NUL": "{\"a\x00\":1}", "deep": `{"name":` + deep + `}`, "a deep unknown": deep,
		"half a pair": `{"name":"\ud800"}`, "no UTF-8": "{\"name\":\"\xff\xfe\"}", "two values": `{} {}`, "a huge number": `{"seq":1e400}`,
		"too large": `{"name":"` + strings.Repeat("x", 70<<10) + `"}`, "wrong types": `{"name":{},"text":[],"seq":"x","role":7,"password":false,"url":{},"token":1}`,
	}
	for _, op := range s.operations(t) {
		if op.Body == nil {
			continue
		}
		for name, body := range bad {
			a := s.request(t, c, op.Method, op.at(int64(room.ID)), body, nil)
			if a.status < 400 || a.status > 499 || !strings.Contains(a.body, `"code":`) {
				t.Errorf("%s %s with %s: %d %.200s", op.Method, op.Path, name, a.status, a.body)
			}
		}
	}
	wantStatus(t, "the sender", s.request(t, c, http.MethodGet, "/api/v1/auth/me", "", nil), http.StatusOK)
}

// badPaths requests paths that do not exist, in ways that often break servers.
func badPaths(t *testing.T, s *target) {
	c := s.user(t, "petra")
	for _, op := range s.operations(t) {
		if op.Method != http.MethodGet {
			continue
		}
		for _, id := range []string{"0", "-1", "9223372036854775808", "1e3", "x", "%00", "1%00", "1'--", "%2e%2e", "٣", " ", "1;DROP"} {
			path := strings.NewReplacer("{id}", id, "{name}", id, "{token}", id, "{key}", id).Replace(op.Path)
			if a := s.request(t, c, http.MethodGet, path, "", nil); a.status >= 500 {
				t.Errorf("GET %s: %d %s", path, a.status, a.body)
			}
		}
		for _, query := range []string{"limit=-1", "limit=1e9", "cursor=%00", "cursor=e30", "q=%00", "q=%25%25%25", "since=-1", "before=9223372036854775808", "sort='"} {
			if a := s.request(t, c, http.MethodGet, op.at(1)+"?"+query, "", nil); a.status >= 500 {
				t.Errorf("GET %s?%s: %d %s", op.at(1), query, a.status, a.body)
			}
		}
	}
	for _, method := range []string{"TRACE", "CONNECTED", "PROPFIND", "PUT"} {
		if a := s.request(t, c, method, "/api/v1/rooms", "", nil); a.status < 400 || a.status > 499 {
			t.Errorf("%s: %d", method, a.status)
		}
	}
	wantStatus(t, "headers of 64 KiB", s.request(t, nil, http.MethodGet, "/health", "", map[string]string{"X-Long": strings.Repeat("x", 64<<10)}), http.StatusRequestHeaderFieldsTooLarge)
}

// unfitText puts text that Postgres rejects into each part of a URL.
func unfitText(t *testing.T, s *target) {
	admin := newClient(s.node.URL())
	if err := admin.Login(ctx(t), "operator", password("operator")); err != nil {
		t.Fatal(err)
	}
	s.secret("a token", admin.Token)
	room := s.room(t, admin, "Unfit", nil)
	encoded := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for _, path := range []string{
		"/api/v1/admin/users?q=a%00b", "/api/v1/admin/users?q=%ff", "/api/v1/admin/users?q=%ed%a0%80", "/api/v1/admin/rooms?q=%00", "/api/v1/rooms?q=%00", "/api/v1/rooms?q=%c0%80",
		"/api/v1/admin/users?cursor=" + encoded(`{"u":"a\u0000"}`), "/api/v1/admin/users?cursor=" + encoded("{\"u\":\"\xff\"}"), "/api/v1/admin/users?cursor=" + encoded(`{"u":"\ud800"}`),
		"/api/v1/admin/users?cursor=" + encoded("null"+"\x00"), "/api/v1/rooms?sort=name&cursor=" + encoded(`{"s":"name","n":"\u0000","i":1}`),
		fmt.Sprintf("/api/v1/rooms/%d/members?cursor=", room.ID) + encoded(`{"u":"\u0000"}`), fmt.Sprintf("/api/v1/rooms/%d/bans?cursor=", room.ID) + encoded(`{"u":"\u0000"}`),
		"/api/v1/search/messages?q=a&cursor=" + encoded(`{"b":"\u0000"}`), "/api/v1/search/messages?q=%00", "/api/v1/rooms/by-name/%00", "/api/v1/rooms/by-name/a%00b", "/api/v1/rooms/by-name/%ff",
	} {
		a := s.request(t, admin, http.MethodGet, path, "", nil)
		wantStatus(t, "GET "+path, a, http.StatusBadRequest)
		if !strings.Contains(a.body, "BAD_REQUEST") {
			t.Errorf("GET %s: %s, want BAD_REQUEST", path, a.body)
		}
	}
	for _, agent := range []string{"\xff\xfe", "\xed\xa0\x80", strings.Repeat("\xe2\x82", 200)} {
		body := fmt.Sprintf(`{"username":"operator","password":%q}`, password("operator"))
		a := s.request(t, nil, http.MethodPost, "/api/v1/auth/login", body, map[string]string{"User-Agent": agent})
		wantStatus(t, fmt.Sprintf("sign in with %q", agent), a, http.StatusOK)
		s.secretsIn(t, a.body, "token")
	}
}

// brokenRequests sends incomplete bodies to every operation that has one.
func brokenRequests(t *testing.T, s *target) {
	c := newClient(s.node.URL()) // an admin: for other users the admin operations do not exist
	if err := c.Login(ctx(t), "operator", password("operator")); err != nil {
		t.Fatal(err)
	}
	s.secret("a token", c.Token)
	room := s.room(t, c, "Broken", nil)
	for _, op := range s.operations(t) {
		if op.Body == nil {
			continue
		}
		kind := "application/json"
		if _, form := op.Body.Content["multipart/form-data"]; form {
			kind = "multipart/form-data; boundary=b"
		}
		for name, tail := range map[string]string{
			"a chunk that is no number": "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
			"a short chunk":             "Transfer-Encoding: chunked\r\n\r\n20\r\n{}",
			"a chunk without its end":   "Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n",
			"a short body":              "Content-Length: 20\r\n\r\n{",
		} {
			head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n", op.Method, op.at(int64(room.ID)), c.Token, kind)
			a := patient(func() response { return s.exchange(t, head+tail) })
			if a.status < 400 || a.status > 499 || kind == "application/json" && (a.status != http.StatusBadRequest || !strings.Contains(a.body, "BAD_REQUEST")) {
				t.Errorf("%s %s with %s: %d %.200s, want 400 BAD_REQUEST", op.Method, op.Path, name, a.status, a.body)
			}
		}
	}
}

// exchange sends bytes, closes its side of the connection and reads the response.
func (s *target) exchange(t *testing.T, request string) response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.node.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no response to %.100q: %v", request, err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return response{answer.StatusCode, answer.Header, string(text)}
}

// limits tests that limits apply although a client forges a new address for each request.
func limits(t *testing.T, s *target) {
	stranger := newClient(s.bare.URL())
	var last response
	for i := range 6 {
		last = s.request(t, stranger, http.MethodPost, "/api/v1/auth/login", fmt.Sprintf(`{"username":"nobody%d","password":"a wrong guess"}`, i),
			map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", i), "X-Real-IP": fmt.Sprintf("203.0.113.%d", i), "Forwarded": fmt.Sprintf("for=203.0.113.%d", i)})
	}
	wantStatus(t, "the sixth login of an address", last, http.StatusTooManyRequests)
	if last.header.Get("Retry-After") == "" {
		t.Error("the error has no Retry-After")
	}
	c := s.user(t, "linus")
	wrong := `{"username":"linus","password":"a wrong guess"}`
	for i := range 31 { // from ten addresses, through a trusted proxy
		last = s.request(t, nil, http.MethodPost, "/api/v1/auth/login", wrong, map[string]string{"X-Forwarded-For": fmt.Sprintf("203.0.113.%d", i%10)})
	}
	wantStatus(t, "the 31st guess at one password", last, http.StatusTooManyRequests)
	wantStatus(t, "a signed-in user", s.request(t, c, http.MethodGet, "/api/v1/auth/me", "", nil), http.StatusOK)
}

// noSecretIsLogged checks the logs that both nodes wrote during the other tests.
func noSecretIsLogged(t *testing.T, s *target) {
	db, _ := strings.CutPrefix(s.dsn, "postgres://")
	if _, password, ok := strings.Cut(strings.Split(db, "@")[0], ":"); ok && password != "" {
		s.secret("the database's password", ":"+password+"@")
	}
	log := s.node.Log() + s.bare.Log()
	if !strings.Contains(log, "level=") && !strings.Contains(log, `"level"`) {
		t.Fatalf("there is no log: %.200s", log)
	}
	if len(s.secrets) < 20 {
		t.Fatalf("only %d secrets were used", len(s.secrets))
	}
	for text, what := range s.secrets {
		if at := strings.Index(log, text); at >= 0 {
			t.Errorf("%s is logged: %q", what, log[max(0, at-200):min(len(log), at+100)])
		}
	}
	for _, word := range []string{"argon2id", "Bearer ", "session="} {
		if at := strings.Index(log, word); at >= 0 {
			t.Errorf("%q is logged: %q", word, log[max(0, at-200):min(len(log), at+100)])
		}
	}
}

// secretsIn records the value of that field in a response, at any depth.
func (s *target) secretsIn(t *testing.T, body, field string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, `"`+field+`":"`)
	text, _, _ := strings.Cut(rest, `"`)
	if !ok || len(text) < 16 {
		t.Fatalf("no %s in %s", field, body)
	}
	return s.secret("a "+field, text)
}

// trap counts the calls that it receives.
type trap struct {
	calls atomic.Int64
	port  string
}

func newTrap(t *testing.T) *trap {
	t.Helper()
	inside := &trap{}
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.calls.Add(1) }))
	t.Cleanup(server.Close)
	inside.port = server.URL[strings.LastIndex(server.URL, ":")+1:]
	return inside
}

// eventually waits until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(60 * time.Second); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}
