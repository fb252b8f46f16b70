package main

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/chillin-chat/chillin/internal/client"
)

func TestAdminIsUsedRightly(t *testing.T) {
	t.Setenv("DATA_DIR", t.TempDir())
	for _, args := range []string{"", "lst", "list all", "promote", "promote alice bob"} {
		err := run(t.Context(), append([]string{"admin"}, strings.Fields(args)...), &bytes.Buffer{})
		if _, misused := errors.AsType[misuse](err); !misused || !strings.Contains(err.Error(), "chillin admin reset NAME") {
			t.Errorf("admin %s: %v, want the usage", args, err)
		}
	}
	err := run(t.Context(), []string{"admin", "list"}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "DATA_DIR") {
		t.Errorf("list without a database: %v, want an error that names DATA_DIR", err)
	}
}

var address = regexp.MustCompile(`http://localhost(:\d+)`)

// The operator works beside the server on one folder: no stop is needed.
func TestAdminBesideARunningServer(t *testing.T) {
	for key, value := range map[string]string{"DATA_DIR": t.TempDir(), "HOST": "127.0.0.1", "PORT": "0", "LOG_LEVEL": "error"} {
		t.Setenv(key, value)
	}
	ctx, stop := context.WithCancel(t.Context())
	greeted, ended := &announcement{said: make(chan struct{})}, make(chan error, 1)
	go func() { ended <- run(ctx, nil, greeted) }()
	<-greeted.said
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("server: %v", err)
		}
	}()
	base := "http://127.0.0.1" + address.FindStringSubmatch(greeted.text.String())[1]
	for _, name := range []string{"alice", "bob"} {
		if err := client.New(base).Register(t.Context(), name, "correct horse"); err != nil {
			t.Fatal(err)
		}
	}
	admin := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"admin"}, args...), &out)
		return strings.TrimSpace(out.String()), err
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
	} {
		out, err := admin(strings.Fields(step.do)...)
		if (err == nil) != (step.err == "") || err != nil && !strings.Contains(err.Error(), step.err) || !strings.Contains(out, step.out) {
			t.Fatalf("admin %s: %q, %v, want %q, %q", step.do, out, err, step.out, step.err)
		}
	}
	password, err := admin("reset", "bob")
	if err != nil {
		t.Fatal(err)
	}
	bob := client.New(base)
	if err := bob.Login(t.Context(), "bob", "correct horse"); err == nil {
		t.Error("the old password still opens")
	}
	if err := bob.Login(t.Context(), "bob", password); err != nil {
		t.Errorf("the new password %q: %v", password, err)
	}
}
