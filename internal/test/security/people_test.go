package security

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/client"
)

func accounts(t *testing.T, s *target) {
	alice := s.user(t, "alice")
	t.Run("lookalike names are refused", func(t *testing.T) {
		for _, name := range []string{"alice", "ALICE", "\u0430lice", "ａｌｉｃｅ", "al\u200bice", "alice\u0000", "a<b>c", "../alice", "al ice"} {
			body, _ := json.Marshal(map[string]string{"username": name, "password": password("nobody")})
			if a := s.request(t, nil, http.MethodPost, "/api/v1/auth/register", string(body), nil); a.status < 400 || a.status > 499 {
				t.Errorf("register as %q: %d %s", name, a.status, a.body)
			}
		}
	})
	t.Run("a login does not reveal which users exist", func(t *testing.T) {
		try := func(name string) response {
			return s.request(t, nil, http.MethodPost, "/api/v1/auth/login", `{"username":"`+name+`","password":"a wrong guess"}`, nil)
		}
		a := try("alice")
		wantStatus(t, "a wrong password", a, http.StatusUnauthorized)
		for _, name := range []string{"nobody", "alice' OR '1'='1", "alice@example.org"} {
			wantSame(t, "a wrong password and "+name, a, try(name))
		}
	})
	t.Run("others see no email and no password", func(t *testing.T) {
		c := newClient(s.node.URL())
		in := map[string]string{"username": "bertha", "password": s.secret("a password", password("bertha")), "email": "bertha@secret.example"}
		if err := c.Do(ctx(t), http.MethodPost, "/auth/register", in, nil); err != nil {
			t.Fatal(err)
		}
		room := s.room(t, alice, "Emails", nil)
		login := s.request(t, nil, http.MethodPost, "/api/v1/auth/login", `{"username":"bertha","password":"`+password("bertha")+`"}`, nil)
		var in2 struct {
			Token string `json:"token"`
			User  struct {
				ID int64 `json:"id"`
			} `json:"user"`
		}
		if err := json.Unmarshal([]byte(login.body), &in2); err != nil {
			t.Fatal(err)
		}
		c.Token = s.secret("a token", in2.Token)
		if err := c.JoinRoom(ctx(t), room.ID, ""); err != nil {
			t.Fatal(err)
		}
		for _, op := range []operation{{Path: "/api/v1/users/{id}"}, {Path: "/api/v1/rooms/{id}/members"}, {Path: "/api/v1/rooms/{id}/messages"}} {
			id := in2.User.ID
			if strings.Contains(op.Path, "rooms") {
				id = int64(room.ID)
			}
			a := s.request(t, alice, http.MethodGet, op.at(id), "", nil)
			wantStatus(t, op.Path, a, http.StatusOK)
			for _, word := range []string{"secret.example", "argon2", "password\"", "token"} {
				if strings.Contains(a.body, word) {
					t.Errorf("%s contains %q: %s", op.Path, word, a.body)
				}
			}
		}
	})
}

func sessions(t *testing.T, s *target) {
	c := s.user(t, "sandra")
	login := func(cookie string) (token string, set *http.Cookie) {
		t.Helper()
		a := s.request(t, nil, http.MethodPost, "/api/v1/auth/login", `{"username":"sandra","password":"`+password("sandra")+`"}`,
			map[string]string{"Cookie": "session=" + cookie, "Origin": s.node.URL()})
		var in struct{ Token string }
		if err := json.Unmarshal([]byte(a.body), &in); err != nil || in.Token == "" {
			t.Fatalf("login: %d %s", a.status, a.body)
		}
		set, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
		if err != nil {
			t.Fatal(err)
		}
		return s.secret("a token", in.Token), set
	}
	const planted = "a-token-that-an-attacker-knows-before-the-login"
	first, cookie := login(planted)
	second, _ := login(first)
	if first == planted || cookie.Value != first || second == first || len(first) < 40 {
		t.Errorf("tokens after a planted one: %q, %q, cookie %q: want new ones each", first, second, cookie.Value)
	}
	me := func(token string) int {
		return s.request(t, nil, http.MethodGet, "/api/v1/auth/me", "", map[string]string{"Authorization": "Bearer " + token}).status
	}
	upgrade := func(token string) int { return s.upgrade(t, map[string]string{"Authorization": "Bearer " + token}) }
	if got := me(planted); got != http.StatusUnauthorized {
		t.Errorf("the planted token: %d, want 401", got)
	}
	if me(first) != http.StatusOK || me(second) != http.StatusOK {
		t.Fatal("a new session is not valid")
	}
	socket, err := (&client.Client{Base: c.Base, HTTP: c.HTTP, Token: first}).Dial(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Cut()
	wantStatus(t, "logout", s.request(t, nil, http.MethodPost, "/api/v1/auth/logout", "", map[string]string{"Authorization": "Bearer " + first}), http.StatusNoContent)
	for _, base := range []string{s.node.URL(), s.bare.URL()} {
		old := &client.Client{Base: base, HTTP: http.DefaultClient, Token: first}
		wantStatus(t, "after the logout at "+base, s.request(t, old, http.MethodGet, "/api/v1/auth/me", "", nil), http.StatusUnauthorized)
	}
	if got := upgrade(first); got != http.StatusUnauthorized {
		t.Errorf("a socket after the logout: %d, want 401", got)
	}
	if _, err := socket.Next(ctx(t), "nothing"); err == nil || socket.CloseCode() != 4001 {
		t.Errorf("the open socket ended with %d, want 4001", socket.CloseCode())
	}
	changed := s.request(t, c, http.MethodPut, "/api/v1/auth/password", `{"current":"`+password("sandra")+`","password":"`+s.secret("a password", password("sandra, again"))+`"}`, nil)
	wantStatus(t, "change of password", changed, http.StatusNoContent)
	if me(second) != http.StatusUnauthorized || me(c.Token) != http.StatusOK {
		t.Error("a password change did not end the other sessions")
	}
	for _, token := range []string{"", " ", "null", "undefined", "'", strings.Repeat("a", 15000), first + "=", strings.ToUpper(c.Token)} {
		if got := me(token); got != http.StatusUnauthorized {
			t.Errorf("token %.20q: %d, want 401", token, got)
		}
	}
}

func rights(t *testing.T, s *target) {
	c := s.user(t, "ronald")
	for _, in := range []struct{ method, path, body string }{
		{http.MethodPost, "/api/v1/auth/register", `{"username":"boss","password":"` + password("boss") + `","role":"admin"}`},
		{http.MethodPatch, "/api/v1/users/me", `{"role":"admin"}`},
		{http.MethodPatch, "/api/v1/users/me", `{"displayName":"x","id":1}`},
		{http.MethodPost, "/api/v1/rooms", `{"name":"Mine","ownerId":1}`},
	} {
		wantStatus(t, in.body, s.request(t, c, in.method, in.path, in.body, nil), http.StatusUnprocessableEntity)
	}
	me := s.request(t, c, http.MethodGet, "/api/v1/auth/me", "", nil)
	if !strings.Contains(me.body, `"role":"user"`) {
		t.Errorf("ronald is %s, want a plain user", me.body)
	}
}

func administration(t *testing.T, s *target) {
	plain := s.user(t, "gustav")
	for _, op := range s.operations(t) {
		if !strings.HasPrefix(op.Path, "/api/v1/admin/") {
			continue
		}
		wantSame(t, op.Method+" "+op.Path+" and nothing", s.request(t, plain, op.Method, op.at(1), "", nil),
			s.request(t, plain, op.Method, "/api/v1/admin/nothing", "", nil))
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/vars", "/.env", "/.git/config", "/api/v1/users"} {
		a := s.request(t, nil, http.MethodGet, path, "", nil)
		if strings.Contains(a.body, "chillin_connections") || strings.Contains(a.body, "goroutine") || strings.Contains(a.body, "DB_PASSWORD") || strings.Contains(a.body, "[core]") {
			t.Errorf("%s tells %.200s", path, a.body)
		}
	}
}
