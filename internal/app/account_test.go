package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

// sees returns the next user:updated.
func (p *person) sees() chat.User {
	p.t.Helper()
	f, err := p.Next(ctx(p.t), "user:updated")
	if err != nil {
		p.t.Fatal(err)
	}
	var told chat.UserUpdated
	if err := f.Decode(&told); err != nil {
		p.t.Fatal(err)
	}
	return told.User
}

// do asks for something that must work.
func (p *person) do(method, to string, in, out any) {
	p.t.Helper()
	if err := p.Client.Do(ctx(p.t), method, to, in, out); err != nil {
		p.t.Fatalf("%s %s: %v", method, to, err)
	}
}

func TestWhoSharesARoomHearsOfANewName(t *testing.T) {
	inEachWorld(t, func(w *world) {
		alice, bob, carol := w.person("alice", 0), w.person("bob", 1), w.person("carol", 1)
		room, other := alice.room("Lobby", nil), alice.room("Other", nil)
		for _, r := range []chat.RoomID{room.ID, other.ID} {
			alice.join(r, nil)
			bob.join(r, nil)
		}
		carols := carol.room("Elsewhere", nil)
		carol.join(carols.ID, nil)
		alice.do(http.MethodPatch, "/users/me", map[string]string{"displayName": "  Alice\tA. "}, nil)
		for _, p := range []*person{alice, bob} {
			if u := p.sees(); u.ID != alice.User.ID || u.DisplayName != "Alice A." || u.Status != chat.Unknown {
				w.t.Fatalf("%s sees %+v", p.User.Username, u)
			}
		}
		alice.do(http.MethodPatch, "/users/me", map[string]string{"statusMessage": "here"}, nil)
		if u := bob.sees(); u.StatusMessage != "here" { // each is told once, though they share two rooms
			w.t.Fatalf("bob sees %+v", u)
		}
		alice.avatar(aPNG(w.t))
		if u := bob.sees(); u.AvatarURL == "" {
			w.t.Fatalf("bob sees %+v, want an avatar", u)
		}
		alice.do(http.MethodDelete, "/users/me/avatar", nil, nil)
		if u := bob.sees(); u.AvatarURL != "" {
			w.t.Fatalf("bob sees %+v, want no avatar", u)
		}
		// Carol, who shares no room with them, has heard nothing before her own news.
		carol.do(http.MethodPatch, "/users/me", map[string]string{"displayName": ""}, nil)
		if u := carol.sees(); u.ID != carol.User.ID || u.DisplayName != "carol" {
			w.t.Fatalf("carol sees %+v", u)
		}
	})
}

// guest comes to node n (counted round) and connects.
func (w *world) guest(name string, n int) *person {
	w.t.Helper()
	c := client.New(w.nodes[n%len(w.nodes)])
	if err := c.Guest(ctx(w.t), name); err != nil {
		w.t.Fatalf("guest %s: %v", name, err)
	}
	p := &person{Client: c, t: w.t}
	p.connect()
	return p
}

func TestAGuestStays(t *testing.T) {
	inEachWorld(t, func(w *world) {
		guest := w.guest("Gustav", 0)
		room := guest.room("Lobby", nil)
		guest.join(room.ID, nil)
		guest.say(room.ID, "hello")
		guest.hears(1)
		guest.do(http.MethodPatch, "/users/me", map[string]string{"displayName": "Gustav G."}, nil)
		guest.sees()

		try := func(in map[string]string) error {
			return guest.Client.Do(ctx(w.t), http.MethodPut, "/auth/account", in, nil)
		}
		wantCode(w.t, try(map[string]string{"username": "gu", "password": "correct horse"}), chat.BadRequest)
		wantCode(w.t, try(map[string]string{"username": "gustav", "password": "short"}), chat.BadRequest)
		if err := try(map[string]string{"username": "Gustav", "password": "correct horse"}); err != nil {
			w.t.Fatal(err)
		}
		if u := guest.sees(); u.ID != guest.User.ID || u.Guest || u.Username != "gustav" || u.DisplayName != "Gustav G." || u.Role != chat.Admin {
			w.t.Fatalf("told %+v, want the admin gustav", u)
		}
		guest.say(room.ID, "the same socket")
		if m := guest.hears(2); m.Author.ID != guest.User.ID || m.Author.Username != "gustav" {
			w.t.Fatalf("author = %+v", m.Author)
		}
		wantCode(w.t, try(map[string]string{"username": "gustav2", "password": "correct horse"}), chat.Forbidden)

		again := client.New(w.nodes[len(w.nodes)-1])
		if err := again.Login(ctx(w.t), "gustav", "correct horse"); err != nil || again.User.ID != guest.User.ID {
			w.t.Fatalf("login = %+v, %v, want the same user", again.User, err)
		}
		if history, err := again.History(ctx(w.t), room.ID, "limit=10"); err != nil || texts(history) != "hello the same socket" {
			w.t.Fatalf("history = %q, %v", texts(history), err)
		}
		other := w.guest("", 1)
		wantCode(w.t, other.Client.Do(ctx(w.t), http.MethodPut, "/auth/account", map[string]string{"username": "gustav", "password": "correct horse"}, nil), chat.UsernameTaken)
		_, err := other.trySay(room.ID, uuid.NewString(), "not in here")
		wantCode(w.t, err, chat.NotAMember)
	})
}

func TestAGuestsCookieBecomesThatOfAnAccount(t *testing.T) {
	w := embedded(t, nil)
	guest := w.guest("", 0)
	request, err := http.NewRequestWithContext(ctx(t), http.MethodPut, guest.Base+"/api/v1/auth/account",
		strings.NewReader(`{"username":"gustav","password":"correct horse"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Origin", guest.Base)
	request.AddCookie(&http.Cookie{Name: "session", Value: guest.Token})
	answer, body := fetch(t, request)
	cookies := answer.Cookies()
	if answer.StatusCode != http.StatusOK || len(cookies) != 1 || cookies[0].Value != guest.Token || cookies[0].MaxAge != 30*24*3600 {
		t.Fatalf("answer = %d %s, cookies %v, want the same token for 30 days", answer.StatusCode, body, cookies)
	}
}
