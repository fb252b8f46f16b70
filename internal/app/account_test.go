package app_test

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	"github.com/chillin-chat/chillin/internal/wire"
)

// receivesUser returns the user of the next user:updated.
func (p *testUser) receivesUser() chat.User {
	p.t.Helper()
	f, err := p.Next(ctx(p.t), "user:updated")
	if err != nil {
		p.t.Fatal(err)
	}
	var update wire.UserUpdated
	if err := f.Decode(&update); err != nil {
		p.t.Fatal(err)
	}
	return update.User
}

// nextEvent decodes the next event of any type into out.
func (p *testUser) nextEvent(limit context.Context, update any) client.Frame {
	p.t.Helper()
	select {
	case f, ok := <-p.Events:
		if !ok {
			p.t.Fatal(p.Err())
		}
		if err := f.Decode(update); err != nil {
			p.t.Fatalf("%s: %v", f.Type, err)
		}
		return f
	case <-limit.Done():
		p.t.Fatal(limit.Err())
	}
	return client.Frame{}
}

// do sends a request that must succeed.
func (p *testUser) do(method, to string, in, out any) {
	p.t.Helper()
	if err := p.Client.Do(ctx(p.t), method, to, in, out); err != nil {
		p.t.Fatalf("%s %s: %v", method, to, err)
	}
}

func TestProfileChangesReachSharedRooms(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob, carol := d.user("alice", 0), d.user("bob", 1), d.user("carol", 1)
		room, other := alice.room("Lobby", nil), alice.room("Other", nil)
		for _, r := range []chat.RoomID{room.ID, other.ID} {
			alice.join(r, nil)
			bob.join(r, nil)
		}
		carols := carol.room("Elsewhere", nil)
		carol.join(carols.ID, nil)
		alice.do(http.MethodPatch, "/users/me", map[string]string{"displayName": "  Alice\tA. "}, nil)
		for _, p := range []*testUser{alice, bob} {
			if u := p.receivesUser(); u.ID != alice.User.ID || u.DisplayName != "Alice A." || u.Status != chat.Unknown {
				d.t.Fatalf("%s received %+v", p.User.Username, u)
			}
		}
		alice.do(http.MethodPatch, "/users/me", map[string]string{"statusMessage": "here"}, nil)
		if u := bob.receivesUser(); u.StatusMessage != "here" { // each is notified once, although they share two rooms
			d.t.Fatalf("bob received %+v", u)
		}
		alice.avatar(aPNG(d.t))
		if u := bob.receivesUser(); u.AvatarURL == "" {
			d.t.Fatalf("bob received %+v, want an avatar", u)
		}
		alice.do(http.MethodDelete, "/users/me/avatar", nil, nil)
		if u := bob.receivesUser(); u.AvatarURL != "" {
			d.t.Fatalf("bob received %+v, want no avatar", u)
		}
		// Carol, who shares no room with them, receives only her own change.
		carol.do(http.MethodPatch, "/users/me", map[string]string{"displayName": ""}, nil)
		if u := carol.receivesUser(); u.ID != carol.User.ID || u.DisplayName != "carol" {
			d.t.Fatalf("carol received %+v", u)
		}
	})
}

// guest signs in as a guest at node n (modulo the number of nodes) and connects.
func (d *deployment) guest(name string, n int) *testUser {
	d.t.Helper()
	c := newClient(d.nodes[n%len(d.nodes)])
	if err := c.Guest(ctx(d.t), name); err != nil {
		d.t.Fatalf("guest %s: %v", name, err)
	}
	p := &testUser{Client: c, t: d.t}
	p.connect()
	return p
}

func TestUpgradeGuest(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		guest := d.guest("Gustav", 0)
		room := guest.room("Lobby", nil)
		guest.join(room.ID, nil)
		guest.send(room.ID, "hello")
		guest.receives(1)
		guest.do(http.MethodPatch, "/users/me", map[string]string{"displayName": "Gustav G."}, nil)
		guest.receivesUser()

		try := func(in map[string]string) error {
			return guest.Client.Do(ctx(d.t), http.MethodPut, "/auth/account", in, nil)
		}
		wantCode(d.t, try(map[string]string{"username": "gu", "password": "correct horse"}), chat.BadRequest)
		wantCode(d.t, try(map[string]string{"username": "gustav", "password": "short"}), chat.BadRequest)
		if err := try(map[string]string{"username": "Gustav", "password": "correct horse"}); err != nil {
			d.t.Fatal(err)
		}
		if u := guest.receivesUser(); u.ID != guest.User.ID || u.Guest || u.Username != "gustav" || u.DisplayName != "Gustav G." || u.Role != chat.Admin {
			d.t.Fatalf("received %+v, want the admin gustav", u)
		}
		guest.send(room.ID, "the same socket")
		if m := guest.receives(2); m.Author.ID != guest.User.ID || m.Author.Username != "gustav" {
			d.t.Fatalf("author = %+v", m.Author)
		}
		wantCode(d.t, try(map[string]string{"username": "gustav2", "password": "correct horse"}), chat.Forbidden)

		again := newClient(d.nodes[len(d.nodes)-1])
		if err := again.Login(ctx(d.t), "gustav", "correct horse"); err != nil || again.User.ID != guest.User.ID {
			d.t.Fatalf("login = %+v, %v, want the same user", again.User, err)
		}
		if history, err := again.History(ctx(d.t), room.ID, "limit=10"); err != nil || texts(history) != "hello the same socket" {
			d.t.Fatalf("history = %q, %v", texts(history), err)
		}
		other := d.guest("", 1)
		wantCode(d.t, other.Client.Do(ctx(d.t), http.MethodPut, "/auth/account", map[string]string{"username": "gustav", "password": "correct horse"}, nil), chat.UsernameTaken)
		_, err := other.trySend(room.ID, uuid.NewString(), "not in here")
		wantCode(d.t, err, chat.NotAMember)
	})
}

func TestUpgradeGuestExtendsTheCookie(t *testing.T) {
	d := embedded(t, nil)
	guest := d.guest("", 0)
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
		t.Fatalf("response = %d %s, cookies %v, want the same token for 30 days", answer.StatusCode, body, cookies)
	}
}

func (p *testUser) expectClose(code int) {
	p.t.Helper()
	if _, err := p.Next(ctx(p.t), "nothing"); err == nil || p.CloseCode() != code {
		p.t.Fatalf("socket ended with %d, want %d", p.CloseCode(), code)
	}
}

func TestDeleteAccount(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		admin, bob, carol := d.user("admin", 0), d.user("bob", 0), d.user("carol", 1)
		theirs, own, alone := admin.room("Theirs", nil), bob.room("Own", nil), bob.room("Alone", nil)
		carol.join(theirs.ID, nil)
		bob.join(theirs.ID, nil)
		bob.join(alone.ID, nil)
		carol.join(own.ID, nil)
		bob.join(own.ID, nil)
		bob.send(own.ID, "remember me")
		face := bob.avatar(aPNG(d.t))
		phone := &testUser{Client: newClient(d.nodes[len(d.nodes)-1]), t: d.t}
		if err := phone.Login(ctx(d.t), "bob", "correct horse"); err != nil {
			d.t.Fatal(err)
		}
		phone.connect()

		ends := func(p *testUser, password string) error {
			return p.Client.Do(ctx(d.t), http.MethodDelete, "/users/me", map[string]string{"password": password}, nil)
		}
		wantCode(d.t, ends(bob, "wrong horse"), chat.WrongPassword)
		wantCode(d.t, ends(bob, ""), chat.WrongPassword)
		wantCode(d.t, ends(admin, "correct horse"), chat.Forbidden) // the last admin
		if err := ends(bob, "correct horse"); err != nil {
			d.t.Fatal(err)
		}
		bob.expectClose(4001)
		phone.expectClose(4001)
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
		wantCode(d.t, phone.Login(ctx(d.t), "bob", "correct horse"), chat.Unauthenticated)

		// Events without a number come over the bus in any order.
		var renamed, handedOver bool
		left := map[chat.RoomID]bool{}
		for limit := ctx(d.t); !renamed || !handedOver || len(left) < 2; {
			var update struct {
				wire.UserUpdated
				wire.MessageEvent
				wire.RoomUpdated
			}
			switch f := carol.nextEvent(limit, &update); f.Type {
			case "user:updated":
				if update.User.ID != bob.User.ID {
					d.t.Fatalf("carol received %+v, want bob", update.User)
				}
				renamed = update.User.DisplayName == chat.DeletedUserName // the avatar comes first
			case "message:new":
				if m := update.Message; m.System != nil && m.System.Action == chat.Left && m.System.UserID == bob.User.ID {
					left[m.RoomID] = true
				}
			case "room:updated":
				handedOver = update.Room.ID == own.ID && update.Room.OwnerID == carol.User.ID && update.Room.MemberCount == 1
			}
		}
		history, err := carol.History(ctx(d.t), own.ID, "limit=10")
		if err != nil || texts(history) != "remember me" {
			d.t.Fatalf("history = %q, %v", texts(history), err)
		}
		for _, m := range history {
			if m.Author.ID == bob.User.ID && (m.Author.DisplayName != chat.DeletedUserName || m.Author.AvatarURL != "") {
				d.t.Fatalf("author = %+v", m.Author)
			}
		}
		wantCode(d.t, carol.Client.Do(ctx(d.t), http.MethodGet, "/rooms/by-name/alone", nil, nil), chat.NotFound)
		awaitDeleted(d.t, carol.Base+face)
		if again := d.user("bob", 1); again.User.ID == bob.User.ID {
			d.t.Fatal("the name of a deleted user returns the same user")
		}
	})
}

func TestGuestDeletesItsAccountWithoutPassword(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		d.user("admin", 0)
		guest := d.guest("Gustav", 1)
		guest.do(http.MethodDelete, "/users/me", nil, nil)
		guest.expectClose(4001)
		wantCode(d.t, guest.Client.Do(ctx(d.t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
	})
}

// Expired guests are deleted when a node starts, and every few minutes. This test waits for the first
// run of a second node, or of the same node after a restart.
func TestExpiredGuestsAreDeleted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cluster := clusterEnv(t)
	for _, c := range []struct {
		name, driver, database string
		env                    map[string]string
	}{
		{"one embedded node", "sqlite", "file:" + filepath.Join(dir, "chillin.db"), map[string]string{"DATA_DIR": dir}},
		{"two nodes on real engines", "pgx", cluster["DATABASE_URL"], cluster},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := startNode(t, c.env, nil)
			d := &deployment{t, []string{n.base}}
			admin, guest := d.user("admin", 0), d.guest("Gustav", 0)
			room := admin.room("Lobby", nil)
			joined := admin.join(room.ID, nil)
			guest.join(room.ID, nil)
			guest.send(room.ID, "hello") // 2
			admin.receives(1)
			admin.receives(2)
			expire(t, c.driver, c.database, guest.User.ID)
			if c.driver == "sqlite" { // its folder is for one node
				if err := n.stop(); err != nil {
					t.Fatal(err)
				}
			}
			again := startNode(t, c.env, nil)
			if c.driver == "sqlite" {
				admin.Client.Base, guest.Client.Base = again.base, again.base
				admin.connect()
				if back := admin.join(room.ID, map[string]any{"since": 2, "epoch": joined.Epoch}); back.To < 3 {
					admin.receives(3)
				}
			} else if m := admin.receives(3); m.System == nil || m.System.Action != chat.Left || m.System.UserID != guest.User.ID {
				t.Fatalf("message = %+v, want that the guest left", m)
			}
			history, err := admin.History(ctx(t), room.ID, "limit=10")
			if err != nil || len(history) != 3 || texts(history) != "hello" || history[1].Author.DisplayName != chat.DeletedUserName {
				t.Fatalf("history = %+v, %v, want the messages of a deleted user", history, err)
			}
			wantCode(t, guest.Client.Do(ctx(t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
		})
	}
}

// expire makes a guest expire.
func expire(t *testing.T, driver, database string, guest chat.UserID) {
	t.Helper()
	db, err := sql.Open(driver, database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{`UPDATE users SET expires_at = 1 WHERE id = $1`, `UPDATE sessions SET expires_at = 1 WHERE user_id = $1`} {
		if _, err := db.ExecContext(ctx(t), statement, int64(guest)); err != nil {
			t.Fatal(err)
		}
	}
}
