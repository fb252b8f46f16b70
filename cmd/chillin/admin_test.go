package main

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

func TestAdminListWithoutADatabase(t *testing.T) {
	t.Setenv("DATA_DIR", t.TempDir())
	err := run(t.Context(), []string{"admin", "list"}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "DATA_DIR") {
		t.Errorf("err = %v, want an error that names DATA_DIR", err)
	}
}

var address = regexp.MustCompile(`http://localhost(:\d+)`)

func useTempFolder(t *testing.T) {
	for key, value := range map[string]string{"DATA_DIR": t.TempDir(), "HOST": "127.0.0.1", "PORT": "0", "LOG_LEVEL": "error"} {
		t.Setenv(key, value)
	}
}

// startServer starts the server. stop ends it.
func startServer(t *testing.T) (base string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	greeting, ended := &outputWatcher{seen: make(chan struct{})}, make(chan error, 1)
	go func() { ended <- run(ctx, nil, greeting) }()
	select {
	case <-greeting.seen:
	case err := <-ended:
		cancel()
		t.Fatalf("server: %v", err)
	}
	return "http://127.0.0.1" + address.FindStringSubmatch(greeting.text.String())[1], func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("server: %v", err)
		}
	}
}

func runAdmin(t *testing.T, args ...string) (string, error) {
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"admin"}, args...), &out)
	return strings.TrimSpace(out.String()), err
}

// The admin commands work while the server runs on the same folder.
func TestAdminWithARunningServer(t *testing.T) {
	useTempFolder(t)
	base, stop := startServer(t)
	defer stop()
	for _, name := range []string{"alice", "bob"} {
		if err := client.New(base).Register(t.Context(), name, "correct horse"); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ do, out, err string }{
		{"demote alice", "", "last admin"},
		{"disable alice", "", "last admin"},
		{"promote BOB", "is an admin now", ""},
		{"promote bob", "was an admin already", ""},
		{"demote bob", "is a plain user now", ""},
		{"disable bob", "is disabled now", ""},
		{"list", "disabled", ""},
		{"enable bob", "is enabled now", ""},
		{"promote nobody", "", `there is no user "nobody"`},
		{"jobs list", "purge-expired", ""},
		{"jobs retry 999", "", "there is no job 999"},
		{"jobs retry all", "", `"all" is not the id of a job`},
		{"settings", "GUESTS", ""},
		{"set SIGNUP=ajar", "", "must be one of open, closed"},
		{"set PORT=6000", "", "Admins cannot change this setting"},
		{"set SIGNUP", "", "is not NAME=VALUE"},
		{"set SIGNUP=closed", "", ""},
	} {
		out, err := runAdmin(t, strings.Fields(step.do)...)
		if (err == nil) != (step.err == "") || err != nil && !strings.Contains(err.Error(), step.err) || !strings.Contains(out, step.out) {
			t.Fatalf("admin %s: %q, %v, want %q, %q", step.do, out, err, step.out, step.err)
		}
	}
	password, err := runAdmin(t, "reset", "bob")
	if err != nil {
		t.Fatal(err)
	}
	bob := client.New(base)
	if err := bob.Login(t.Context(), "bob", "correct horse"); err == nil {
		t.Error("the old password still works")
	}
	if err := bob.Login(t.Context(), "bob", password); err != nil {
		t.Errorf("login with the new password %q: %v", password, err)
	}
}

// A client that has seen more than a backup contains must not mistake old numbers for new ones.
func TestNewEpochResetsClients(t *testing.T) {
	useTempFolder(t)
	alice := client.New("")
	rejoin := func(room chat.RoomID, epoch any) (joined struct {
		Epoch string
		Reset bool
	}) {
		t.Helper()
		socket, err := alice.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer socket.Close()
		if err := socket.Do(t.Context(), "room:join", map[string]any{"roomId": room, "since": 0, "epoch": epoch}, &joined); err != nil {
			t.Fatal(err)
		}
		return joined
	}

	base, stop := startServer(t)
	alice.Base = base
	if err := alice.Register(t.Context(), "alice", "correct horse"); err != nil {
		t.Fatal(err)
	}
	room, err := alice.CreateRoom(t.Context(), "Harbour", nil)
	if err != nil {
		t.Fatal(err)
	}
	before := rejoin(room.ID, room.Epoch)
	stop()
	if before.Reset || before.Epoch == "" {
		t.Fatalf("before: %+v, want an epoch and no reset", before)
	}

	out, err := runAdmin(t, "new-epoch")
	if err != nil {
		t.Fatal(err)
	}
	base, stop = startServer(t)
	defer stop()
	alice.Base = base
	after := rejoin(room.ID, before.Epoch)
	if !after.Reset || after.Epoch == before.Epoch || !strings.Contains(out, after.Epoch) {
		t.Errorf("after %q: %+v, want a reset and that epoch", out, after)
	}
	if again := rejoin(room.ID, after.Epoch); again.Reset {
		t.Errorf("with the new epoch: %+v, want no reset", again)
	}
}
