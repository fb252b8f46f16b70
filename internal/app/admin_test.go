package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

// fetchBody sends a request as c and returns the status and the whole body.
func fetchBody(t *testing.T, c *client.Client, method, path, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx(t), method, c.Base+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.Token)
	got, text := fetch(t, request)
	return got.StatusCode, string(text)
}

// Permissions are in docs/permissions.md. This test checks that even an invalid request does not reveal
// that an admin operation exists.
func TestAdministrationIsHiddenFromNonAdmins(t *testing.T) {
	c, asked := newAccounts(embedded(t, nil)), 0
	nonsense := map[string]any{"nonsense": []int{1}}
	for row := range elsewhere {
		method, route, _ := strings.Cut(row, " ")
		if !strings.HasPrefix(route, "/admin/") {
			continue
		}
		asked++
		for _, column := range onServer[:4] {
			missing := "/nothing/here"
			if column == "signed out" {
				missing = "/rooms"
			}
			for _, path := range []string{strings.ReplaceAll(route, "{id}", "1"), strings.ReplaceAll(route, "{id}", "x") + "?limit=x"} {
				got, want := c.one(column).request(method, path, nonsense), c.one(column).request(http.MethodPost, missing, nonsense)
				if !bytes.Equal(got.raw, want.raw) {
					t.Errorf("%s %s as %s: %s, want as %s: %s", method, path, column, got.raw, missing, want.raw)
				}
			}
		}
	}
	if asked == 0 {
		t.Fatal("no admin route was requested")
	}
}

func TestAdminDisablesAUser(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		bob.join(room.ID, nil)
		bob.send(room.ID, "I was here")
		user := path("/admin/users/%d", bob.User.ID)
		var out struct {
			User chat.Account `json:"user"`
		}
		if err := alice.Client.Do(ctx(d.t), http.MethodPatch, user, map[string]any{"disabled": true}, &out); err != nil || !out.User.Disabled || out.User.Sessions != 0 {
			d.t.Fatalf("disabled: %+v, %v", out, err)
		}
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
		if _, err := bob.Next(ctx(d.t), "nothing"); err == nil || bob.CloseCode() != 4001 {
			d.t.Fatalf("socket ended with %d, want 4001", bob.CloseCode())
		}
		_, right := fetchBody(d.t, newClient(d.nodes[0]), "POST", "/auth/login", `{"username":"bob","password":"correct horse"}`)
		if status, wrong := fetchBody(d.t, newClient(d.nodes[0]), "POST", "/auth/login", `{"username":"alice","password":"not hers"}`); status != http.StatusUnauthorized || right != wrong {
			d.t.Fatalf("sign-in of a disabled user: %s, want the response to a wrong password: %s", right, wrong)
		}
		if history, err := alice.History(ctx(d.t), room.ID, "limit=9"); err != nil || texts(history) != "I was here" {
			d.t.Fatalf("history = %v, %v", texts(history), err)
		}
		if err := alice.Client.Do(ctx(d.t), http.MethodPatch, user, map[string]any{"disabled": false, "role": "admin"}, &out); err != nil || out.User.Disabled || out.User.Role != chat.Admin {
			d.t.Fatalf("enabled: %+v, %v", out, err)
		}
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated) // the old session stays ended
		var reset struct {
			Password string `json:"password"`
		}
		if err := alice.Client.Do(ctx(d.t), http.MethodPost, user+"/password", nil, &reset); err != nil {
			d.t.Fatal(err)
		}
		if err := bob.Login(ctx(d.t), "bob", reset.Password); err != nil {
			d.t.Fatal(err)
		}
		// bob is now an admin and removes alice's role; the last admin cannot be removed.
		hers := path("/admin/users/%d", alice.User.ID)
		if err := bob.Client.Do(ctx(d.t), http.MethodPatch, hers, map[string]any{"role": "user"}, nil); err != nil {
			d.t.Fatal(err)
		}
		wantCode(d.t, alice.Client.Do(ctx(d.t), http.MethodGet, "/admin/users", nil, nil), chat.NotFound)
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodPatch, user, map[string]any{"role": "user"}, nil), chat.Forbidden)
		wantCode(d.t, bob.Client.Do(ctx(d.t), http.MethodPatch, user, map[string]any{"disabled": true}, nil), chat.Forbidden)
		wantLog(d, bob, "bob user.role alice", "alice user.password bob", "alice user.enable bob", "alice user.role bob", "alice user.disable bob")
	})
}

// wantLog fails unless the newest entries are want, as "actor action user-or-room".
func wantLog(d *deployment, admin *testUser, want ...string) {
	d.t.Helper()
	var out struct {
		Entries []chat.AuditRecord `json:"entries"`
	}
	if err := admin.Client.Do(ctx(d.t), http.MethodGet, path("/admin/audit?limit=%d", len(want)), nil, &out); err != nil {
		d.t.Fatal(err)
	}
	var got []string
	for _, e := range out.Entries {
		actor, upon := "operator", e.Detail
		if e.Actor != nil {
			actor = e.Actor.Username
		}
		if e.User != nil {
			upon = e.User.Username
		}
		got = append(got, fmt.Sprintf("%s %s %s", actor, e.Action, upon))
	}
	if !slices.Equal(got, want) {
		d.t.Fatalf("audit = %q, want %q", got, want)
	}
}

func TestOperatorDisablesAUserOfARunningNode(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]func(t *testing.T) map[string]string{
		"embedded":        func(t *testing.T) map[string]string { t.Helper(); return map[string]string{"DATA_DIR": t.TempDir()} },
		"on real engines": clusterEnv,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNode(t, env(t), nil)
			d := &deployment{t, []string{n.base}}
			alice, bob := d.user("alice", 0), d.user("bob", 0)
			operator, err := app.NewOperator(context.WithoutCancel(t.Context()), n.config)
			if err != nil {
				t.Fatal(err)
			}
			defer operator.Close()
			if _, err := operator.SetDisabled(ctx(t), "alice", true); err == nil || !strings.Contains(err.Error(), "last admin") {
				t.Fatalf("err = %v, want an error about the last admin", err)
			}
			if changed, err := operator.SetDisabled(ctx(t), "Bob", true); err != nil || !changed {
				t.Fatalf("disable: %v, %v", changed, err)
			}
			wantCode(t, bob.Client.Do(ctx(t), http.MethodGet, "/auth/me", nil, nil), chat.Unauthenticated)
			if _, err := bob.Next(ctx(t), "nothing"); err == nil || bob.CloseCode() != 4001 {
				t.Fatalf("socket ended with %d, %v, want 4001", bob.CloseCode(), err)
			}
			wantLog(d, alice, "operator user.disable bob")
		})
	}
}

func TestAdminSeesAndDeletesAnyRoom(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		root, alice, bob := d.user("root", 0), d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Den", map[string]any{"private": true, "password": "open sesame"})
		bob.join(room.ID, map[string]any{"password": "open sesame"})
		alice.send(room.ID, "secret")
		wantCode(d.t, root.Client.Do(ctx(d.t), http.MethodGet, path("/rooms/%d", room.ID), nil, nil), chat.NotFound)
		_, list := fetchBody(d.t, root.Client, "GET", "/admin/rooms?q=DE", "")
		var out struct {
			Rooms []chat.Room `json:"rooms"`
		}
		if err := json.Unmarshal([]byte(list), &out); err != nil || len(out.Rooms) != 1 || out.Rooms[0].Head != 2 || out.Rooms[0].MemberCount != 2 || strings.Contains(list, "secret") {
			d.t.Fatalf("rooms = %s, %v, want the room without its content", list, err)
		}
		wantCode(d.t, alice.Client.Do(ctx(d.t), http.MethodDelete, path("/admin/rooms/%d", room.ID), nil, nil), chat.NotFound)
		if err := root.Client.Do(ctx(d.t), http.MethodDelete, path("/admin/rooms/%d", room.ID), nil, nil); err != nil {
			d.t.Fatal(err)
		}
		f, err := bob.Next(ctx(d.t), "room:removed")
		if err != nil || string(f.Data) != path(`{"roomId":%d,"reason":"deleted"}`, room.ID) {
			d.t.Fatalf("removed = %s, %v", f.Data, err)
		}
		wantLog(d, root, "root room.delete Den")
	})
}

func connections(t *testing.T, admin *testUser, query string) chat.ConnectionPage {
	t.Helper()
	var page chat.ConnectionPage
	if err := admin.Client.Do(ctx(t), http.MethodGet, "/admin/connections?"+query, nil, &page); err != nil {
		t.Fatal(err)
	}
	return page
}

func TestAdminSeesAndClosesConnectionsOfAllNodes(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		bob.join(room.ID, nil)
		page := connections(d.t, alice, "")
		nodes := map[string]bool{}
		for _, c := range page.Connections {
			nodes[c.Node] = true
		}
		if len(page.Connections) != 2 || len(nodes) != len(d.nodes) || page.NonResponding != 0 || page.Connections[0].User.Username != "bob" {
			d.t.Fatalf("page = %+v, want bob and alice on %d nodes", page, len(d.nodes))
		}
		his := page.Connections[0]
		if his.SessionID != bob.Hello.SessionID || his.Node != bob.Hello.Node || his.Address != "127.0.0.1" || !strings.HasPrefix(his.UserAgent, "Go-http-client") ||
			his.ConnectedAt == 0 || !slices.Equal(his.Rooms, []chat.RoomID{room.ID}) {
			d.t.Fatalf("connection = %+v", his)
		}
		first := connections(d.t, alice, "limit=1")
		rest := connections(d.t, alice, "limit=1&cursor="+first.NextCursor)
		if first.Connections[0].ID != his.ID || rest.Connections[0].User.Username != "alice" || rest.NextCursor != "" {
			d.t.Fatalf("pages = %+v, %+v", first, rest)
		}
		if of := connections(d.t, alice, path("userId=%d", alice.User.ID)); len(of.Connections) != 1 || of.Connections[0].User.ID != alice.User.ID {
			d.t.Fatalf("connections of alice = %+v", of)
		}
		if err := alice.Client.Do(ctx(d.t), http.MethodDelete, "/admin/connections/"+his.ID, nil, nil); err != nil {
			d.t.Fatal(err)
		}
		if _, err := bob.Next(ctx(d.t), "nothing"); err == nil || bob.CloseCode() != 1013 {
			d.t.Fatalf("socket ended with %d, want 1013", bob.CloseCode())
		}
		wantCode(d.t, alice.Client.Do(ctx(d.t), http.MethodDelete, "/admin/connections/nobodys", nil, nil), chat.NotFound)
		bob.connect() // the session is still valid
		wantLog(d, alice, "alice connection.close bob")
	})
}

func TestLimitsChangeOnAllNodes(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		alice, bob := d.user("alice", 0), d.user("bob", 1)
		room := alice.room("Lobby", nil)
		bob.join(room.ID, nil)
		bob.send(room.ID, "not too long")
		there := newClient(bob.Base)
		there.Token = alice.Token
		set := func(p map[string]int, want chat.Limits) {
			d.t.Helper()
			var view chat.LimitsView
			if err := alice.Client.Do(ctx(d.t), http.MethodPatch, "/admin/limits", p, &view); err != nil || view.Limits != want {
				d.t.Fatalf("limits = %+v, %v, want %+v", view, err, want)
			}
			step := ctx(d.t)
			for view.Limits = (chat.Limits{}); view.Limits != want; { // until bob's node has them
				if err := there.Do(step, http.MethodGet, "/admin/limits", nil, &view); err != nil {
					d.t.Fatalf("limits of the other node = %+v, %v, want %+v", view, err, want)
				}
			}
		}
		standard := chat.Limits{
			MaxMessageLength: 2000, MessagesPer10s: 10000, AuthPerMinute: 10000, JoinsPerMinute: 10000, RoomsPerHour: 10000, SocketsPerAddress: 500, MaxUploadSize: 10 << 20, UploadBytesPerDay: 500 << 20, GuestUploadBytesPerDay: 50 << 20, StorageBytes: 100 << 30,
		}
		want := standard
		want.MaxMessageLength = 5
		set(map[string]int{"maxMessageLength": 5}, want)
		_, err := bob.trySend(room.ID, uuid.NewString(), "longer")
		wantCode(d.t, err, chat.TooLong)
		want.MessagesPer10s = 2
		set(map[string]int{"messagesPer10s": 2}, want)
		bob.connect()
		if l := bob.Hello.Limits; l.MaxMessageLength != 5 || l.MessagesPer10s != 2 {
			d.t.Fatalf("connected contains %+v", l)
		}
		bob.send(room.ID, "one")
		bob.send(room.ID, "two")
		_, err = bob.trySend(room.ID, uuid.NewString(), "three")
		wantCode(d.t, err, chat.RateLimited)
		set(map[string]int{"maxMessageLength": 0, "messagesPer10s": 0}, standard)
		for _, body := range []map[string]any{{"maxMessageLength": 20001}, {"maxMessageLength": -1}, {"maxMessages": 3}} {
			if err := alice.Client.Do(ctx(d.t), http.MethodPatch, "/admin/limits", body, nil); err == nil {
				d.t.Fatalf("limits %v were accepted", body)
			}
		}
		wantLog(d, alice, "alice limits.change maxMessageLength = standard, messagesPer10s = standard",
			"alice limits.change messagesPer10s = 2", "alice limits.change maxMessageLength = 5")
	})
}

func TestLimitsAreKeptAcrossRestarts(t *testing.T) {
	env := map[string]string{"DATA_DIR": t.TempDir()}
	n := startNode(t, env, nil)
	alice := (&deployment{t, []string{n.base}}).user("alice", 0)
	if err := alice.Client.Do(ctx(t), http.MethodPatch, "/admin/limits", map[string]int{"maxMessageLength": 7}, nil); err != nil {
		t.Fatal(err)
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	alice.Client.Base = startNode(t, env, nil).base
	alice.connect()
	if got := alice.Hello.Limits.MaxMessageLength; got != 7 {
		t.Fatalf("limit = %d, want 7", got)
	}
}
