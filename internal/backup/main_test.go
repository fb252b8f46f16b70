package backup

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/chillin-chat/chillin/internal/blob"
	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store"
	"github.com/chillin-chat/chillin/internal/store/schema"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

var large = flag.Bool("large", false, "back up 100,000 messages and 1,000 files")

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(runChild())
	}
	flag.Parse()
	testenv.Main(m)
}

// place is the database and storage of a chat.
type place struct {
	dsn string // "" is SQLite in dir
	dir string
	s3  blob.S3Options
}

var places = []struct {
	name string
	make func(t *testing.T) place
}{
	{"sqlite and files", func(t *testing.T) place { return place{dir: t.TempDir()} }},
	{"postgres and S3", func(t *testing.T) place {
		bucket := testenv.S3(t)
		return place{dsn: testenv.Postgres(t), dir: t.TempDir(), s3: blob.S3Options{
			Endpoint: bucket.Endpoint, Secure: bucket.Secure, AccessKey: bucket.AccessKey, SecretKey: bucket.SecretKey, Bucket: bucket.Bucket, Region: bucket.Region,
		}}
	}},
}

func onBothEngines(t *testing.T, test func(t *testing.T, make func(t *testing.T) place)) {
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) { test(t, p.make) })
	}
}

func (p place) migrator(ctx context.Context) (*schema.Migrator, error) {
	if p.dsn != "" {
		return schema.OpenPostgres(ctx, p.dsn)
	}
	return schema.OpenSQLite(ctx, p.dir)
}

// open opens the store of a node.
func (p place) open(t *testing.T) *store.Store {
	t.Helper()
	s, err := p.store(t.Context(), store.Options{})
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (p place) store(ctx context.Context, o store.Options) (*store.Store, error) {
	if p.dsn != "" {
		return store.OpenPostgres(ctx, p.dsn, o)
	}
	return store.OpenSQLite(ctx, p.dir, o)
}

func (p place) blobs(t testing.TB) chat.Blobs {
	t.Helper()
	if p.s3.Endpoint == "" {
		disk, err := blob.OpenDisk(filepath.Join(p.dir, "blobs"))
		if err != nil {
			t.Fatal(err)
		}
		return disk
	}
	s3, err := blob.NewS3(p.s3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s3.Close)
	return s3
}

// source returns the place as chillin backup opens it, next to a running node.
func (p place) source(t *testing.T) Source {
	t.Helper()
	s, err := p.store(t.Context(), store.Options{Shared: true})
	if err != nil {
		t.Fatalf("open store next to the node: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return Source{Store: s, Snapshot: p.snapshot, Blobs: p.blobs(t), Now: time.Now}
}

func (p place) snapshot(ctx context.Context) (*store.Snapshot, error) {
	if p.dsn != "" {
		return store.PostgresSnapshot(ctx, p.dsn)
	}
	return store.SQLiteSnapshot(ctx, p.dir)
}

func (p place) target(t testing.TB) Target {
	return Target{Database: p.restore, Blobs: func() (chat.Blobs, error) { return p.blobs(t), nil }}
}

func (p place) restore(ctx context.Context) (*store.Restore, error) {
	if p.dsn != "" {
		return store.RestorePostgres(ctx, p.dsn)
	}
	return store.RestoreSQLite(p.dir)
}

func (p place) scratch(ctx context.Context) (*store.Restore, error) {
	if p.dsn != "" {
		return store.ScratchPostgres(ctx, p.dsn)
	}
	return store.ScratchSQLite(ctx)
}

// sql returns the database.
func (p place) sql(t *testing.T) *sql.DB {
	t.Helper()
	driver, dsn := "sqlite", "file:"+filepath.Join(p.dir, "chillin.db")+"?_pragma=busy_timeout(5000)"
	if p.dsn != "" {
		driver, dsn = "pgx", p.dsn
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (p place) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := p.sql(t).ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func (p place) count(t *testing.T, query string) (n int) {
	t.Helper()
	if err := p.sql(t).QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// testChat is a chat with content.
type testChat struct {
	place
	store *store.Store
	blobs chat.Blobs
	alice chat.Caller
	rooms []chat.Room

	textSize int // of the messages that fill writes; 0 for short ones
	fileSize int // of random bytes; 0 for short texts
}

func newTestChat(t *testing.T, p place) *testChat {
	t.Helper()
	migrator, err := p.migrator(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(migrator.Up(t.Context()), migrator.Close()); err != nil {
		t.Fatal(err)
	}
	town := &testChat{place: p, store: p.open(t), blobs: p.blobs(t)}
	town.alice, err = town.store.Register(t.Context(), chat.NewAccount{Username: "alice", DisplayName: "Ålice <&> 🐟", PasswordHash: "$argon2id$x"},
		chat.NewSession{TokenHash: make([]byte, 32), ExpiresAt: chat.At(time.Now().Add(time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"harbour", "market", "mill"} {
		room, _, err := town.store.CreateRoom(t.Context(), chat.NewRoom{Name: name, NameKey: name, Owner: town.alice.User.ID})
		if err != nil {
			t.Fatal(err)
		}
		town.rooms = append(town.rooms, room)
	}
	town.knowsBob(t)
	return town
}

// knowsBob adds a user that alice has blocked, and the time zone of alice.
func (town *testChat) knowsBob(t *testing.T) {
	t.Helper()
	bob, err := town.store.Register(t.Context(), chat.NewAccount{Username: "bob", DisplayName: "Bob", PasswordHash: "$argon2id$x"},
		chat.NewSession{TokenHash: bytes.Repeat([]byte{1}, 32), ExpiresAt: chat.At(time.Now().Add(time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	zone := "Europe/Berlin"
	_, zoneErr := town.store.ChangeProfile(t.Context(), town.alice.User.ID, chat.ProfilePatch{TimeZone: &zone})
	_, blockErr := town.store.Block(t.Context(), town.alice.User.ID, bob.User.ID)
	if err := errors.Join(zoneErr, blockErr); err != nil {
		t.Fatal(err)
	}
}

// send appends a message with files.
func (town *testChat) send(ctx context.Context, room chat.Room, text string, files ...string) (chat.Message, error) {
	d := chat.Draft{Room: room.ID, Author: town.alice.User.ID, CID: chat.CID(uuid.NewString()), Text: text, HTML: "<p>" + text + "</p>"}
	for _, name := range files {
		key := "files/" + strings.ReplaceAll(uuid.NewString(), "-", "")
		body := strings.Repeat(name+" ", 100)
		if town.fileSize > 0 {
			random := make([]byte, town.fileSize)
			_, _ = rand.Read(random) // never fails
			body = string(random)
		}
		err := errors.Join(town.store.ScheduleBlobDeletion(ctx, []string{key}, time.Hour),
			town.blobs.Put(ctx, key, strings.NewReader(body), int64(len(body)), "text/plain"))
		if err != nil {
			return chat.Message{}, err
		}
		file, err := town.store.AddAttachment(ctx, chat.NewAttachment{
			Owner: town.alice.User.ID, Name: name, Size: int64(len(body)), ContentType: "text/plain", BlobKey: key,
		}, 1000, chat.Quota{PerDay: 1 << 40, Stored: 1 << 40})
		if err != nil {
			return chat.Message{}, err
		}
		d.Attachments = append(d.Attachments, file.ID)
	}
	return patiently(ctx, func(ctx context.Context) (chat.Message, error) { // the cid makes the repetition safe
		m, _, err := town.store.Append(ctx, d, chat.CanSend)
		return m, err
	})
}

// patiently repeats do while the database exceeds its time, as it does on a busy machine. Canceled
// writers make that likely: each closes its connection.
func patiently[T any](ctx context.Context, do func(context.Context) (T, error)) (T, error) {
	for began := time.Now(); ; {
		v, err := do(ctx)
		if chat.CodeOf(err) != chat.Unavailable || ctx.Err() != nil || time.Since(began) > 20*time.Second {
			return v, err
		}
	}
}

// fill writes messages to the first room in one statement, because a hundred thousand sends would take
// minutes, and then sends messages with a file each. The texts contain random digits, because real
// texts are not compressed to nothing either.
func (town *testChat) fill(t *testing.T, messages, files int) {
	t.Helper()
	cid, hash, digits := `'00000000-0000-4000-8000-' || printf('%012d', i)`, `x'00'`, fmt.Sprintf(`hex(randomblob(%d))`, max(town.textSize, 32)/2)
	if town.dsn != "" {
		cid, hash = `('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid`, `'\x00'::bytea`
		digits = fmt.Sprintf(`(SELECT string_agg(md5(i::text || ' ' || k::text), '') FROM generate_series(1, %d) k)`, max(town.textSize, 32)/32)
	}
	room := town.rooms[0].ID
	town.exec(t, fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO messages (room_id, seq, change_seq, kind, author_id, cid, send_hash, text, html, created_at)
		SELECT %d, i, i, 'text', %d, %s, %s, 'Some words of message ' || i || ', "quoted" & <marked> ' || %s, '<p>Some words of message ' || i || '</p>', 1000 + i FROM n`,
		messages, room, town.alice.User.ID, cid, hash, digits))
	town.exec(t, fmt.Sprintf(`UPDATE rooms SET head = %d WHERE id = %d`, messages, room))
	for i := range files {
		if _, err := town.send(t.Context(), town.rooms[1], fmt.Sprintf("file %d", i), fmt.Sprintf("file-%d.txt", i)); err != nil {
			t.Fatal(err)
		}
	}
}

// wantWhole fails unless every room has all numbers up to its head and every referenced blob exists.
func wantWhole(t *testing.T, p place) {
	t.Helper()
	db := p.sql(t)
	rows, err := db.QueryContext(t.Context(), `SELECT r.name, r.head, count(m.id), COALESCE(max(m.change_seq), 0) FROM rooms r LEFT JOIN messages m ON m.room_id = r.id GROUP BY r.id, r.name, r.head`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var head, count, newest int
		if err := rows.Scan(&name, &head, &count, &newest); err != nil {
			t.Fatal(err)
		}
		if newest != head {
			t.Errorf("room %s: head %d, newest change %d of %d messages, want the head", name, head, newest, count)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	snapshot, err := p.snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	blobs := p.blobs(t)
	err = snapshot.BlobKeys(t.Context(), func(key string) error {
		b, err := blobs.Get(t.Context(), key)
		if err != nil {
			t.Errorf("blob %s: %v", key, err)
			return nil
		}
		return b.Body.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
}
