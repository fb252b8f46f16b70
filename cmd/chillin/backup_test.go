package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/client"
)

func runCLI(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out)
	return out.String(), err
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	out, err := runCLI(t, args...)
	if err != nil {
		t.Fatalf("chillin %s: %v", strings.Join(args, " "), err)
	}
	return out
}

type joined struct {
	Epoch    string
	Reset    bool
	Messages []chat.Message
}

func rejoin(t *testing.T, c *client.Client, room chat.RoomID, since chat.Seq, epoch string) (answer joined) {
	t.Helper()
	socket, err := c.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if err := socket.Do(t.Context(), "room:join", map[string]any{"roomId": room, "since": since, "epoch": epoch}, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// TestBackupWithARunningServer follows an operator: back up, check, lose everything, restore. A
// client with a cursor of the lost database starts over.
func TestBackupWithARunningServer(t *testing.T) {
	useTempFolder(t)
	base, stop := startServer(t)
	alice := client.New(base)
	if err := alice.Register(t.Context(), "alice", "correct horse"); err != nil {
		t.Fatal(err)
	}
	room, err := alice.CreateRoom(t.Context(), "Harbour", nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := alice.Upload(t.Context(), "note.txt", []byte("keep me"))
	if err != nil {
		t.Fatal(err)
	}
	send := func(text string, files ...chat.AttachmentID) {
		t.Helper()
		body := map[string]any{"cid": uuid.NewString(), "text": text}
		if len(files) > 0 {
			body["attachmentIds"] = files
		}
		if err := alice.Do(t.Context(), "POST", fmt.Sprintf("/rooms/%d/messages", room.ID), body, nil); err != nil {
			t.Fatal(err)
		}
	}
	send("before the backup", file.ID)
	archive := filepath.Join(t.TempDir(), "chat.tar.zst")
	t.Setenv("BACKUP_PASSPHRASE", "open sesame")
	if out := mustRun(t, "backup", archive); !strings.Contains(out, "1 users, 1 rooms, 1 messages") {
		t.Errorf("backup prints\n%s", out)
	}
	mustRun(t, "backup", "check", archive)
	send("after the backup")
	lost := rejoin(t, alice, room.ID, 0, "")
	if _, err := runCLI(t, "restore", archive); err == nil || !strings.Contains(err.Error(), "another chillin") {
		t.Errorf("restore beside the server: %v, want that the folder is in use", err)
	}
	stop()
	if _, err := runCLI(t, "restore", archive); err == nil || !strings.Contains(err.Error(), "must be empty") {
		t.Errorf("restore over the chat: %v, want that it must be empty", err)
	}

	t.Setenv("DATA_DIR", t.TempDir())
	mustRun(t, "restore", archive)
	alice.Base, stop = startServer(t)
	defer stop()
	back := rejoin(t, alice, room.ID, 2, lost.Epoch) // with the old session
	if !back.Reset || back.Epoch == lost.Epoch {
		t.Errorf("after the restore: %+v, want a reset and another epoch", back)
	}
	history, err := alice.History(t.Context(), room.ID, "limit=10")
	if err != nil || len(history) != 1 || history[0].Text != "before the backup" || len(history[0].Attachments) != 1 {
		t.Fatalf("history = %+v, %v, want the message of the backup with its file", history, err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, alice.Base+history[0].Attachments[0].URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+alice.Token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || string(text) != "keep me" {
		t.Errorf("the file = %d %q, %v, want what was uploaded", answer.StatusCode, text, err)
	}
	send("goes on")
	if again := rejoin(t, alice, room.ID, 1, back.Epoch); again.Reset || len(again.Messages) != 1 || again.Messages[0].Text != "goes on" {
		t.Errorf("with the new epoch: %+v, want the new message alone", again)
	}
}

func TestBackupErrors(t *testing.T) {
	useTempFolder(t)
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte("no backup"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"backup":                           "FILE is missing",
		"backup a b":                       `unexpected argument "b"`,
		"backup " + dir + "/a":             "database",
		"backup check " + dir + "/missing": "no such file",
		"backup check " + text:             "damaged or not complete",
		"restore " + text:                  "damaged or not complete",
		"restore " + dir:                   "is not a file",
	} {
		if out, err := runCLI(t, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) || out != "" {
			t.Errorf("chillin %s: %q, %v, want an error with %q", args, out, err, want)
		}
	}
}
