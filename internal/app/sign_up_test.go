package app_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

// setting returns a setting as the node of c has it.
func setting(t *testing.T, c *client.Client, name string) chat.SettingView {
	t.Helper()
	var list chat.SettingList
	if err := c.Do(ctx(t), http.MethodGet, "/admin/settings", nil, &list); err != nil {
		t.Fatal(err)
	}
	for _, s := range list.Settings {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no setting %s", name)
	return chat.SettingView{}
}

// set changes settings on the first node and waits until the last one has them.
func (d *deployment) set(admin *testUser, values map[string]string) {
	d.t.Helper()
	if err := admin.Client.Do(ctx(d.t), http.MethodPatch, "/admin/settings", map[string]any{"values": values}, nil); err != nil {
		d.t.Fatal(err)
	}
	there := newClient(d.nodes[len(d.nodes)-1])
	there.Token = admin.Token
	limit := ctx(d.t)
	for name, want := range values {
		for !hasValue(setting(d.t, there, name), want) {
			if limit.Err() != nil {
				d.t.Fatalf("%s on the other node = %+v, want %q", name, setting(d.t, there, name), want)
			}
			time.Sleep(5 * time.Millisecond) // the number of reads is limited
		}
	}
}

// hasValue reports whether an admin has set a setting to want, or to nothing if want is "".
func hasValue(s chat.SettingView, want string) bool {
	if want == "" {
		return s.Source != chat.FromAdmin
	}
	return s.Source == chat.FromAdmin && s.Value == want
}

func serverInfo(t *testing.T, base string) (info chat.ServerInfo) {
	t.Helper()
	if err := newClient(base).Do(ctx(t), http.MethodGet, "/server", nil, &info); err != nil {
		t.Fatal(err)
	}
	return info
}

func TestAdminsDecideWhoMayComeIn(t *testing.T) {
	onBothDeployments(t, func(d *deployment) {
		last := d.nodes[len(d.nodes)-1]
		alice := d.user("alice", 0)
		register := func(name string) error { return newClient(last).Register(ctx(d.t), name, "correct horse") }
		join := func() (*client.Client, error) {
			c := newClient(last)
			return c, c.Guest(ctx(d.t), "guest")
		}
		if info := serverInfo(d.t, last); info.Name != "Chillin" || info.Version == "" || info.SignUp != "open" || !info.Guests || !info.PasswordLogin ||
			info.Mail || info.Passkeys || info.Providers == nil || len(info.Providers) > 0 {
			d.t.Fatalf("server = %+v, want an open one", info)
		}
		guest, err := join()
		if err != nil {
			d.t.Fatal(err)
		}

		d.set(alice, map[string]string{"SIGNUP": "closed"})
		wantCode(d.t, register("bob"), chat.Forbidden)
		upgrade := map[string]string{"username": "upgraded", "password": "correct horse"}
		wantCode(d.t, guest.Do(ctx(d.t), http.MethodPut, "/auth/account", upgrade, nil), chat.Forbidden)
		if _, err := join(); err != nil {
			d.t.Fatalf("a guest while only sign-up is closed: %v", err)
		}

		d.set(alice, map[string]string{"GUESTS": "false", "SERVER_NAME": "Our chat"})
		_, err = join()
		wantCode(d.t, err, chat.Forbidden)
		if info := serverInfo(d.t, last); info.Name != "Our chat" || info.SignUp != "closed" || info.Guests {
			d.t.Fatalf("server = %+v, want a closed one", info)
		}
		var me struct{ User chat.User }
		if err := guest.Do(ctx(d.t), http.MethodGet, "/auth/me", nil, &me); err != nil {
			d.t.Fatalf("the guest of before: %v", err)
		}

		d.set(alice, map[string]string{"SIGNUP": "", "GUESTS": "", "SERVER_NAME": ""})
		if err := register("bob"); err != nil {
			d.t.Fatal(err)
		}
		if err := guest.Do(ctx(d.t), http.MethodPut, "/auth/account", upgrade, nil); err != nil {
			d.t.Fatal(err)
		}
		wantLog(d, alice, "alice settings.change GUESTS = default, SERVER_NAME = default, SIGNUP = default",
			"alice settings.change GUESTS = false, SERVER_NAME = Our chat", "alice settings.change SIGNUP = closed")
	})
}

func TestSettingsOfAdminsHavePrecedence(t *testing.T) {
	t.Parallel()
	d := embedded(t, map[string]string{"SIGNUP": "closed", "RATE_LIMIT_ROOMS": "7", "MAX_UPLOAD_SIZE": "20"})
	// A closed server without an account accepts the first one, and then no other.
	if info := serverInfo(t, d.nodes[0]); info.SignUp != "open" {
		t.Errorf("sign-up of a server without an account = %s, want open", info.SignUp)
	}
	alice := d.user("alice", 0)
	if info := serverInfo(t, d.nodes[0]); info.SignUp != "closed" {
		t.Errorf("sign-up = %s, want closed", info.SignUp)
	}
	wantCode(t, newClient(d.nodes[0]).Register(ctx(t), "bob", "correct horse"), chat.Forbidden)

	want := func(name, value string, source chat.SettingSource) {
		t.Helper()
		if s := setting(t, alice.Client, name); s.Value != value || s.Source != source {
			t.Errorf("%s = %q of %s, want %q of %s", name, s.Value, s.Source, value, source)
		}
	}
	want("SIGNUP", "closed", chat.FromEnvironment)
	want("RATE_LIMIT_ROOMS", "7", chat.FromEnvironment)
	want("GUESTS", "true", chat.FromDefault)
	d.set(alice, map[string]string{"SIGNUP": "open", "RATE_LIMIT_ROOMS": "8", "MAX_UPLOAD_SIZE": "0.5"})
	want("SIGNUP", "open", chat.FromAdmin)
	want("RATE_LIMIT_ROOMS", "8", chat.FromAdmin)
	if err := newClient(d.nodes[0]).Register(ctx(t), "bob", "correct horse"); err != nil {
		t.Fatal(err)
	}
	// The limits have the same values.
	var view chat.LimitsView
	if err := alice.Client.Do(ctx(t), http.MethodPatch, "/admin/limits", map[string]int{"maxMessageLength": 9}, &view); err != nil {
		t.Fatal(err)
	}
	if l, s := view.Limits, view.Defaults; l.RoomsPerHour != 8 || l.MaxUploadSize != 512<<10 || l.MaxMessageLength != 9 || s.RoomsPerHour != 7 || s.MaxUploadSize != 20<<20 || s.MaxMessageLength != 2000 {
		t.Errorf("limits = %+v", view)
	}
	want("MAX_MESSAGE_LENGTH", "9", chat.FromAdmin)
	d.set(alice, map[string]string{"SIGNUP": "", "RATE_LIMIT_ROOMS": "", "MAX_MESSAGE_LENGTH": ""})
	want("SIGNUP", "closed", chat.FromEnvironment)
	want("RATE_LIMIT_ROOMS", "7", chat.FromEnvironment)
	want("MAX_MESSAGE_LENGTH", "2000", chat.FromDefault)
}

func TestInvalidSettingsAreRefused(t *testing.T) {
	t.Parallel()
	d := embedded(t, nil)
	alice := d.user("alice", 0)
	for name, value := range map[string]string{
		"SIGNUP": "ajar", "GUESTS": "some", "MAX_MESSAGE_LENGTH": "20001", "MAX_UPLOAD_SIZE": "0", "SERVER_NAME": "a\nb", // of the wrong form
		"PORT": "6000", "DATABASE_URL": "postgres://u@h/d", // of the operator
		"MOON": "full", "maxMessageLength": "7", "": "x", // no settings
	} {
		// The valid one is not stored either.
		err := alice.Client.Do(ctx(t), http.MethodPatch, "/admin/settings", map[string]any{"values": map[string]string{name: value, "RATE_LIMIT_JOINS": "5"}}, nil)
		wantCode(t, err, chat.BadRequest)
	}
	var list chat.SettingList
	if err := alice.Client.Do(ctx(t), http.MethodGet, "/admin/settings", nil, &list); err != nil {
		t.Fatal(err)
	}
	for _, s := range list.Settings {
		if s.Source == chat.FromAdmin || s.Type == "secret" {
			t.Errorf("%s = %q of %s", s.Name, s.Value, s.Source)
		}
	}
}

// The announcement of a change can be lost: a node reads the settings again by itself.
func TestSettingsAreReadWithoutAnAnnouncement(t *testing.T) {
	t.Parallel()
	env := clusterEnv(t)
	first := startNode(t, env, nil)
	delete(env, "REDIS_URL") // nodes without Redis do not receive each other's messages
	d := &deployment{t, []string{first.base, startNode(t, env, nil).base}}
	d.set(d.user("alice", 0), map[string]string{"GUESTS": "false"})
	wantCode(t, newClient(d.nodes[1]).Guest(ctx(t), "guest"), chat.Forbidden)
}
