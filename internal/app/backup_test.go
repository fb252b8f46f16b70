package app_test

import (
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/app"
	"github.com/chillin-chat/chillin/internal/backup"
	"github.com/chillin-chat/chillin/internal/chat"
)

// TestLastBackupIsReported checks that admins see a new backup immediately, and that every node exports
// its age.
func TestLastBackupIsReported(t *testing.T) {
	for name, env := range map[string]func(t *testing.T) map[string]string{
		"embedded":  func(t *testing.T) map[string]string { return map[string]string{"DATA_DIR": t.TempDir()} },
		"clustered": clusterEnv,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr, settings := freeAddr(t), env(t)
			node := startNode(t, settings, nil)
			alice := (&deployment{t, []string{node.base}}).user("alice", 0)
			alice.send(alice.room("Lobby", nil).ID, "Hello.")
			state := func() (s chat.ServerState) {
				t.Helper()
				if err := alice.Client.Do(ctx(t), http.MethodGet, "/admin/server", nil, &s); err != nil {
					t.Fatal(err)
				}
				return s
			}
			if s := state(); s.LastBackup != nil || !s.BackupOverdue {
				t.Errorf("before the first backup: %+v, want overdue", s)
			}
			began := time.Now()
			if _, err := app.Backup(t.Context(), node.config, filepath.Join(t.TempDir(), "chat.tar.zst"), 0, backup.Keys{}); err != nil {
				t.Fatal(err)
			}
			s := state()
			if s.BackupOverdue || s.LastBackup == nil || s.LastBackup.Messages != 1 || s.LastBackup.FinishedAt < chat.At(began) || s.LastBackup.Bytes == 0 {
				t.Errorf("after a backup: %+v %+v", s, s.LastBackup)
			}
			if err := node.stop(); err != nil {
				t.Fatal(err)
			}

			// A node reads it when it starts.
			startNode(t, settings, map[string]string{"METRICS_ADDR": addr})
			age := regexp.MustCompile(`(?m)^chillin_backup_age_seconds [0-9.]+$`)
			for wait := ctx(t); ; {
				request, err := http.NewRequestWithContext(wait, http.MethodGet, "http://"+addr+"/metrics", http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				answer, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Fatalf("no age of the last backup: %v", err)
				}
				text, err := io.ReadAll(answer.Body)
				if _ = answer.Body.Close(); err == nil && age.Match(text) {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}
