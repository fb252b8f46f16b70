package backup

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store"
)

func makeBackup(t *testing.T, p place, keys Keys) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chat.tar.zst")
	if _, err := Create(t.Context(), p.source(t), path, 0, keys); err != nil {
		t.Fatalf("back up: %v", err)
	}
	return path
}

// manifestOf reads a whole archive.
func manifestOf(t *testing.T, path string, keys Keys) (Header, Manifest) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	in, err := fromStart(t.Context(), file, &keys)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := verify(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return in.Header, in.Manifest
}

// TestBackupIsAConsistentSnapshot writes, edits and deletes while the backup runs, and deletes blobs.
// The restored chat is complete and has the state of one moment.
func TestBackupIsAConsistentSnapshot(t *testing.T) {
	messages, files := 3_000, 40
	if *large {
		messages, files = 100_000, 1_000
	}
	onBothEngines(t, func(t *testing.T, place func(t *testing.T) place) {
		from, to := newTestChat(t, place(t)), place(t)
		if *large {
			from.fileSize = 256 << 10
		}
		from.fill(t, messages, files)
		before := from.count(t, `SELECT count(*) FROM messages`)

		stop, life := context.WithCancel(t.Context())
		defer life()
		work := startWriters(t, stop, from)
		path := filepath.Join(t.TempDir(), "chat.tar.zst")
		began := time.Now()
		made, err := Create(t.Context(), from.source(t), path, 0, Keys{})
		life()
		work.Wait()
		if err != nil {
			t.Fatalf("back up: %v", err)
		}
		t.Logf("backup: %d rows, %d files, %d bytes in %v", made.Rows, made.Blobs, made.Bytes, time.Since(began))
		if made.Missing > 0 || made.Messages < int64(before) || made.Blobs == 0 {
			t.Fatalf("backup = %+v, want no missing files and at least %d messages", made, before)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 || info.Size() != made.Bytes {
			t.Errorf("archive: %v, %v, want mode 0600 and %d bytes", info.Mode(), err, made.Bytes)
		}
		if last, err := patiently(t.Context(), from.store.LastBackup); err != nil || last.Messages != made.Messages || last.Bytes != made.Bytes {
			t.Errorf("last backup = %+v, %v, want that of the report", last, err)
		}

		began = time.Now()
		checked, err := Check(t.Context(), path, Keys{}, from.scratch)
		if err != nil || checked.Rows != made.Rows || checked.Blobs != made.Blobs {
			t.Fatalf("check = %+v, %v, want %+v", checked, err, made)
		}
		t.Logf("check: %v", time.Since(began))

		began = time.Now()
		restored, err := Restore(t.Context(), path, Keys{}, to.target(t))
		if err != nil || restored.Messages != made.Messages || restored.Resumed {
			t.Fatalf("restore = %+v, %v", restored, err)
		}
		t.Logf("restore: %v", time.Since(began))
		wantWhole(t, to)
		s := to.open(t)
		if s.Epoch() == from.store.Epoch() {
			t.Error("the restored database has the old epoch")
		}
		if got := int64(to.count(t, `SELECT count(*) FROM messages`)); got != made.Messages {
			t.Errorf("%d messages were restored, want %d", got, made.Messages)
		}
		alice, err := patiently(t.Context(), func(ctx context.Context) (chat.Caller, error) { return s.CallerByToken(ctx, make([]byte, 32)) })
		if err != nil || alice.User.TimeZone != "Europe/Berlin" {
			t.Errorf("the old session: %+v, %v, want it to be valid, with the time zone", alice, err)
		}
		if blocked, err := patiently(t.Context(), func(ctx context.Context) ([]chat.User, error) { return s.Blocked(ctx, alice.User.ID) }); err != nil || len(blocked) != 1 || blocked[0].Username != "bob" {
			t.Errorf("alice has blocked %+v, %v, want bob", blocked, err)
		}
		// IDs continue, and the room continues its numbers.
		again := &testChat{place: to, store: s, blobs: to.blobs(t), alice: from.alice, rooms: from.rooms}
		newest := to.count(t, `SELECT max(id) FROM messages`)
		m, err := again.send(t.Context(), from.rooms[0], "after the restore", "new.txt")
		if err != nil || int(m.ID) <= newest {
			t.Errorf("a new message after the restore: id %d, %v, want more than %d", m.ID, err, newest)
		}
		wantWhole(t, to)
	})
}

// startWriters sends, deletes and collects garbage until ctx ends.
func startWriters(t *testing.T, ctx context.Context, town *testChat) *sync.WaitGroup {
	var work sync.WaitGroup
	for i, room := range town.rooms {
		work.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				var files []string
				if i == 1 {
					files = []string{"young.txt"}
				}
				m, err := town.send(ctx, room, "written during the backup", files...)
				if err == nil && i == 1 {
					_, _, err = town.store.Delete(ctx, m.Ref(), town.alice.User.ID, func(chat.Membership, chat.Message) error { return nil })
				}
				if err != nil && ctx.Err() == nil && chat.CodeOf(err) != chat.Unavailable && chat.CodeOf(err) != chat.NotFound { // its file was deleted
					t.Errorf("write during the backup: %v", err)
					return
				}
			}
		})
	}
	work.Go(func() { sweep(ctx, town) })
	// Messages with files of the snapshot are deleted during the backup.
	work.Go(func() {
		for ctx.Err() == nil {
			_, _ = town.sql(t).ExecContext(ctx, `DELETE FROM attachments WHERE id = (SELECT max(id) FROM attachments)`)
			time.Sleep(5 * time.Millisecond)
		}
	})
	return &work
}

// sweep deletes due blobs as every node does.
func sweep(ctx context.Context, town *testChat) {
	for ctx.Err() == nil {
		keys, err := town.store.ClaimBlobDeletions(ctx, 100, time.Minute)
		if err != nil {
			continue
		}
		for _, key := range keys {
			if err := town.blobs.Delete(ctx, key); err == nil {
				_ = town.store.FinishBlobDeletion(ctx, key)
			}
		}
	}
}

// TestBackupWorksAcrossEngines checks that rows are the same after a restore into the other engine.
func TestBackupWorksAcrossEngines(t *testing.T) {
	for _, way := range [][2]int{{0, 1}, {1, 0}} {
		t.Run(places[way[0]].name+" to "+places[way[1]].name, func(t *testing.T) {
			from, to := newTestChat(t, places[way[0]].make(t)), places[way[1]].make(t)
			from.fill(t, 100, 3)
			if _, _, err := from.store.SetAvatar(t.Context(), from.alice.User.ID, "face", 3, chat.Quota{PerDay: 1 << 40, Stored: 1 << 40}); err != nil {
				t.Fatal(err)
			}
			if err := from.blobs.Put(t.Context(), "avatars/face", strings.NewReader("png"), 3, "image/png"); err != nil {
				t.Fatal(err)
			}
			path := makeBackup(t, from.place, Keys{})
			if _, err := Restore(t.Context(), path, Keys{}, to.target(t)); err != nil {
				t.Fatal(err)
			}
			_, want := manifestOf(t, path, Keys{})
			_, got := manifestOf(t, makeBackup(t, to, Keys{}), Keys{})
			for table, sum := range want.Tables {
				if table != "instance" && got.Tables[table] != sum {
					t.Errorf("%s = %+v, want %+v", table, got.Tables[table], sum)
				}
			}
			if got.Blobs != 4 || got.BlobBytes != want.BlobBytes {
				t.Errorf("%d files of %d bytes, want 4 of %d", got.Blobs, got.BlobBytes, want.BlobBytes)
			}
			wantWhole(t, to)
		})
	}
}

func TestRestoreRefusesATargetWithData(t *testing.T) {
	onBothEngines(t, func(t *testing.T, place func(t *testing.T) place) {
		from := newTestChat(t, place(t))
		path := makeBackup(t, from.place, Keys{})
		_ = from.store.Close()
		_, err := Restore(t.Context(), path, Keys{}, from.target(t))
		if !errors.Is(err, store.ErrNotEmpty) {
			t.Errorf("restore over a chat: %v, want %v", err, store.ErrNotEmpty)
		}
		if n := from.count(t, `SELECT count(*) FROM users`); n != 2 {
			t.Errorf("%d users, want 2", n)
		}
	})
}

// TestRestoreRefusesRemains restores over a partially removed chat: a table without the others, and the
// journal of a chillin.db that was moved away, which SQLite would apply to the restored database.
func TestRestoreRefusesRemains(t *testing.T) {
	path := makeBackup(t, newTestChat(t, places[0].make(t)).place, Keys{})
	refuses := func(to place) {
		t.Helper()
		if _, err := Restore(t.Context(), path, Keys{}, to.target(t)); !errors.Is(err, store.ErrNotEmpty) {
			t.Errorf("restore: %v, want %v", err, store.ErrNotEmpty)
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		old := newTestChat(t, places[0].make(t))
		journal, err := os.ReadFile(filepath.Join(old.dir, "chillin.db-wal"))
		if err != nil || len(journal) == 0 {
			t.Fatalf("the journal of the old chat: %d bytes, %v", len(journal), err)
		}
		to := places[0].make(t)
		left := filepath.Join(to.dir, "chillin.db-wal")
		if err := os.WriteFile(left, journal, 0o600); err != nil {
			t.Fatal(err)
		}
		refuses(to)
		if err := os.Remove(left); err != nil {
			t.Fatal(err)
		}
		if _, err := Restore(t.Context(), path, Keys{}, to.target(t)); err != nil {
			t.Errorf("restore without the journal: %v", err)
		}
	})
	t.Run("postgres", func(t *testing.T) {
		to := places[1].make(t)
		to.exec(t, `CREATE TABLE reactions (id bigint)`)
		refuses(to)
		if n := to.count(t, `SELECT count(*) FROM pg_class WHERE relname IN ('restore_in_progress', 'users')`); n != 0 {
			t.Errorf("the refused restore left %d tables", n)
		}
	})
}

// TestRestoreOverwritesNoFile restores into a bucket or folder that another chat uses.
func TestRestoreOverwritesNoFile(t *testing.T) {
	onBothEngines(t, func(t *testing.T, place func(t *testing.T) place) {
		from, to := newTestChat(t, place(t)), place(t)
		from.fill(t, 1, 1)
		var key string
		if err := from.sql(t).QueryRowContext(t.Context(), `SELECT min(blob_key) FROM attachments`).Scan(&key); err != nil {
			t.Fatal(err)
		}
		blobs := to.blobs(t)
		if err := blobs.Put(t.Context(), key, strings.NewReader("theirs"), 6, "text/plain"); err != nil {
			t.Fatal(err)
		}
		_, err := Restore(t.Context(), makeBackup(t, from.place, Keys{}), Keys{}, to.target(t))
		if err == nil || !strings.Contains(err.Error(), "another file named") {
			t.Errorf("restore: %v, want an error about another file", err)
		}
		blob, err := blobs.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		defer blob.Body.Close()
		if text, err := io.ReadAll(blob.Body); err != nil || string(text) != "theirs" {
			t.Errorf("the file is %q, %v, want it unchanged", text, err)
		}
	})
}

func TestRestoreEndsSessionsIfAsked(t *testing.T) {
	onBothEngines(t, func(t *testing.T, place func(t *testing.T) place) {
		from, to := newTestChat(t, place(t)), place(t)
		target := to.target(t)
		target.EndSessions = true
		if _, err := Restore(t.Context(), makeBackup(t, from.place, Keys{}), Keys{}, target); err != nil {
			t.Fatal(err)
		}
		if _, err := to.open(t).CallerByToken(t.Context(), make([]byte, 32)); chat.CodeOf(err) != chat.NotFound {
			t.Errorf("the old session: %v, want NOT_FOUND", err)
		}
	})
}

// TestMissingFilesAreCounted ensures that a lost file does not prevent all backups.
func TestMissingFilesAreCounted(t *testing.T) {
	from := newTestChat(t, places[0].make(t))
	from.fill(t, 10, 2)
	var key string
	if err := from.sql(t).QueryRowContext(t.Context(), `SELECT min(blob_key) FROM attachments`).Scan(&key); err != nil {
		t.Fatal(err)
	}
	if err := from.blobs.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	path := makeBackup(t, from.place, Keys{})
	r, err := Check(t.Context(), path, Keys{}, from.scratch)
	if err != nil || r.Missing != 1 || r.Blobs != 1 {
		t.Errorf("check = %+v, %v, want one file and one missing", r, err)
	}
}

// expiringHold drops the hold when the first blob is read.
type expiringHold struct {
	chat.Blobs
	lose func()
}

func (l expiringHold) Get(ctx context.Context, key string) (chat.Blob, error) {
	l.lose()
	return l.Blobs.Get(ctx, key)
}

func TestBackupFailsIfItsHoldExpires(t *testing.T) {
	onBothEngines(t, func(t *testing.T, place func(t *testing.T) place) {
		from := newTestChat(t, place(t))
		from.fill(t, 10, 1)
		source := from.source(t)
		source.Blobs = expiringHold{source.Blobs, func() { from.exec(t, `UPDATE backups SET held_until = 0`) }}
		dir := t.TempDir()
		_, err := Create(t.Context(), source, filepath.Join(dir, "chat.tar.zst"), 0, Keys{})
		if !errors.Is(err, store.ErrHoldExpired) {
			t.Errorf("backup: %v, want %v", err, store.ErrHoldExpired)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("the folder has %v, want nothing", left)
		}
		if last, err := patiently(t.Context(), from.store.LastBackup); err != nil || last.FinishedAt != 0 {
			t.Errorf("last backup = %+v, %v, want none", last, err)
		}
	})
}

func TestEncryptedBackups(t *testing.T) {
	from := newTestChat(t, places[0].make(t))
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(file, []byte(identity.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ write, read, wrong Keys }{
		"for a recipient":   {Keys{Recipients: identity.Recipient().String()}, Keys{IdentityFile: file}, Keys{}},
		"with a passphrase": {Keys{Passphrase: "a"}, Keys{Ask: func() (string, error) { return "a", nil }}, Keys{Passphrase: "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := makeBackup(t, from.place, c.write)
			text, err := os.ReadFile(path)
			if err != nil || !strings.HasPrefix(string(text), ageMagic) {
				t.Fatalf("the archive begins with %.30q, %v", text, err)
			}
			if _, err := Check(t.Context(), path, c.read, from.scratch); err != nil {
				t.Errorf("check: %v", err)
			}
			if _, err := Check(t.Context(), path, c.wrong, from.scratch); err == nil {
				t.Error("the wrong key decrypts it")
			}
		})
	}
}

func TestBackupNeverOverwrites(t *testing.T) {
	from := newTestChat(t, places[0].make(t))
	dir := t.TempDir()
	path := filepath.Join(dir, "chat.tar.zst")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), from.source(t), path, 0, Keys{}); err == nil {
		t.Error("a backup over a file succeeded")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("the file has %q, %v", text, err)
	}
	if _, err := os.Stat(path + partialSuffix); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("partial file: %v, want none", err)
	}
}

func TestFolderKeepsTheNewestBackups(t *testing.T) {
	from := newTestChat(t, places[0].make(t))
	dir := t.TempDir()
	others := []string{"notes.txt", "chillin-20200101-000000.tar.zst.bak", "chillin-20200101.tar.zst", "chillin-20200101-000000.tar.zst.partial"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	source := from.source(t)
	at := time.Date(2026, 11, 28, 1, 2, 3, 0, time.UTC)
	source.Now = func() time.Time { return at }
	for range 4 {
		if _, err := Create(t.Context(), source, dir, 2, Keys{}); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Hour)
	}
	var names []string
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := "chillin-20200101-000000.tar.zst.bak chillin-20200101.tar.zst chillin-20261128-030203.tar.zst chillin-20261128-040203.tar.zst notes.txt"
	if got := strings.Join(names, " "); err != nil || got != want {
		t.Errorf("the folder has %s, %v, want %s", got, err, want)
	}
	// The clock was wrong before: the new archive is kept anyway.
	at = at.AddDate(-1, 0, 0)
	r, err := Create(t.Context(), source, dir, 2, Keys{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(r.Path); err != nil {
		t.Errorf("the new backup: %v", err)
	}
}

// TestConcurrentBackupsWithOneName starts two backups. The second one opens the unfinished file of the
// first, and locks it when the first is finished.
func TestConcurrentBackupsWithOneName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.tar.zst")
	first, err := createOutput(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := createOutput(path); err == nil || !strings.Contains(err.Error(), "another backup") {
		t.Errorf("while the first writes: %v, want an error about another backup", err)
	}
	second, err := os.OpenFile(path+partialSuffix, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := first.WriteString("complete"); err != nil {
		t.Fatal(err)
	}
	if _, err := first.publish(); err != nil {
		t.Fatal(err)
	}
	if err := claim(second); err == nil || !strings.Contains(err.Error(), "another backup") {
		t.Errorf("after the first was published: %v, want an error", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "complete" {
		t.Errorf("the first backup is %q, %v", text, err)
	}
}

// TestArchivesArePrivate, even if a file that others can read was left.
func TestArchivesArePrivate(t *testing.T) {
	from := newTestChat(t, places[0].make(t))
	dir := t.TempDir()
	path := filepath.Join(dir, "chat.tar.zst")
	if err := os.WriteFile(path+partialSuffix, []byte("left by another program"), 0o644); err != nil {
		t.Fatal(err)
	}
	source, during := from.source(t), fs.FileMode(0)
	source.Snapshot = func(ctx context.Context) (*store.Snapshot, error) {
		if info, err := os.Stat(path + partialSuffix); err == nil {
			during = info.Mode()
		}
		return from.snapshot(ctx)
	}
	if _, err := Create(t.Context(), source, path, 0, Keys{}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 || during != 0o600 {
		t.Errorf("mode of the archive %v while it is written and %v after, %v, want 0600", during, info.Mode(), err)
	}
}
