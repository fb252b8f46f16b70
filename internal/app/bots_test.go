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

func (p *testUser) bot(name string) botToken {
	p.t.Helper()
	var made botToken
	err := p.Client.Do(ctx(p.t), http.MethodPost, "/bots", map[string]string{"username": name, "displayName": "The Robot"}, &made)
	if err != nil {
		p.t.Fatalf("create bot: %v", err)
	}
	return made
}

// as connects with a bot's token at node n.
func (d *deployment) as(made botToken, n int) *testUser {
	d.t.Helper()
	c := newClient(d.nodes[n%len(d.nodes)])
	c.Token, c.User = made.Token, made.User
	p := &testUser{Client: c, t: d.t}
	p.connect()
	return p
}

func TestBotChatsUntilItsTokenIsRevoked(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice := d.user("alice", 0)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		made := alice.bot("Robot")
		if made.User.Username != "robot" || made.User.DisplayName != "The Robot" || made.User.Role != chat.Bot || made.Token == "" {
			d.t.Fatalf("bot = %+v", made)
		}
		robot := d.as(made, 1)
		robot.join(room.ID, nil)
		alice.receives(1)
		robot.send(room.ID, "beep")
		if m := alice.receives(2); m.Author.ID != made.User.ID || m.Text != "beep" {
			d.t.Fatalf("message = %+v, want the bot's", m)
		}
		robot.receives(2)

		var renewed botToken
		if err := alice.Client.Do(ctx(d.t), http.MethodPost, path("/bots/%d/token", made.User.ID), nil, &renewed); err != nil {
			d.t.Fatal(err)
		}
		wantCode(d.t, robot.Client.Do(ctx(d.t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
		if _, err := robot.Next(ctx(d.t), "nothing"); err == nil || robot.CloseCode() != 4001 {
			d.t.Fatalf("socket ended with %d, want 4001", robot.CloseCode())
		}
		again := d.as(renewed, 1)
		again.send(room.ID, "boop") // still a member
		alice.receives(3)

		if err := alice.Client.Do(ctx(d.t), http.MethodDelete, path("/bots/%d", made.User.ID), nil, nil); err != nil {
			d.t.Fatal(err)
		}
		if _, err := again.Next(ctx(d.t), "nothing"); err == nil || again.CloseCode() != 4001 {
			d.t.Fatalf("socket ended with %d, want 4001", again.CloseCode())
		}
		wantCode(d.t, again.Client.Do(ctx(d.t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
		if m := alice.receives(4); m.System == nil || m.System.Action != chat.Left || m.System.UserID != made.User.ID {
			d.t.Fatalf("message = %+v, want that the bot left", m)
		}
	})
}

func TestBotOwners(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		made := alice.bot("robot")
		robot, guest := newClient(d.nodes[0]), newClient(d.nodes[0])
		robot.Token = made.Token
		if err := guest.Guest(ctx(d.t), "Guest"); err != nil {
			d.t.Fatal(err)
		}
		for who, c := range map[string]*client.Client{"a bot": robot, "a guest": guest} {
			err := c.Do(ctx(d.t), http.MethodPost, "/bots", map[string]string{"username": "more"}, nil)
			d.t.Log(who)
			wantCode(d.t, err, chat.Forbidden)
		}
		wantCode(d.t, newClient(d.nodes[0]).Login(ctx(d.t), "robot", ""), chat.Unauthenticated)
		wantCode(d.t, robot.Do(ctx(d.t), http.MethodPut, "/auth/password",
			map[string]string{"current": "", "password": "correct horse"}, nil), chat.Forbidden)
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodPost, path("/bots/%d/token", made.User.ID), nil, nil), chat.NotFound)
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodDelete, path("/bots/%d", made.User.ID), nil, nil), chat.NotFound)
		var list struct {
			Bots []chat.User `json:"bots"`
		}
		if err := alice.Client.Do(ctx(d.t), http.MethodGet, "/bots", nil, &list); err != nil || len(list.Bots) != 1 || list.Bots[0].ID != made.User.ID {
			d.t.Fatalf("alice's bots = %+v, %v", list, err)
		}
		if err := bob.Client.Do(ctx(d.t), http.MethodGet, "/bots", nil, &list); err != nil || len(list.Bots) != 0 {
			d.t.Fatalf("bob's bots = %+v, %v", list, err)
		}
	})
}
