package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// newest returns the newest page of a room for p.
func (p *testUser) newest(room chat.RoomID) []chat.Message {
	p.t.Helper()
	messages, err := p.History(ctx(p.t), room, "limit=10")
	if err != nil {
		p.t.Fatalf("history: %v", err)
	}
	return messages
}

func TestNewestMessagesAreNeverStale(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		// Because of carol, alice's node receives the room's events; bob's does not. Without a subscription
		// of their own they are never answered from the cache alone, as when the database is too slow.
		d.user("carol", 0).join(room.ID, nil)
		if err := bob.JoinRoom(ctx(d.t), room.ID, ""); err != nil {
			d.t.Fatal(err)
		}
		alice.newest(room.ID)
		bob.newest(room.ID)
		done := alice.send(room.ID, "first")
		for _, step := range []struct {
			name, method, path string
			body               any
			holds              func(m chat.Message) bool
		}{
			{"sent", http.MethodGet, "/auth/me", nil, func(m chat.Message) bool { return m.Text == "first" }},
			{"edited", http.MethodPatch, path("/messages/%d", done.ID), map[string]string{"text": "second"}, func(m chat.Message) bool { return m.Text == "second" }},
			{"reacted", http.MethodPut, path("/messages/%d/reactions/%s", done.ID, "%F0%9F%91%8D"), nil, func(m chat.Message) bool { return len(m.Reactions) == 1 }},
			{"renamed", http.MethodPatch, "/users/me", map[string]string{"displayName": "Queen Alice"}, func(m chat.Message) bool { return m.Author.DisplayName == "Queen Alice" }},
			{"deleted", http.MethodDelete, path("/messages/%d", done.ID), nil, func(m chat.Message) bool { return m.Text == "" && m.DeletedAt != 0 }},
		} {
			if err := alice.Client.Do(ctx(d.t), step.method, step.path, step.body, nil); err != nil {
				d.t.Fatalf("%s: %v", step.name, err)
			}
			for _, p := range []*testUser{alice, bob, alice, bob} { // the second read may be cached
				messages := p.newest(room.ID)
				last := messages[len(messages)-1]
				if !step.holds(last) {
					d.t.Fatalf("after %s: %s reads %+v", step.name, p.User.Username, last)
				}
				if len(last.Reactions) == 1 && last.Reactions[0].Me != (p == alice) {
					d.t.Fatalf("%s reads the reaction of alice as %+v", p.User.Username, last.Reactions[0])
				}
			}
		}
	})
}

func TestCacheHitsAndMissesAreCounted(t *testing.T) {
	addr := freeAddr(t)
	alice := embedded(t, map[string]string{"METRICS_ADDR": addr}).user("alice", 0)
	room := alice.room("Lobby", nil)
	for range 3 {
		alice.newest(room.ID)
	}
	answer, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	for _, line := range []string{"chillin_cache_hits_total 2\n", "chillin_cache_misses_total 1\n"} {
		if err != nil || !strings.Contains(string(text), line) {
			t.Errorf("metrics have no line %q, %v", line, err)
		}
	}
}

func TestFlushAllLosesNothing(t *testing.T) {
	env := map[string]string{"DATABASE_URL": testenv.Postgres(t), "REDIS_URL": testenv.Redis(t), "DATA_DIR": t.TempDir()}
	d := &deployment{t, []string{startNode(t, env, nil).base, startNode(t, env, nil).base}}
	alice, bob := d.user("alice", 0), d.user("bob", 1)
	room := alice.room("Lobby", nil)
	bob.join(room.ID, nil)
	alice.send(room.ID, "before")
	options, err := redis.ParseURL(env["REDIS_URL"])
	if err != nil {
		t.Fatal(err)
	}
	r := redis.NewClient(options)
	defer r.Close()
	if err := r.FlushDB(ctx(t)).Err(); err != nil { // the database of this test
		t.Fatal(err)
	}
	if got := texts(bob.newest(room.ID)); got != "before" {
		t.Errorf("history = %q, want before", got)
	}
	bob.receives(2)
	alice.send(room.ID, "after")
	bob.receives(3)
	for _, p := range []*testUser{alice, bob} {
		if err := p.Client.Do(ctx(t), http.MethodGet, "/auth/me", nil, nil); err != nil {
			t.Errorf("%s is signed out: %v", p.User.Username, err)
		}
	}
}

func TestSubscribersCanReadDuringAPostgresOutage(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{false, true} {
		t.Run(map[bool]string{false: "one node", true: "with Redis"}[shared], func(t *testing.T) {
			postgres, err := testenv.New(t).Postgres(testenv.PostgresOptions{})
			if err != nil {
				t.Fatal(err)
			}
			dsn, err := postgres.Create(ctx(t))
			if err != nil {
				t.Fatal(err)
			}
			env := map[string]string{"DATABASE_URL": dsn, "DATA_DIR": t.TempDir()}
			if shared {
				env["REDIS_URL"] = testenv.Redis(t)
			}
			d := &deployment{t, []string{startNode(t, env, nil).base}}
			readWhileAway(d, postgres)
		})
	}
}

func readWhileAway(d *deployment, postgres *testenv.PostgresServer) {
	t := d.t
	alice, bob, carol := d.user("alice", 0), d.user("bob", 0), d.user("carol", 0)
	room := alice.room("Lobby", nil)
	alice.join(room.ID, nil)
	bob.join(room.ID, nil)
	if err := carol.JoinRoom(ctx(t), room.ID, ""); err != nil { // a member without a subscription
		t.Fatal(err)
	}
	alice.send(room.ID, "one")
	done := bob.send(room.ID, "two")
	alice.receives(1)
	alice.receives(2)
	alice.receives(3)
	alice.receives(done.Seq)
	bob.receives(2)
	bob.receives(3)
	bob.receives(done.Seq)
	elsewhere := newClient(d.nodes[0]) // alice again, not connected
	if err := elsewhere.Login(ctx(t), "alice", "correct horse"); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*testUser{alice, bob} {
		if got := texts(p.newest(room.ID)); got != "one two" {
			t.Errorf("%s reads %q, want one two", p.User.Username, got)
		}
		joined := p.join(room.ID, nil)
		if texts(joined.Messages) != "one two" || joined.To != done.Seq || joined.Membership.UserID != p.User.ID || joined.Room.Name != "Lobby" {
			t.Errorf("%s joins again: %+v", p.User.Username, joined)
		}
		if joined := p.join(room.ID, map[string]any{"since": done.Seq}); len(joined.Messages) != 0 || joined.From != done.Seq || joined.To != done.Seq {
			t.Errorf("%s joins again from its number: %+v", p.User.Username, joined)
		}
	}
	carol.Patience, elsewhere.Patience, alice.Patience = 0, 0, 0
	for name, ask := range map[string]func() error{
		"a client without a subscription": func() error { _, err := carol.History(ctx(t), room.ID, "limit=10"); return err },
		"a client that is not connected":  func() error { _, err := elsewhere.History(ctx(t), room.ID, "limit=10"); return err },
		"a request for older messages":    func() error { _, err := alice.History(ctx(t), room.ID, "before=4"); return err },
		"a request for newer messages": func() error {
			return alice.Socket.Do(ctx(t), "room:join", map[string]any{"roomId": room.ID, "since": 1}, nil)
		},
		"a request for the own user": func() error { return alice.Client.Do(ctx(t), http.MethodGet, "/auth/me", nil, nil) },
		"an unknown token": func() error {
			stranger := client.New(d.nodes[0])
			stranger.Token = "x"
			_, err := stranger.History(ctx(t), room.ID, "limit=10")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, ask(), chat.Unavailable) })
	}
	if err := postgres.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(15 * time.Second); ; {
		if _, err := alice.trySend(room.ID, cid(1), "three"); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("Postgres is available again, but: %v", err)
		}
	}
	if got := texts(carol.newest(room.ID)); got != "one two three" {
		t.Errorf("carol reads %q, want one two three", got)
	}
}
