package app_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// wantRefusal checks the code and the text of an error, over REST or the socket.
func wantRefusal(t *testing.T, err error, status int, code chat.Code, text string) {
	t.Helper()
	refusal, ok := errors.AsType[*client.Error](err)
	if !ok || refusal.Status != status || refusal.Code != code || refusal.Detail+refusal.Message != text {
		t.Fatalf("err = %v, want %d %s %s", err, status, code, text)
	}
}

func (p *testUser) tryREST(method, route string, in any) error {
	return p.Client.Do(ctx(p.t), method, route, in, nil)
}

// blockUpdated waits for block:updated.
func (p *testUser) blockUpdated(want wire.BlockUpdated) {
	p.t.Helper()
	f, err := p.Next(ctx(p.t), "block:updated")
	var got wire.BlockUpdated
	if err != nil || f.Decode(&got) != nil || got != want {
		p.t.Fatalf("block:updated = %s, %v, want %+v", f.Data, err, want)
	}
}

func TestBlockEndsWritingInTheDirectRoom(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		phone := d.device(alice, 1)
		var opened struct{ Room chat.Room }
		openBob, openAlice := path("/users/%d/direct", bob.User.ID), path("/users/%d/direct", alice.User.ID)
		alice.do(http.MethodPut, openBob, nil, &opened)
		room := opened.Room.ID
		alice.join(room, nil)
		bob.join(room, nil)
		hers, his := alice.send(room, "hers"), bob.send(room, "his")
		if len(alice.Hello.Blocked) != 0 || alice.Hello.Blocked == nil {
			d.t.Fatalf("connected.blocked = %v, want an empty list", alice.Hello.Blocked)
		}

		block := path("/users/%d/block", bob.User.ID)
		alice.do(http.MethodPut, block, nil, nil)
		alice.do(http.MethodPut, block, nil, nil) // changes nothing
		for _, device := range []*testUser{alice, phone} {
			device.blockUpdated(wire.BlockUpdated{UserID: bob.User.ID, Blocked: true})
		}
		for _, c := range []struct {
			by   *testUser
			mine chat.MessageID
			text string
		}{
			{alice, hers.ID, "You have blocked this person."},
			{bob, his.ID, "You cannot send messages in this conversation."},
		} {
			_, err := c.by.trySend(room, uuid.NewString(), "hi")
			wantRefusal(d.t, err, 0, chat.Forbidden, c.text)
			for route, in := range map[string]any{
				path("POST /rooms/%d/messages", room):              map[string]string{"cid": uuid.NewString(), "text": "hi"},
				path("PATCH /messages/%d", c.mine):                 map[string]string{"text": "other"},
				path("PUT /messages/%d/reactions/%s", c.mine, "👍"): nil,
				path("DELETE /messages/%d/reactions/👍", c.mine):    nil,
			} {
				method, route, _ := strings.Cut(route, " ")
				wantRefusal(d.t, c.by.tryREST(method, route, in), http.StatusForbidden, chat.Forbidden, c.text)
			}
			wantRefusal(d.t, c.by.Socket.Do(ctx(d.t), "message:edit", map[string]any{"messageId": c.mine, "text": "other"}, nil), 0, chat.Forbidden, c.text)
			wantRefusal(d.t, c.by.Socket.Do(ctx(d.t), "message:react", map[string]any{"messageId": c.mine, "emoji": "👍", "on": true}, nil), 0, chat.Forbidden, c.text)
			wantRefusal(d.t, c.by.typingRefusal(room), 0, chat.Forbidden, c.text)
		}
		wantRefusal(d.t, alice.tryREST(http.MethodPut, openBob, nil), http.StatusNotFound, chat.NotFound, "You have blocked this person.")
		blocked, unknown := bob.tryREST(http.MethodPut, openAlice, nil), bob.tryREST(http.MethodPut, "/users/99999/direct", nil)
		if blocked == nil || unknown == nil || blocked.Error() != unknown.Error() {
			d.t.Fatalf("the blocked user gets %v, want the same as for an unknown user: %v", blocked, unknown)
		}
		if page, err := bob.History(ctx(d.t), room, ""); err != nil || texts(page) != "hers his" {
			d.t.Fatalf("history = %q, %v, want both messages", texts(page), err)
		}
		bob.do(http.MethodDelete, path("/messages/%d", his.ID), nil, nil)

		var list struct{ Users []chat.User }
		alice.do(http.MethodGet, "/users/me/blocks", nil, &list)
		if len(list.Users) != 1 || list.Users[0].ID != bob.User.ID {
			d.t.Fatalf("blocked users = %+v, want bob", list.Users)
		}
		again := d.device(alice, 1)
		if !slices.Equal(again.Hello.Blocked, []chat.UserID{bob.User.ID}) {
			d.t.Fatalf("connected.blocked = %v, want bob", again.Hello.Blocked)
		}

		alice.do(http.MethodDelete, block, nil, nil)
		alice.do(http.MethodDelete, block, nil, nil)
		for _, device := range []*testUser{alice, phone, again} {
			device.blockUpdated(wire.BlockUpdated{UserID: bob.User.ID, Blocked: false})
		}
		bob.send(room, "back")
		bob.do(http.MethodPut, openAlice, nil, nil)
	})
}

func TestBlockedUsersAreChecked(t *testing.T) {
	d := embedded(t, map[string]string{"RATE_LIMIT_MESSAGES": "10"})
	alice, bob := d.user("alice", 0), d.user("bob", 0)
	guest := client.New(d.nodes[0])
	if err := guest.Guest(ctx(t), "Fox"); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, alice.tryREST(http.MethodPut, path("/users/%d/block", alice.User.ID), nil), http.StatusBadRequest, chat.BadRequest, "You cannot block yourself.")
	wantRefusal(t, alice.tryREST(http.MethodPut, "/users/99999/block", nil), http.StatusNotFound, chat.NotFound, "Not found.")
	alice.do(http.MethodDelete, "/users/99999/block", nil, nil)
	alice.do(http.MethodPut, path("/users/%d/block", guest.User.ID), nil, nil)
	if err := guest.Do(ctx(t), http.MethodPut, path("/users/%d/block", bob.User.ID), nil, nil); err != nil {
		t.Fatalf("block by a guest: %v", err)
	}
	wantCode(t, bob.tryREST(http.MethodPut, path("/users/%d/direct", guest.User.ID), nil), chat.NotFound)
	for i := 0; ; i++ {
		err := bob.tryREST(http.MethodPut, path("/users/%d/block", alice.User.ID), nil)
		if err == nil && i < 1000 {
			continue
		}
		wantCode(t, err, chat.RateLimited)
		break
	}
}

// A blocked moderator keeps the permissions of the role.
func TestBlockDoesNotProtectFromModerators(t *testing.T) {
	d := embedded(t, nil)
	owner, bob := d.user("owner", 0), d.user("bob", 0)
	room := owner.room("Lobby", nil)
	bob.join(room.ID, nil)
	bob.do(http.MethodPut, path("/users/%d/block", owner.User.ID), nil, nil)
	owner.do(http.MethodPut, path("/rooms/%d/members/%d/mute", room.ID, bob.User.ID), map[string]int{"seconds": 60}, nil)
	owner.do(http.MethodDelete, path("/rooms/%d/members/%d", room.ID, bob.User.ID), nil, nil)
	wantCode(t, bob.tryREST(http.MethodGet, path("/rooms/%d/members/%d", room.ID, owner.User.ID), nil), chat.NotAMember)
}

func TestPeopleAreFoundToWriteTo(t *testing.T) {
	d := embedded(t, nil)
	alice, bob, carol := d.user("alice", 0), d.user("bob", 0), d.user("carol", 0)
	room := alice.room("Lobby", nil)
	carol.join(room.ID, nil)
	guest := client.New(d.nodes[0])
	if err := guest.Guest(ctx(t), "Carl"); err != nil {
		t.Fatal(err)
	}
	find := func(by *client.Client, query string) (names []string) {
		t.Helper()
		var found struct{ Users []chat.User }
		if err := by.Do(ctx(t), http.MethodGet, "/users"+query, nil, &found); err != nil {
			t.Fatal(err)
		}
		for _, u := range found.Users {
			names = append(names, u.Username)
		}
		return names
	}
	for query, want := range map[string]string{
		"": "carol bob", "?q=": "carol bob", "?q=" + url.QueryEscape("  "): "carol bob", "?q=b": "bob", "?q=%40BOB": "bob", "?q=car": "carol",
		"?limit=1": "carol", "?q=alice": "", "?q=carl": "",
	} {
		if got := strings.Join(find(alice.Client, query), " "); got != want {
			t.Errorf("people for %q = %q, want %q", query, got, want)
		}
	}
	if got := find(guest, "?q=a"); len(got) != 0 {
		t.Errorf("people of a guest without rooms = %q, want none", got)
	}
	wantCode(t, alice.tryREST(http.MethodGet, "/users?q="+strings.Repeat("x", 61), nil), chat.TooLong)
	bob.do(http.MethodPut, path("/users/%d/block", alice.User.ID), nil, nil)
	if got := find(alice.Client, "?q=bob"); len(got) != 0 {
		t.Errorf("people for bob, who has blocked alice = %q, want none", got)
	}

	var common struct{ Rooms []chat.Room }
	alice.do(http.MethodGet, path("/users/%d/rooms", carol.User.ID), nil, &common)
	if len(common.Rooms) != 1 || common.Rooms[0].ID != room.ID || common.Rooms[0].OnlineCount == nil {
		t.Errorf("common rooms = %+v, want the lobby with its online users", common.Rooms)
	}
	bob.do(http.MethodGet, path("/users/%d/rooms", carol.User.ID), nil, &common)
	if common.Rooms == nil || len(common.Rooms) != 0 {
		t.Errorf("common rooms = %+v, want an empty list", common.Rooms)
	}
	wantCode(t, alice.tryREST(http.MethodGet, "/users/99999/rooms", nil), chat.NotFound)

	var one struct{ Member chat.MemberView }
	alice.do(http.MethodGet, path("/rooms/%d/members/%d", room.ID, carol.User.ID), nil, &one)
	if one.Member.User.ID != carol.User.ID || one.Member.Role != chat.Member || one.Member.Status != chat.Online || one.Member.JoinedAt == 0 {
		t.Errorf("member = %+v, want carol, online", one.Member)
	}
	wantCode(t, alice.tryREST(http.MethodGet, path("/rooms/%d/members/%d", room.ID, bob.User.ID), nil), chat.NotFound)

	members := path("/rooms/%d/members", room.ID)
	for i, limited := 0, false; !limited; i++ {
		err := carol.tryREST(http.MethodGet, members+"?q=a", nil)
		if limited = err != nil || i > 10_000; limited {
			wantCode(t, err, chat.RateLimited)
		}
	}
	wantCode(t, carol.tryREST(http.MethodGet, "/users?q=a", nil), chat.RateLimited)
	carol.do(http.MethodGet, members, nil, nil) // a list is not a search
}

func TestTimeZone(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		alice.join(room.ID, nil)
		bob.join(room.ID, nil)
		if bob.User.TimeZone != "" {
			d.t.Fatalf("time zone = %q, want none", bob.User.TimeZone)
		}
		for _, zone := range []string{"America/New_York", "", "Europe/Berlin"} {
			var changed struct{ User chat.User }
			bob.do(http.MethodPatch, "/users/me", map[string]string{"timeZone": zone}, &changed)
			f, err := alice.Next(ctx(d.t), "user:updated")
			var update wire.UserUpdated
			if err != nil || f.Decode(&update) != nil || update.User.TimeZone != zone || changed.User.TimeZone != zone {
				d.t.Fatalf("user:updated = %s, %v, want time zone %q", f.Data, err, zone)
			}
		}
		for _, zone := range []string{"europe/berlin", "Local", "Europe/Nowhere", "../etc/passwd", strings.Repeat("x", 65)} {
			err := bob.tryREST(http.MethodPatch, "/users/me", map[string]string{"timeZone": zone})
			refusal, ok := errors.AsType[*client.Error](err)
			if !ok || refusal.Status != http.StatusUnprocessableEntity || refusal.Code != chat.BadRequest {
				d.t.Fatalf("time zone %q: err = %v, want 422", zone, err)
			}
		}
		var found struct{ User chat.User }
		alice.do(http.MethodGet, path("/users/%d", bob.User.ID), nil, &found)
		if found.User.TimeZone != "Europe/Berlin" {
			d.t.Fatalf("time zone = %q, want Europe/Berlin", found.User.TimeZone)
		}
	})
}
