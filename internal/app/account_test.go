package app_test

import (
	"net/http"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
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
