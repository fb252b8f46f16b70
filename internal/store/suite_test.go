package store

import (
	"context"
	"crypto/rand"
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store/schema"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// engines are the engines of the suite. Each opens a new, migrated store.
var engines = []struct {
	name string
	open func(t testing.TB) *Store
}{
	{"sqlite", openTestSQLite},
	{"postgres", openTestPostgres},
	{"pgbouncer", openTestPooled},
}

var pooled = flag.Bool("pooled", false, "run all tests of the suite through PgBouncer as well")

// pooledTests are the tests that run through PgBouncer without -pooled: each way in which the store
// talks to Postgres, and what depends on a session.
var pooledTests = []string{
	"TestAppend", "TestConcurrent", "TestEdit", "TestDelete", "TestReact", "TestChanges", "TestPage", "TestSearch", "TestJoin", "TestKick", "TestJob",
}

func openTestSQLite(t testing.TB) *Store {
	t.Helper()
	dir := t.TempDir()
	migrator, err := schema.OpenSQLite(t.Context(), dir)
	migrateUp(t, migrator, err)
	s, err := OpenSQLite(t.Context(), dir, Options{})
	return opened(t, s, err)
}

func openTestPostgres(t testing.TB) *Store {
	t.Helper()
	return openPostgresDatabase(t, testenv.Postgres(t))
}

func openTestPooled(t testing.TB) *Store {
	t.Helper()
	dsn, direct := testenv.Pooled(t)
	return openPooledDatabase(t, dsn, direct)
}

func openPooledDatabase(t testing.TB, dsn, direct string) *Store {
	t.Helper()
	migrator, err := schema.OpenPostgres(t.Context(), direct)
	migrateUp(t, migrator, err)
	s, err := OpenPostgres(t.Context(), dsn, Options{Pooled: true, Direct: direct})
	return opened(t, s, err)
}

func openPostgresDatabase(t testing.TB, dsn string) *Store {
	t.Helper()
	migrator, err := schema.OpenPostgres(t.Context(), dsn)
	migrateUp(t, migrator, err)
	s, err := OpenPostgres(t.Context(), dsn, Options{})
	return opened(t, s, err)
}

func migrateUp(t testing.TB, migrator *schema.Migrator, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("open schema: %v", err)
	}
	if err := migrator.Up(t.Context()); err != nil {
		t.Fatalf("migrate up: %v", err)
	}
	if err := migrator.Close(); err != nil {
		t.Fatalf("close schema: %v", err)
	}
}

func opened(t testing.TB, s *Store, err error) *Store {
	t.Helper()
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return s
}

// onEach runs test on every engine.
func onEach(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	for _, e := range engines {
		if e.name == "pgbouncer" && !*pooled && !slices.ContainsFunc(pooledTests, func(prefix string) bool { return strings.HasPrefix(t.Name(), prefix) }) {
			continue
		}
		t.Run(e.name, func(t *testing.T) { test(t, e.open(t)) })
	}
}

func register(t testing.TB, s *Store, username string) chat.Caller {
	t.Helper()
	caller, err := s.Register(t.Context(),
		chat.NewAccount{Username: username, DisplayName: username, PasswordHash: "$argon2id$x"}, newSession(s))
	if err != nil {
		t.Fatalf("register %s: %v", username, err)
	}
	return caller
}

func newSession(s *Store) chat.NewSession {
	return chat.NewSession{TokenHash: randomHash(), ExpiresAt: s.clock() + 3_600_000}
}

func randomHash() []byte {
	hash := make([]byte, 32)
	_, _ = rand.Read(hash) // never fails
	return hash
}

func createRoom(t testing.TB, s *Store, owner chat.Caller, name string) chat.Room {
	t.Helper()
	room, _, err := s.CreateRoom(t.Context(), chat.NewRoom{Name: name, NameKey: name, Owner: owner.User.ID})
	if err != nil {
		t.Fatalf("create room %s: %v", name, err)
	}
	return room
}

func join(t *testing.T, s *Store, room chat.Room, user chat.Caller) {
	t.Helper()
	if _, _, err := s.Join(t.Context(), room.ID, user.User.ID, nil); err != nil {
		t.Fatalf("join: %v", err)
	}
}

func draft(room chat.Room, author chat.Caller, text string) chat.Draft {
	return chat.Draft{Room: room.ID, Author: author.User.ID, CID: chat.CID(uuid.NewString()), Text: text, HTML: "<p>" + text + "</p>"}
}

func appendText(t *testing.T, s *Store, room chat.Room, author chat.Caller, text string) chat.Message {
	t.Helper()
	m, fresh, err := s.Append(t.Context(), draft(room, author, text), chat.CanSend)
	if err != nil || !fresh {
		t.Fatalf("append %q: fresh = %v, err = %v", text, fresh, err)
	}
	return m
}

func wantCode(t *testing.T, err error, want chat.Code) {
	t.Helper()
	if got := chat.CodeOf(err); err == nil || got != want {
		t.Fatalf("err = %v (code %s), want code %s", err, got, want)
	}
}

// wantDense fails unless the messages of the room have exactly the numbers 1…head.
func wantDense(t *testing.T, s *Store, room chat.RoomID) chat.Seq {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	var count, distinct, highest, head int64
	err := s.read.QueryRowContext(ctx, `SELECT count(*), count(DISTINCT seq), COALESCE(max(seq), 0),
		(SELECT head FROM rooms WHERE id = $1) FROM messages WHERE room_id = $1`, int64(room)).Scan(&count, &distinct, &highest, &head)
	if err != nil {
		t.Fatalf("read sequence: %v", err)
	}
	if count != distinct || count != highest || count != head {
		t.Fatalf("sequence has %d messages, %d numbers, highest %d, head %d: want all equal", count, distinct, highest, head)
	}
	return chat.Seq(head)
}
