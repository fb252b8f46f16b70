package app_test

import (
	"net/http"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

type botToken struct {
	User  chat.User `json:"user"`
	Token string    `json:"token"`
}

func (p *person) bot(name string) botToken {
	p.t.Helper()
	var made botToken
	err := p.Client.Do(ctx(p.t), http.MethodPost, "/bots", map[string]string{"username": name, "displayName": "The Robot"}, &made)
	if err != nil {
		p.t.Fatalf("create bot: %v", err)
	}
	return made
}

// as connects with a bot's token at node n.
func (w *world) as(made botToken, n int) *person {
	w.t.Helper()
	c := client.New(w.nodes[n%len(w.nodes)])
	c.Token, c.User = made.Token, made.User
	p := &person{Client: c, t: w.t}
	p.connect()
	return p
}

func TestBotChatsUntilItsTokenIsRevoked(t *testing.T) {
	inEachWorld(t, func(w *world) {
		alice := w.person("alice", 0)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		made := alice.bot("Robot")
		if made.User.Username != "robot" || made.User.DisplayName != "The Robot" || made.User.Role != chat.Bot || made.Token == "" {
			w.t.Fatalf("bot = %+v", made)
		}
		robot := w.as(made, 1)
		robot.join(room.ID, nil)
		alice.hears(1)
		robot.say(room.ID, "beep")
		if m := alice.hears(2); m.Author.ID != made.User.ID || m.Text != "beep" {
			w.t.Fatalf("message = %+v, want the bot's", m)
		}
		robot.hears(2)

		var renewed botToken
		if err := alice.Client.Do(ctx(w.t), http.MethodPost, path("/bots/%d/token", made.User.ID), nil, &renewed); err != nil {
			w.t.Fatal(err)
		}
		wantCode(w.t, robot.Client.Do(ctx(w.t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
		if _, err := robot.Next(ctx(w.t), "nothing"); err == nil || robot.CloseCode() != 4001 {
			w.t.Fatalf("socket ended with %d, want 4001", robot.CloseCode())
		}
		again := w.as(renewed, 1)
		again.say(room.ID, "boop") // still a member
		alice.hears(3)

		if err := alice.Client.Do(ctx(w.t), http.MethodDelete, path("/bots/%d", made.User.ID), nil, nil); err != nil {
			w.t.Fatal(err)
		}
		if _, err := again.Next(ctx(w.t), "nothing"); err == nil || again.CloseCode() != 4001 {
			w.t.Fatalf("socket ended with %d, want 4001", again.CloseCode())
		}
		wantCode(w.t, again.Client.Do(ctx(w.t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
		if m := alice.hears(4); m.System == nil || m.System.Action != chat.Left || m.System.UserID != made.User.ID {
			w.t.Fatalf("message = %+v, want that the bot left", m)
		}
	})
}

func TestBotOwners(t *testing.T) {
	inEachWorld(t, func(w *world) {
		alice, bob := w.person("alice", 0), w.person("bob", 1)
		made := alice.bot("robot")
		robot, guest := client.New(w.nodes[0]), client.New(w.nodes[0])
		robot.Token = made.Token
		if err := guest.Guest(ctx(w.t), "Guest"); err != nil {
			w.t.Fatal(err)
		}
		for who, c := range map[string]*client.Client{"a bot": robot, "a guest": guest} {
			err := c.Do(ctx(w.t), http.MethodPost, "/bots", map[string]string{"username": "more"}, nil)
			w.t.Log(who)
			wantCode(w.t, err, chat.Forbidden)
		}
		wantCode(w.t, client.New(w.nodes[0]).Login(ctx(w.t), "robot", ""), chat.Unauthenticated)
		wantCode(w.t, robot.Do(ctx(w.t), http.MethodPut, "/auth/password",
			map[string]string{"current": "", "password": "correct horse"}, nil), chat.Forbidden)
		wantCode(w.t, bob.Client.Do(ctx(w.t), http.MethodPost, path("/bots/%d/token", made.User.ID), nil, nil), chat.NotFound)
		wantCode(w.t, bob.Client.Do(ctx(w.t), http.MethodDelete, path("/bots/%d", made.User.ID), nil, nil), chat.NotFound)
		var list struct {
			Bots []chat.User `json:"bots"`
		}
		if err := alice.Client.Do(ctx(w.t), http.MethodGet, "/bots", nil, &list); err != nil || len(list.Bots) != 1 || list.Bots[0].ID != made.User.ID {
			w.t.Fatalf("alice's bots = %+v, %v", list, err)
		}
		if err := bob.Client.Do(ctx(w.t), http.MethodGet, "/bots", nil, &list); err != nil || len(list.Bots) != 0 {
			w.t.Fatalf("bob's bots = %+v, %v", list, err)
		}
	})
}
