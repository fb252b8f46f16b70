package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/store/schema"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// replicaRig is a store with a streaming standby.
type replicaRig struct {
	*Store
	t       *testing.T
	primary *testenv.PostgresServer
	standby *testenv.PostgresServer
	dsn     string // of the primary
	replica string // the DSN of the standby
	skipped atomic.Int64

	mu      sync.Mutex
	reasons []PrimaryReason

	alice chat.Caller
	room  chat.Room
}

func newReplicaRig(t *testing.T) *replicaRig {
	t.Helper()
	env := testenv.New(t)
	r := &replicaRig{t: t}
	var err error
	if r.primary, err = env.Postgres(testenv.PostgresOptions{}); err != nil {
		t.Fatal(err)
	}
	if r.dsn, err = r.primary.Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	migrator, err := schema.OpenPostgres(t.Context(), r.dsn)
	migrateUp(t, migrator, err)
	if r.standby, err = env.Standby(r.primary, testenv.PostgresOptions{}); err != nil {
		t.Fatal(err)
	}
	if r.replica, err = r.standby.At(r.dsn); err != nil {
		t.Fatal(err)
	}
	o := Options{Now: func() time.Time { return time.Now().Add(time.Duration(r.skipped.Load())) }}
	o.Replica = ReplicaOptions{DSN: r.replica, OnRead: func(_ ReadKind, reason PrimaryReason) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.reasons = append(r.reasons, reason)
	}}
	s, err := OpenPostgres(t.Context(), r.dsn, o)
	r.Store = opened(t, s, err)
	r.alice = register(t, r.Store, "alice")
	r.room = createRoom(t, r.Store, r.alice, "lobby")
	return r
}

// skip lets the clock of the store jump.
func (r *replicaRig) skip(d time.Duration) { r.skipped.Add(int64(d)) }

func (r *replicaRig) execute(dsn, statement string) {
	r.t.Helper()
	conn, err := pgx.Connect(r.t.Context(), dsn)
	if err != nil {
		r.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(r.t.Context()))
	if _, err := conn.Exec(r.t.Context(), statement); err != nil {
		r.t.Fatal(err)
	}
}

// await waits until the error of the replica is want; nil means that it is read.
func (r *replicaRig) await(want error) {
	r.t.Helper()
	r.awaitState(fmt.Sprint(want), func(s ReplicaState) bool { return errors.Is(s.Err, want) })
}

func (r *replicaRig) awaitState(what string, fits func(ReplicaState) bool) {
	r.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		state, _ := r.Replica()
		if fits(state) {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("state of the replica = %+v, want %s", state, what)
		}
	}
}

// awaitReplayed waits until the standby has the whole log of the primary.
func (r *replicaRig) awaitReplayed() {
	r.t.Helper()
	var written string
	if err := r.read.QueryRowContext(r.t.Context(), `SELECT pg_current_wal_lsn()::text`).Scan(&written); err != nil {
		r.t.Fatal(err)
	}
	conn, err := pgx.Connect(r.t.Context(), r.replica)
	if err != nil {
		r.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(r.t.Context()))
	for replayed, end := false, time.Now().Add(30*time.Second); !replayed; time.Sleep(5 * time.Millisecond) {
		if err := conn.QueryRow(r.t.Context(), `SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn`, written).Scan(&replayed); err != nil || time.Now().After(end) {
			r.t.Fatalf("replayed = %v, %v", replayed, err)
		}
	}
}

// sources returns the reasons of the reads since the last call.
func (r *replicaRig) sources() (reasons []PrimaryReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reasons, r.reasons = r.reasons, nil
	return reasons
}

// readAll reads everything in all ways that a replica can answer, as a caller that knows the room up to
// its head, and compares it with the primary. All reads must have the given reason.
func (r *replicaRig) readAll(reason PrimaryReason, word string) {
	r.t.Helper()
	ctx, viewer := r.t.Context(), r.alice.User.ID
	head, err := r.head(ctx, r.room.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	first, middle := chat.Seq(0), head/2
	r.sources()
	reads := map[string]func(known chat.Seq) (any, error){
		"changes": func(known chat.Seq) (any, error) {
			return r.Changes(ctx, r.room.ID, viewer, chat.ChangesQuery{Since: 0, Head: known, Limit: 100})
		},
		"newest": func(known chat.Seq) (any, error) { return r.Newest(ctx, r.room.ID, known) },
	}
	for name, q := range map[string]chat.PageQuery{
		"newest page": {}, "page before": {Before: &head}, "page after": {After: &first}, "page around": {Around: &middle},
	} {
		q.Limit = 3
		reads[name] = func(known chat.Seq) (any, error) {
			q.Head = known
			return r.Page(ctx, r.room.ID, viewer, q)
		}
	}
	for name, read := range reads {
		want, err1 := read(0) // the primary
		got, err2 := read(head)
		if err := errors.Join(err1, err2); err != nil {
			r.t.Fatalf("%s: %v", name, err)
		}
		if got, want := asJSON(r.t, got), asJSON(r.t, want); got != want {
			r.t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	found, _, err := r.Search(ctx, chat.SearchQuery{
		Search: chat.Search{Limit: 100}, Viewer: viewer, Matches: func(text string) bool { return strings.Contains(text, word) },
	})
	if err != nil || len(found) != 1 {
		r.t.Errorf("found %d messages with %q, %v", len(found), word, err)
	}
	sources := r.sources()
	if len(sources) != len(reads)+1 {
		r.t.Errorf("%d reads were reported, want %d", len(sources), len(reads)+1)
	}
	for _, got := range sources {
		if got != reason {
			r.t.Errorf("sources of the reads = %q, want %q", sources, reason)
			break
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestReplica(t *testing.T) {
	r := newReplicaRig(t)
	messages := []chat.Message{}
	for n := range 8 {
		messages = append(messages, appendText(t, r.Store, r.room, r.alice, fmt.Sprintf("word%d", n)))
	}
	r.await(nil)
	r.awaitReplayed()
	r.readAll("", "word7")

	r.changesWhilePaused(messages)

	// Far behind, it is not even asked.
	r.execute(r.replica, `SELECT pg_wal_replay_pause()`)
	appendText(t, r.Store, r.room, r.alice, "later")
	r.awaitState("a lag", func(s ReplicaState) bool { return s.Lag > 0 })
	r.skip(maxLag)
	r.await(ErrReplicaLagging)
	r.readAll(ReplicaDown, "later")
	if state, _ := r.Replica(); !state.LagKnown || state.Lag < maxLag {
		t.Errorf("state = %+v, want a lag of at least %s", state, maxLag)
	}
	r.execute(r.replica, `SELECT pg_wal_replay_resume()`)
	r.await(nil)
	r.awaitReplayed()
	r.readAll("", "later")

	// It stops to answer: the first read waits for a bounded time, the next ones do not.
	r.standby.Pause()
	began := time.Now()
	if _, err := r.Page(t.Context(), r.room.ID, r.alice.User.ID, chat.PageQuery{Limit: 3, Head: 1}); err != nil || time.Since(began) > chat.RequestBudget {
		t.Errorf("page after %s, %v", time.Since(began), err)
	}
	r.readAll(ReplicaDown, "later")
	r.standby.Resume()
	r.await(nil)

	if err := r.standby.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Page(t.Context(), r.room.ID, r.alice.User.ID, chat.PageQuery{Limit: 3, Head: 1}); err != nil {
		t.Errorf("page without the standby: %v", err)
	}
	r.readAll(ReplicaDown, "later")
	if err := r.standby.Start(); err != nil {
		t.Fatal(err)
	}
	r.await(nil)
	r.awaitReplayed()
	r.readAll("", "later")

	// It becomes a server of its own.
	r.execute(r.replica, `SELECT pg_promote()`)
	if _, err := r.Page(t.Context(), r.room.ID, r.alice.User.ID, chat.PageQuery{Limit: 3, Head: 1}); err != nil {
		t.Errorf("page from a promoted standby: %v", err)
	}
	r.await(ErrReplicaWritable)
	r.readAll(ReplicaDown, "later")
}

// changesWhilePaused changes everything that has a number in a room, and what has none, while the standby
// does not replay the log.
func (r *replicaRig) changesWhilePaused(messages []chat.Message) {
	t, ctx := r.t, r.t.Context()
	bob := register(t, r.Store, "bob")
	join(t, r.Store, r.room, bob)
	appendText(t, r.Store, r.room, bob, "secret")
	r.awaitReplayed()
	r.execute(r.replica, `SELECT pg_wal_replay_pause()`)
	// A profile has no number. The page comes from the replica, and the name from the primary.
	name := "Alice A."
	if _, err := r.ChangeProfile(ctx, r.alice.User.ID, chat.ProfilePatch{DisplayName: &name}); err != nil {
		t.Fatal(err)
	}
	r.readAll("", "word7")
	ref := func(m chat.Message) chat.MessageRef {
		return chat.MessageRef{ID: m.ID, Room: m.RoomID, Author: m.Author.ID, Kind: m.Kind}
	}
	for name, change := range map[string]func() error{
		"edit": func() error {
			_, _, err := r.Edit(ctx, ref(messages[0]), r.alice.User.ID, "edited", "<p>edited</p>", nil)
			return err
		},
		"delete": func() error { _, _, err := r.Delete(ctx, ref(messages[1]), r.alice.User.ID, nil); return err },
		"reaction": func() error {
			_, _, err := r.React(ctx, ref(messages[2]), r.alice.User.ID, "👍", true, nil)
			return err
		},
		"leave": func() error { _, err := r.Leave(ctx, r.room.ID, bob.User.ID); return err },
	} {
		before, _ := r.head(ctx, r.room.ID)
		if err := change(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if after, err := r.head(ctx, r.room.ID); err != nil || after != before+1 {
			t.Errorf("%s: head %d after %d, %v", name, after, before, err)
		}
		r.readAll(ReplicaBehind, "word7")
	}
	// Who may read is never read from the replica, which still has bob as a member.
	found, _, err := r.Search(ctx, chat.SearchQuery{Search: chat.Search{Limit: 10}, Viewer: bob.User.ID, Matches: func(string) bool { return true }})
	if err != nil || len(found) > 0 {
		t.Errorf("a former member found %d messages, %v", len(found), err)
	}
	r.execute(r.replica, `SELECT pg_wal_replay_resume()`)
	r.awaitReplayed()
	r.readAll("", "edited")
}

func TestReplicaOfAnotherDatabaseIsRefused(t *testing.T) {
	dsn, other := testenv.Postgres(t), testenv.Postgres(t)
	openPostgresDatabase(t, dsn)
	openPostgresDatabase(t, other)
	s, err := OpenPostgres(t.Context(), dsn, Options{Replica: ReplicaOptions{DSN: other}})
	if err == nil {
		opened(t, s, err)
	}
	if !errors.Is(err, ErrOtherDatabase) {
		t.Errorf("another database: %v, want ErrOtherDatabase", err)
	}
	for name, c := range map[string]struct {
		dsn  string
		want error
	}{
		"the primary itself": {dsn, ErrReplicaWritable},
		"nothing listens":    {"postgres://u@127.0.0.1:1/x", nil},
	} {
		s, err := OpenPostgres(t.Context(), dsn, Options{Replica: ReplicaOptions{DSN: c.dsn}})
		opened(t, s, err)
		state, _ := s.Replica()
		if state.Err == nil || c.want != nil && !errors.Is(state.Err, c.want) {
			t.Errorf("%s: %v, want %v", name, state.Err, c.want)
		}
	}
	// Every user may read the identity of the server.
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var id string
	if _, err := conn.Exec(t.Context(), `SET ROLE pg_monitor`); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(t.Context(), `SELECT `+schema.DatabaseID).Scan(&id); err != nil || id == "" {
		t.Errorf("identity = %q, %v", id, err)
	}
}

func TestReplicaLag(t *testing.T) {
	start := time.Unix(1000, 0)
	at := func(second int, lsn int64) position {
		return position{start.Add(time.Duration(second) * time.Second), lsn}
	}
	positions := []position{at(0, 100), at(1, 100), at(2, 200), at(3, 300)}
	now := start.Add(4 * time.Second)
	for replayed, want := range map[int64]time.Duration{300: 0, 400: 0, 250: 1500 * time.Millisecond, 200: 2 * time.Second, 100: 3 * time.Second, 50: 4 * time.Second} {
		if got := lagAt(positions, replayed, now); got != want {
			t.Errorf("lag at %d = %s, want %s", replayed, got, want)
		}
	}
	if got := lagAt(nil, 1, now); got != 0 {
		t.Errorf("lag without positions = %s", got)
	}
}
