package app_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzBody calls operations with untrusted bodies. No body may cause a server error. Without a
// connection, and with one operation at a time, it runs thousands of inputs per second.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{"username":"bob","password":"correct horse","email":"b@example.org","displayName":"B"}`,
		`{"name":"Room","description":"x","private":true,"password":"let me in"}`,
		`{"cid":"6f0b1c1e-7f2d-4c1a-9d52-0a1b2c3d4e5f","text":"hi","replyTo":1}`,
		`{"cid":"6f0b1c1e-7f2d-4c1a-9d52-0a1b2c3d4e50","text":"","attachmentIds":[1,-1,2]}`,
		`{"current":"correct horse","password":"x"}`, `{"role":"owner"}`, `{"seq":9223372036854775807}`, `{"text":null}`,
		`{"text":"hi","cid":""}`, `{"url":"http://[::1]:99999/"}`,
		`[`, `null`, `""`, `{"name":"a\u0000"}`, `{"name":1e400}`, "{\"name\":\"\xff\"}",
	} {
		for route := range byte(fuzzedRoutes) {
			f.Add(route, []byte(body))
		}
	}
	node := startNode(f, map[string]string{"DATA_DIR": f.TempDir()}, nil)
	alice := newClient(node.base)
	if err := alice.Guest(f.Context(), "Alice"); err != nil { // a guest: no hashes
		f.Fatal(err)
	}
	if _, err := alice.CreateRoom(f.Context(), "Lobby", nil); err != nil {
		f.Fatal(err)
	}
	bob := newClient(node.base)
	if err := bob.Register(f.Context(), "bob", "correct horse"); err != nil {
		f.Fatal(err)
	}
	var hook struct {
		Webhook incomingHook `json:"webhook"`
	}
	if _, err := bob.CreateRoom(f.Context(), "Hooked", nil); err != nil {
		f.Fatal(err)
	}
	if err := bob.Do(f.Context(), http.MethodPost, "/rooms/2/webhooks/incoming", map[string]string{"name": "CI"}, &hook); err != nil {
		f.Fatal(err)
	}
	routes := []string{
		"POST /rooms", "POST /rooms/join", "PATCH /rooms/1", "POST /rooms/1/join", "POST /rooms/1/messages",
		"PUT /rooms/1/read", "PATCH /rooms/1/members/1", "PATCH /messages/1", "PUT /auth/password",
		"POST /auth/login", "POST /auth/guest",
		"POST /bots", "POST /hooks/" + hook.Webhook.Token, "POST /rooms/1/webhooks/incoming", "POST /rooms/1/webhooks/outgoing",
	}
	if len(routes) != fuzzedRoutes {
		f.Fatalf("%d routes, want %d", len(routes), fuzzedRoutes)
	}
	f.Fuzz(func(t *testing.T, which byte, body []byte) {
		route := routes[int(which)%len(routes)]
		method, path, _ := strings.Cut(route, " ")
		request := httptest.NewRequestWithContext(t.Context(), method, "/api/v1"+path, bytes.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+alice.Token)
		answer := httptest.NewRecorder()
		node.handler.ServeHTTP(answer, request)
		if answer.Code >= http.StatusInternalServerError && answer.Code != http.StatusServiceUnavailable {
			t.Fatalf("%s with %q = %d", route, body, answer.Code)
		}
	})
}

// fuzzedRoutes is the number of operations that FuzzBody calls.
const fuzzedRoutes = 15
