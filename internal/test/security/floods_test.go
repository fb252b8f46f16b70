package security

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

// concurrently sends n concurrent requests and counts the responses by status.
func (s *target) concurrently(t *testing.T, n int, ask func(i int) response) map[int]int {
	t.Helper()
	statuses := make(map[int]int)
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			a := ask(i)
			mu.Lock()
			defer mu.Unlock()
			statuses[a.status]++
		})
	}
	all.Wait()
	return statuses
}

// at returns a client with the same session at another node.
func at(c *client.Client, base string) *client.Client {
	other := *c
	other.Base = base
	return &other
}

// hashing sends requests that would hash passwords, without the permission for them.
func hashing(t *testing.T, s *target) {
	alice, mallory := s.user(t, "hannah"), s.user(t, "herbert")
	room := s.room(t, alice, "Hash me", nil)
	if err := mallory.JoinRoom(ctx(t), room.ID, ""); err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("/api/v1/rooms/%d", room.ID)
	// The role is checked before the password, so an invalid password is not reported.
	for name, body := range map[string]string{"a good password": `{"password":"open sesame now"}`, "a short one": `{"password":"x"}`} {
		wantStatus(t, name, s.request(t, mallory, http.MethodPatch, path, body, nil), http.StatusForbidden)
	}
	stop := make(chan struct{})
	var flood sync.WaitGroup
	for range 20 {
		flood.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					s.request(t, mallory, http.MethodPatch, path, `{"password":"open sesame now"}`, nil)
				}
			}
		})
	}
	for range 3 {
		a := s.request(t, nil, http.MethodPost, "/api/v1/auth/login", `{"username":"hannah","password":"`+password("hannah")+`"}`, nil)
		wantStatus(t, "a login during the flood", a, http.StatusOK)
		var in struct{ Token string }
		if err := json.Unmarshal([]byte(a.body), &in); err == nil {
			s.secret("a token", in.Token)
		}
	}
	close(stop)
	flood.Wait()
}

// commonPasswords tests that common passwords are refused where one is set, and only there.
func commonPasswords(t *testing.T, s *target) {
	c := s.user(t, "conrad-the-third")
	guest := client.New(s.node.URL())
	if err := guest.Guest(ctx(t), "guest"); err != nil {
		t.Fatal(err)
	}
	s.secret("a token", guest.Token)
	room := s.room(t, c, "Common", nil)
	for _, password := range []string{"password", "Password", "12345678", "conrad-the-third", "Conrad-The-Third"} {
		for _, set := range []struct {
			from         *client.Client
			method, path string
			body         string
		}{
			{nil, http.MethodPost, "/api/v1/auth/register", `{"username":"conrad-the-third","password":%q}`},
			{guest, http.MethodPut, "/api/v1/auth/account", `{"username":"conrad-the-third","password":%q}`},
			{c, http.MethodPut, "/api/v1/auth/password", `{"current":"` + s.secret("a password", "the password of conrad-the-third") + `","password":%q}`},
			{c, http.MethodPost, "/api/v1/rooms", `{"name":"Common too","password":%q}`},
			{c, http.MethodPatch, fmt.Sprintf("/api/v1/rooms/%d", room.ID), `{"password":%q}`},
		} {
			if strings.Contains(set.path, "rooms") && strings.Contains(strings.ToLower(password), "conrad") {
				continue // a room password may be a common name
			}
			a := s.request(t, set.from, set.method, set.path, fmt.Sprintf(set.body, password), nil)
			if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `"location":"body.password"`) {
				t.Errorf("%s %s with %q: %d %s, want 422 at body.password", set.method, set.path, password, a.status, a.body)
			}
		}
		a := s.request(t, nil, http.MethodPost, "/api/v1/auth/login", fmt.Sprintf(`{"username":"conrad-the-third","password":%q}`, password), nil)
		wantStatus(t, "signing in with "+password, a, http.StatusUnauthorized)
	}
}

// floods sends floods of durable changes that are not messages.
func floods(t *testing.T, s *target) {
	alice, mallory, moderator := s.user(t, "florence"), s.user(t, "flint"), s.user(t, "felicity")
	room := s.room(t, alice, "Flooded", nil)
	for _, c := range []*client.Client{mallory, moderator} {
		if err := c.JoinRoom(ctx(t), room.ID, ""); err != nil {
			t.Fatal(err)
		}
	}
	said, err := send(t, alice, room.ID, "react to this")
	if err != nil {
		t.Fatal(err)
	}
	base := s.bare.URL() // the node with normal limits
	head := func() chat.Seq {
		t.Helper()
		var out struct {
			Room chat.Room `json:"room"`
		}
		if err := alice.Do(ctx(t), http.MethodGet, fmt.Sprintf("/rooms/%d", room.ID), nil, &out); err != nil {
			t.Fatal(err)
		}
		return out.Room.Head
	}
	flooder := at(mallory, base)
	before := head()
	reaction := fmt.Sprintf("/api/v1/messages/%d/reactions/%%F0%%9F%%91%%8D", said.ID)
	statuses := s.concurrently(t, 200, func(i int) response {
		return s.request(t, flooder, []string{http.MethodPut, http.MethodDelete}[i%2], reaction, "", nil)
	})
	for status := range statuses {
		if status != http.StatusOK && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
			t.Errorf("reactions were answered %v", statuses)
		}
	}
	if n := head() - before; n > 60 || statuses[http.StatusTooManyRequests] == 0 {
		t.Errorf("200 reactions caused %d changes and the responses %v, want at most 60 changes, and refusals", n, statuses)
	}
	// Messages have a separate limit, and leaving waits for neither.
	if _, err := send(t, flooder, room.ID, "I can still send"); err != nil {
		t.Errorf("a message after the reactions: %v", err)
	}
	wantStatus(t, "leaving after the reactions", s.request(t, flooder, http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/leave", room.ID), "", nil), http.StatusNoContent)

	manager := at(alice, base)
	mute := fmt.Sprintf("/api/v1/rooms/%d/members/%d/mute", room.ID, userID(t, moderator))
	statuses = s.concurrently(t, 100, func(i int) response {
		if i%2 == 0 {
			return s.request(t, manager, http.MethodPut, mute, `{"seconds":60}`, nil)
		}
		return s.request(t, manager, http.MethodDelete, mute, "", nil)
	})
	if statuses[http.StatusOK] > 60 || statuses[http.StatusTooManyRequests] == 0 {
		t.Errorf("mutes were answered %v, want refusals", statuses)
	}
	hooks := fmt.Sprintf("/api/v1/rooms/%d/webhooks/incoming", room.ID)
	statuses = s.concurrently(t, 100, func(int) response {
		a := s.request(t, manager, http.MethodPost, hooks, `{"name":"x"}`, nil)
		if a.status == http.StatusCreated {
			s.secretsIn(t, a.body, "token")
		}
		return a
	})
	if statuses[http.StatusCreated] > chat.MaxWebhooks || statuses[http.StatusTooManyRequests] == 0 {
		t.Errorf("webhooks were answered %v, want at most %d made, and refusals", statuses, chat.MaxWebhooks)
	}
}

func userID(t *testing.T, c *client.Client) chat.UserID {
	t.Helper()
	var out struct {
		User chat.User `json:"user"`
	}
	if err := c.Do(ctx(t), http.MethodGet, "/auth/me", nil, &out); err != nil {
		t.Fatal(err)
	}
	return out.User.ID
}

// lockRoom locks the row of a room, like a change that never ends, until release is called.
func (s *target) lockRoom(t *testing.T, room chat.RoomID) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(ctx(t), s.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	tx, err := conn.Begin(ctx(t))
	if err == nil {
		_, err = tx.Exec(ctx(t), `SELECT 1 FROM rooms WHERE id = $1 FOR NO KEY UPDATE`, int64(room))
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = tx.Rollback(ctx(t)) }
}

// foreignRooms requests locks without permission while members send messages.
func foreignRooms(t *testing.T, s *target) {
	alice, mallory := s.user(t, "leonora"), s.user(t, "lothar")
	room := s.room(t, alice, "Not yours", map[string]any{"private": true})
	said, err := send(t, alice, room.ID, "not for lothar")
	if err != nil {
		t.Fatal(err)
	}
	statuses := s.concurrently(t, 60, func(i int) response {
		switch i % 3 {
		case 0:
			return s.request(t, mallory, http.MethodDelete, fmt.Sprintf("/api/v1/messages/%d", said.ID), "", nil)
		case 1:
			return s.request(t, mallory, http.MethodPatch, fmt.Sprintf("/api/v1/messages/%d", said.ID), `{"text":"mine"}`, nil)
		}
		return s.request(t, mallory, http.MethodPut, fmt.Sprintf("/api/v1/messages/%d/reactions/%%F0%%9F%%91%%8D", said.ID), "", nil)
	})
	if statuses[http.StatusNotFound] != 60 {
		t.Errorf("responses to a non-member's changes = %v, want 60 times 404", statuses)
	}
	// No non-member request waits for the lock: while it is held, the response is 404.
	release := s.lockRoom(t, room.ID)
	for _, a := range []response{
		s.request(t, mallory, http.MethodDelete, fmt.Sprintf("/api/v1/messages/%d", said.ID), "", nil),
		s.request(t, mallory, http.MethodPatch, fmt.Sprintf("/api/v1/messages/%d", said.ID), `{"text":"mine"}`, nil),
		s.request(t, mallory, http.MethodPut, fmt.Sprintf("/api/v1/messages/%d/reactions/%%F0%%9F%%91%%8D", said.ID), "", nil),
		s.request(t, mallory, http.MethodPatch, fmt.Sprintf("/api/v1/rooms/%d", room.ID), `{"name":"mine"}`, nil),
		s.request(t, mallory, http.MethodDelete, fmt.Sprintf("/api/v1/rooms/%d", room.ID), "", nil),
		s.request(t, mallory, http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/invites", room.ID), `{}`, nil),
		s.request(t, mallory, http.MethodPut, fmt.Sprintf("/api/v1/rooms/%d/bans/1", room.ID), `{}`, nil),
		s.request(t, mallory, http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/leave", room.ID), "", nil),
		s.request(t, mallory, http.MethodPost, fmt.Sprintf("/api/v1/rooms/%d/join", room.ID), "", nil),
	} {
		wantStatus(t, "while the room is held", a, http.StatusNotFound)
	}
	release()
	if _, err := send(t, alice, room.ID, "still here"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
