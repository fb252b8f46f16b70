package security

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// smallDisk runs a node with its data on a separate disk of 16 MiB: in a mount namespace, which an
// ordinary user can create inside a user namespace.
const smallDisk = `#!/bin/sh
new="unshare --map-root-user --mount"
$new true 2>/dev/null || new="unshare --mount"
exec $new sh -ec 'mount -t tmpfs -o size=16m,mode=0700 none "$DATA_DIR"; exec %s "$@"' node "$@"
`

// TestFullDisk fills the disk of an embedded node completely: uploads and messages are refused for a
// while, confirmed messages are kept, and the node recovers without a restart.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	env := testenv.New(t)
	binary, err := env.Build(testenv.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	start := filepath.Join(t.TempDir(), "start")
	if err := os.WriteFile(start, fmt.Appendf(nil, smallDisk, binary), 0o700); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	node, err := env.Node(start, testenv.Engines{}, "DATABASE_URL=", "REDIS_URL=", "USE_MINIO=false", "DATA_DIR="+data,
		"MIN_FREE_SPACE=0", "RATE_LIMIT_MESSAGES=100000")
	if err != nil {
		t.Fatal(err)
	}
	alice := client.New(node.URL())
	if err := alice.Register(ctx(t), "alice", password("alice")); err != nil {
		t.Fatal(err)
	}
	room, err := alice.CreateRoom(ctx(t), "Lobby", nil)
	if err != nil {
		t.Fatal(err)
	}

	filler := fillDisk(t, node.Pid(), data)
	_, err = alice.Upload(ctx(t), "large", make([]byte, 1<<20))
	wantUnavailable(t, "an upload", err)
	confirmed, refused := []chat.MessageID{}, 0
	for i := range 50 {
		said, err := send(t, alice, room.ID, fmt.Sprintf("%d %0400d", i, i))
		if err != nil {
			wantUnavailable(t, fmt.Sprintf("message %d", i), err)
			refused++
			continue
		}
		confirmed = append(confirmed, said.ID)
	}
	if refused == 0 {
		t.Error("no message was refused: the disk was not full")
	}
	t.Logf("%d messages confirmed, %d refused", len(confirmed), refused)

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a message after space is free", func() bool {
		said, err := send(t, alice, room.ID, "there is space again")
		if err == nil {
			confirmed = append(confirmed, said.ID)
		}
		return err == nil
	})
	if _, err := alice.Upload(ctx(t), "small", []byte("small")); err != nil {
		t.Errorf("upload after space is free: %v", err)
	}
	if got := stored(t, alice, room.ID); fmt.Sprint(got) != fmt.Sprint(confirmed) {
		t.Errorf("stored %v\nconfirmed %v", got, confirmed)
	}
}

// fillDisk fills the disk that the process sees at dir with a file, and returns the path of
// the file.
func fillDisk(t *testing.T, pid int, dir string) string {
	t.Helper()
	path := fmt.Sprintf("/proc/%d/root%s/filler", pid, dir)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("fill the disk: %v", err)
	}
	return path
}

func wantUnavailable(t *testing.T, what string, err error) {
	t.Helper()
	refusal, ok := errors.AsType[*client.Error](err)
	if !ok || refusal.Code != chat.Unavailable || refusal.Status != http.StatusServiceUnavailable {
		t.Fatalf("%s: %v, want 503 UNAVAILABLE", what, err)
	}
}

// stored returns the IDs of all texts of a room, in order.
func stored(t *testing.T, c *client.Client, room chat.RoomID) (ids []chat.MessageID) {
	t.Helper()
	for after := chat.Seq(0); ; {
		page, err := c.History(ctx(t), room, fmt.Sprintf("after=%d&limit=100", after))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			if m.Kind == chat.Text {
				ids = append(ids, m.ID)
			}
			after = m.Seq
		}
		if len(page) == 0 {
			return ids
		}
	}
}
