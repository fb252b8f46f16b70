package security

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// wellFormed are valid bodies, so that the response depends on the room.
var wellFormed = map[string]string{
	"updateRoom": `{"name":"x"}`, "joinRoom": `{"password":"a wrong guess"}`, "setMemberRole": `{"role":"member"}`, "markRead": `{"seq":1}`,
	"sendMessage":  `{"cid":"6f0b1c1e-7f2d-4c1a-9d52-0a1b2c3d4e5f","text":"hello"}`,
	"createInvite": `{}`, "banUser": `{}`, "muteMember": `{"seconds":60}`,
	"createIncomingWebhook": `{"name":"x"}`, "createOutgoingWebhook": `{"url":"https://example.com/"}`,
	"editMessage": `{"text":"mine now"}`,
}

const nowhere = 1 << 40 // an ID that does not exist

// hiddenRooms compares, byte for byte, the responses to a non-member about a private room with those
// about a nonexistent room.
func hiddenRooms(t *testing.T, s *target) {
	alice, mallory := s.user(t, "hilda"), s.user(t, "mallory")
	room := s.room(t, alice, "Hidden", map[string]any{"private": true, "password": s.secret("a room's password", "open sesame now")})
	said, err := send(t, alice, room.ID, "nobody else reads this")
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range s.operations(t) {
		var id int64
		switch {
		case strings.HasPrefix(op.Path, "/api/v1/rooms/{id}"):
			id = int64(room.ID)
		case strings.HasPrefix(op.Path, "/api/v1/messages/{id}"):
			id = int64(said.ID)
		default:
			continue
		}
		body := wellFormed[op.ID]
		a := s.request(t, mallory, op.Method, op.at(id), body, nil)
		wantStatus(t, op.Method+" "+op.Path, a, http.StatusNotFound)
		wantSame(t, op.Method+" "+op.Path, a, s.request(t, mallory, op.Method, op.at(nowhere), body, nil))
	}
	for range 7 { // more than the attempts that a user has
		body := `{"name":"%s","password":"a wrong guess"}`
		a := s.request(t, mallory, http.MethodPost, "/api/v1/rooms/join", fmt.Sprintf(body, "Hidden"), nil)
		wantSame(t, "join by name", a, s.request(t, mallory, http.MethodPost, "/api/v1/rooms/join", fmt.Sprintf(body, "Nosuch"), nil))
	}
	wantSame(t, "by name", s.request(t, mallory, http.MethodGet, "/api/v1/rooms/by-name/Hidden", "", nil),
		s.request(t, mallory, http.MethodGet, "/api/v1/rooms/by-name/Nosuch", "", nil))
	for _, path := range []string{"/api/v1/rooms?q=Hidden", "/api/v1/rooms?sort=active", "/api/v1/rooms?sort=members&limit=100"} {
		if a := s.request(t, mallory, http.MethodGet, path, "", nil); strings.Contains(a.body, "Hidden") {
			t.Errorf("%s reveals the room: %s", path, a.body)
		}
	}
	socket := dial(t, mallory)
	command := func(kind string, data map[string]any) string {
		err := socket.Do(ctx(t), kind, data, nil)
		if refusal, ok := errors.AsType[*client.Error](err); ok {
			return fmt.Sprintf("%+v", refusal)
		}
		return fmt.Sprint(err)
	}
	for kind, more := range map[string]map[string]any{
		"room:join": {"password": "a wrong guess"}, "room:changes": {"since": 0}, "room:leave": {}, "read:mark": {"seq": 1},
		"message:send": {"text": "hello"},
	} {
		of := func(id int64) string {
			data := map[string]any{"roomId": id}
			maps.Copy(data, more)
			if kind == "message:send" {
				data["cid"] = "7f0b1c1e-7f2d-4c1a-9d52-0a1b2c3d4e5f"
			}
			return command(kind, data)
		}
		if a, b := of(int64(room.ID)), of(nowhere); a != b || !strings.Contains(a, "NOT_FOUND") {
			t.Errorf("%s: %s and %s, want the same NOT_FOUND", kind, a, b)
		}
	}
}

func send(t *testing.T, c *client.Client, room chat.RoomID, text string) (chat.Message, error) {
	t.Helper()
	var out struct {
		Message chat.Message `json:"message"`
	}
	err := c.Do(ctx(t), http.MethodPost, fmt.Sprintf("/rooms/%d/messages", room), map[string]string{"cid": uuid.NewString(), "text": text}, &out)
	return out.Message, err
}

func messages(t *testing.T, s *target) {
	alice, bob := s.user(t, "martha"), s.user(t, "norbert")
	room := s.room(t, alice, "Open", nil)
	said, err := send(t, alice, room.ID, "mine")
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, "history without being a member", s.request(t, bob, http.MethodGet, fmt.Sprintf("/api/v1/rooms/%d/messages", room.ID), "", nil), http.StatusForbidden)
	if err := bob.JoinRoom(ctx(t), room.ID, ""); err != nil {
		t.Fatal(err)
	}
	for method, body := range map[string]string{http.MethodPatch: `{"text":"yours"}`, http.MethodDelete: ""} {
		wantStatus(t, method+" of another's", s.request(t, bob, method, fmt.Sprintf("/api/v1/messages/%d", said.ID), body, nil), http.StatusForbidden)
	}
	// The same cid of another user is a different message, and reveals nothing about the first.
	body := fmt.Sprintf(`{"cid":%q,"text":"bob's own"}`, said.CID)
	a := s.request(t, bob, http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/messages", room.ID), body, nil)
	if a.status != http.StatusCreated || !strings.Contains(a.body, "bob's own") || strings.Contains(a.body, `"text":"mine"`) {
		t.Errorf("a cid that another has used: %d %s", a.status, a.body)
	}
	// A reply to a hidden message would quote it.
	hidden := s.room(t, alice, "Elsewhere", map[string]any{"private": true})
	secret, err := send(t, alice, hidden.ID, "not for bob")
	if err != nil {
		t.Fatal(err)
	}
	body = fmt.Sprintf(`{"cid":%q,"text":"what was that?","replyTo":%d}`, uuid.NewString(), secret.ID)
	wantStatus(t, "a reply to a message of another room", s.request(t, bob, http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/messages", room.ID), body, nil), http.StatusNotFound)
	found := s.request(t, bob, http.MethodGet, "/api/v1/search/messages?q=bob", "", nil)
	if strings.Contains(found.body, "not for bob") {
		t.Errorf("search finds a hidden message: %s", found.body)
	}
}

// repeatedSends repeats sends, by REST and by socket, after the sender's membership has ended. A
// repeated send must always be answered, but the response must not contain later changes of the room.
func repeatedSends(t *testing.T, s *target) {
	alice := s.user(t, "rosalind")
	for i, end := range []struct{ name, method, path string }{
		{"left", http.MethodPost, "/api/v1/rooms/%d/leave"},
		{"kicked", http.MethodDelete, "/api/v1/rooms/%d/members/%d"},
		{"banned", http.MethodPut, "/api/v1/rooms/%d/bans/%d"},
	} {
		for _, private := range []bool{false, true} {
			name := fmt.Sprintf("repeat%d%v", i, private)
			bob := s.user(t, name)
			room := s.room(t, alice, name, map[string]any{"private": private, "password": s.secret("a room's password", "come in and repeat")})
			if err := bob.JoinRoom(ctx(t), room.ID, ""); err == nil {
				t.Fatal("joined without the password")
			}
			wantStatus(t, "join", s.request(t, bob, http.MethodPost, "/api/v1/rooms/join", fmt.Sprintf(`{"name":%q,"password":"come in and repeat"}`, name), nil), http.StatusOK)
			answered, err := send(t, alice, room.ID, "the question as it was")
			if err != nil {
				t.Fatal(err)
			}
			messages := fmt.Sprintf("/api/v1/rooms/%d/messages", room.ID)
			cid := uuid.NewString()
			body := fmt.Sprintf(`{"cid":%q,"text":"my *answer*, @rosalind","replyTo":%d}`, cid, answered.ID)
			first := s.request(t, bob, http.MethodPost, messages, body, nil)
			wantStatus(t, "send", first, http.StatusCreated)
			var sent struct{ Message chat.Message }
			if err := json.Unmarshal([]byte(first.body), &sent); err != nil {
				t.Fatal(err)
			}
			at := func(id chat.MessageID) string { return fmt.Sprintf("/api/v1/messages/%d", id) }
			wantStatus(t, "edit of one's own", s.request(t, bob, http.MethodPatch, at(sent.Message.ID), `{"text":"SECRET edit"}`, nil), http.StatusOK)
			wantStatus(t, "edit of the replied-to message", s.request(t, alice, http.MethodPatch, at(answered.ID), `{"text":"SECRET question"}`, nil), http.StatusOK)
			wantStatus(t, "react", s.request(t, alice, http.MethodPut, at(sent.Message.ID)+"/reactions/%F0%9F%91%8D", "", nil), http.StatusOK)
			path, by := fmt.Sprintf("/api/v1/rooms/%d/leave", room.ID), bob
			if end.name != "left" {
				path, by = fmt.Sprintf(end.path, room.ID, bob.User.ID), alice
			}
			if a := s.request(t, by, end.method, path, "", nil); a.status >= http.StatusBadRequest {
				t.Fatalf("%s: %d %s", end.name, a.status, a.body)
			}

			again := s.request(t, bob, http.MethodPost, messages, body, nil)
			wantStatus(t, end.name+" repeats a send", again, http.StatusOK)
			var got struct{ Message map[string]any }
			if err := json.Unmarshal([]byte(again.body), &got); err != nil {
				t.Fatal(err)
			}
			seq, createdAt := float64(sent.Message.Seq), got.Message["createdAt"]
			var original struct{ Message map[string]any }
			if err := json.Unmarshal([]byte(first.body), &original); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{
				"id": float64(sent.Message.ID), "roomId": float64(room.ID), "seq": seq, "changeSeq": seq, "cid": cid, "kind": "text",
				"author": original.Message["author"], "text": "my *answer*, @rosalind", "html": "<p>my <em>answer</em>, @rosalind</p>\n",
				"createdAt": original.Message["createdAt"], "mentions": []any{}, "attachments": []any{}, "reactions": []any{},
			}
			if createdAt == nil || !reflect.DeepEqual(got.Message, want) {
				t.Errorf("%s repeats a send: got\n%v\nwant\n%v", end.name, got.Message, want)
			}
			wantStatus(t, "another text under the cid", s.request(t, bob, http.MethodPost, messages, strings.Replace(body, "answer", "guess", 1), nil), http.StatusConflict)
			wantStatus(t, "another reply under the cid", s.request(t, bob, http.MethodPost, messages, strings.Replace(body, `"replyTo"`, `"attachmentIds":[1],"replyTo"`, 1), nil), http.StatusConflict)

			socket := dial(t, bob)
			var confirmed map[string]any
			if err := socket.Do(ctx(t), "message:send", map[string]any{"roomId": room.ID, "cid": cid, "text": "my *answer*, @rosalind", "replyTo": answered.ID}, &confirmed); err != nil {
				t.Errorf("%s repeats a send by socket: %v", end.name, err)
			}
			wantConfirmed := map[string]any{"cid": cid, "roomId": float64(room.ID), "id": float64(sent.Message.ID), "seq": seq, "createdAt": createdAt}
			if !reflect.DeepEqual(confirmed, wantConfirmed) {
				t.Errorf("%s repeats a send by socket: got %v, want %v", end.name, confirmed, wantConfirmed)
			}
		}
	}
}

var (
	tags      = regexp.MustCompile(`<[^>]*>`)
	harmless  = regexp.MustCompile(`^</?(p|br|strong|em|del|s|code|pre|blockquote|ul|ol|li|h[1-6]|hr|a|span|table|thead|tbody|tr|th|td)(\s[^>]*)?/?>$`)
	executing = regexp.MustCompile(`(?i)\son\w+\s*=|style\s*=|(href|src)\s*=\s*"?\s*(javascript|data|vbscript|file):`)
)

func html(t *testing.T, s *target) {
	alice := s.user(t, "xenia")
	room := s.room(t, alice, "Scripts", nil)
	for _, text := range []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg/onload=alert(1)>`, `<iframe src="javascript:alert(1)">`,
		`[x](javascript:alert(1))`, `[x](JaVaScRiPt:alert(1))`, "[x](java\tscript:alert(1))", `[x](data:text/html;base64,PHNjcmlwdD4=)`,
		`![x](javascript:alert(1))`, `![x"onerror="alert(1)](x)`, `<a href="javascript:alert(1)">x</a>`, `<math><mtext></mtext><style><img src=x onerror=alert(1)>`,
		"```\n</code></pre><script>alert(1)</script>\n```", "`<b onmouseover=alert(1)>`", `<https://example.org/"onclick="alert(1)>`,
		`[x](https://example.org/" onmouseover="alert(1))`, `<p style="background:url(javascript:alert(1))">`, `<!--<img src="--><img src=x onerror=alert(1)//">`,
		`@xenia"><script>alert(1)</script>`, `<form action=//evil.example><input name=password>`, `<base href=//evil.example>`, `<meta http-equiv=refresh content=0;url=//evil.example>`,
	} {
		m, err := send(t, alice, room.ID, text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		for _, tag := range tags.FindAllString(m.HTML, -1) {
			if !harmless.MatchString(tag) || executing.MatchString(tag) {
				t.Errorf("%q becomes %s, with the tag %s", text, m.HTML, tag)
			}
		}
	}
}

func dial(t *testing.T, c *client.Client) *client.Socket {
	t.Helper()
	socket, err := c.Dial(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(socket.Cut)
	return socket
}

// webhooks has an internal server that must never be called.
func webhooks(t *testing.T, s *target) {
	inside := newTrap(t)
	alice := s.user(t, "walter")
	room := s.room(t, alice, "Hooks", nil)
	path := fmt.Sprintf("/api/v1/rooms/%d/webhooks/outgoing", room.ID)
	port := inside.port
	var made []string
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]",
		"169.254.169.254", "10.0.0.1", "192.168.0.1", "[fe80::1]", "[fd00::1]", "localhost.localdomain",
	} {
		target := fmt.Sprintf("http://%s:%s/hook", host, port)
		a := s.request(t, alice, http.MethodPost, path, `{"url":"`+target+`"}`, nil)
		if a.status == http.StatusCreated {
			made = append(made, target)
			s.secretsIn(t, a.body, "secret")
		} else if a.status < 400 || a.status > 499 {
			t.Errorf("%s: %d %s", target, a.status, a.body)
		}
	}
	for _, target := range []string{"file:///etc/passwd", "gopher://127.0.0.1:6379/_FLUSHALL", "ftp://example.org/", "http://user:pass@example.org/", "//example.org", "http://", "javascript:alert(1)"} {
		wantStatus(t, target, s.request(t, alice, http.MethodPost, path, `{"url":"`+target+`"}`, nil), http.StatusUnprocessableEntity)
	}
	if _, err := send(t, alice, room.ID, "go and fetch"); err != nil {
		t.Fatal(err)
	}
	// Every created webhook has tried and failed before the calls are checked.
	eventually(t, "the failure of every webhook", func() bool {
		var out struct {
			Webhooks []struct {
				URL       string `json:"url"`
				Failures  int    `json:"failures"`
				LastError string `json:"lastError"`
			} `json:"webhooks"`
		}
		if err := json.Unmarshal([]byte(s.request(t, alice, http.MethodGet, path, "", nil).body), &out); err != nil {
			t.Fatal(err)
		}
		for _, hook := range out.Webhooks {
			if hook.Failures == 0 {
				return false
			}
			if strings.Contains(hook.LastError, "127.0.0.1") || strings.Contains(hook.LastError, "refused") {
				t.Errorf("%s reveals internal details: %s", hook.URL, hook.LastError)
			}
		}
		return len(out.Webhooks) == len(made)
	})
	if n := inside.calls.Load(); n > 0 {
		t.Errorf("the internal server was called %d times", n)
	}
	incoming := s.request(t, alice, http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/webhooks/incoming", room.ID), `{"name":"in"}`, nil)
	token := s.secretsIn(t, incoming.body, "token")
	for what, want := range map[string]int{token: http.StatusCreated, token + "x": http.StatusNotFound, "x": http.StatusNotFound} {
		wantStatus(t, "post by webhook", s.request(t, nil, http.MethodPost, "/api/v1/hooks/"+what, `{"text":"hello"}`, nil), want)
	}
}

// frames sends invalid frames.
func frames(t *testing.T, s *target) {
	c := s.user(t, "fritz")
	for name, bad := range map[string][]byte{
		"too large":          []byte(`{"type":"` + strings.Repeat("x", 33<<10) + `"}`),
		"a bomb of brackets": []byte(`{"id":1,"type":"ping","data":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}`),
		"NUL":                []byte("{\"id\":1,\"type\":\"ping\",\"data\":{\"\\u0000\":1}}"),
		"unknown":            []byte(`{"id":1,"type":"admin:shutdown"}`),
		"prototype":          []byte(`{"id":1,"type":"ping","__proto__":{"admin":true}}`),
		"a number too large": []byte(`{"id":1,"type":"read:mark","data":{"roomId":1,"seq":1e400}}`),
	} {
		socket := dial(t, c)
		_ = socket.Write(ctx(t), bad) // the server may close during the write
		if name == "too large" {
			if _, err := socket.Next(ctx(t), "nothing"); err == nil || socket.CloseCode() != 1009 {
				t.Errorf("%s: the socket ended with %d, want 1009", name, socket.CloseCode())
			}
			continue
		}
		f, err := socket.Next(ctx(t), "error")
		if err != nil || !strings.Contains(string(f.Data), "BAD_REQUEST") {
			t.Errorf("%s: %s, %v, want BAD_REQUEST", name, f.Data, err)
			continue
		}
		if err := socket.Do(ctx(t), "ping", wire.Ping{}, nil); err != nil {
			t.Errorf("%s: the socket was closed: %v", name, err)
		}
	}
}
