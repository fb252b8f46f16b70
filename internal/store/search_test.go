package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

func search(t *testing.T, s *Store, q chat.Search, viewer chat.Caller) ([]string, string) {
	t.Helper()
	query, err := markup.NewQuery(q.Text, chat.MaxQuery)
	if err != nil {
		t.Fatal(err)
	}
	if q.Limit == 0 {
		q.Limit = 100
	}
	found, next, err := s.Search(t.Context(), chat.SearchQuery{Search: q, Viewer: viewer.User.ID, Folding: chat.SearchFolding.Version, Indexed: query.Indexed(), Matches: query.Matches})
	if err != nil {
		t.Fatalf("search %q: %v", q.Text, err)
	}
	texts := []string{}
	for _, f := range found {
		texts = append(texts, f.Message.Text)
	}
	return texts, next
}

func wantFound(t *testing.T, s *Store, q chat.Search, viewer chat.Caller, want ...string) {
	t.Helper()
	if got, next := search(t, s, q, viewer); !slices.Equal(got, want) || next != "" {
		t.Fatalf("search %+v = %q, next %q, want %q", q, got, next, want)
	}
}

// smallBatch is a small newestBatch.
const smallBatch = 30

func onEachWithSmallBatches(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	onEach(t, func(t *testing.T, s *Store) {
		s.newestBatch = smallBatch
		test(t, s)
	})
}

// scannedCount is the number of messages that one request reads without the index. Below fillerCount
// messages it finds others only with the index.
const (
	scannedCount = smallBatch * (searchRounds + 1)
	fillerCount  = scannedCount + 10
)

// index indexes all messages.
func index(t testing.TB, s *Store) { indexWith(t, s, chat.SearchFolding) }

func indexWith(t testing.TB, s *Store, f chat.Folding) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err := s.IndexMessages(t.Context(), f); err != nil || time.Now().After(deadline) {
			t.Fatalf("index: %v", err)
		}
		var done bool
		err := s.read.QueryRowContext(t.Context(), `SELECT indexed >= COALESCE((SELECT max(id) FROM messages), 0)
			AND (folded = indexed OR folding > $1) AND (folding > $1 OR NOT EXISTS (SELECT 1 FROM search_edits)) FROM search_cursor`, f.Version).Scan(&done)
		if err != nil {
			t.Fatal(err)
		}
		if done {
			return
		}
	}
}

// addFiller appends n messages to the room.
func addFiller(t *testing.T, s *Store, room chat.Room, author chat.Caller, n int) {
	t.Helper()
	_, err := s.write.ExecContext(t.Context(), `
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $4)
		INSERT INTO messages (room_id, seq, change_seq, kind, author_id, cid, send_hash, text, html, created_at)
		SELECT $1, $3 + i, $3 + i, 'text', $2, `+map[bool]string{true: "gen_random_uuid()", false: "lower(hex(randomblob(18)))"}[onPostgres(s)]+`,
			m.send_hash, 'filler', '', 1 FROM n, messages m WHERE m.room_id = $1 AND m.seq = 1`,
		int64(room.ID), int64(author.User.ID), int64(appendText(t, s, room, author, "filler").Seq), n)
	if err != nil {
		t.Fatalf("addFiller: %v", err)
	}
	if _, err := s.write.ExecContext(t.Context(), `UPDATE rooms SET head = (SELECT max(seq) FROM messages WHERE room_id = $1) WHERE id = $1`, int64(room.ID)); err != nil {
		t.Fatal(err)
	}
}

func onPostgres(s *Store) bool {
	_, ok := s.dialect.(*postgresDialect)
	return ok
}

func TestSearch(t *testing.T) {
	onEachWithSmallBatches(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room := createRoom(t, s, alice, "lobby")
		texts := []string{
			"Hello World", "Une Crème brûlée, s'il vous plaît", "我在北京市工作", "100% sure", "1000 sure", "a_b_c_d", "aXbXcXd",
			`say "quoted words" now`, "NEAR AND OR NOT*", `back\slash`, "ΣΊΣΥΦΟΣ", "Привет, ИВАН", "x", "ab", "😀 smile",
		}
		for _, text := range texts {
			appendText(t, s, room, alice, text)
		}
		cases := []struct {
			query string
			want  []string
		}{
			{"hello", []string{"Hello World"}},
			{"ELLO wor", []string{"Hello World"}},
			{"hello nothing", nil},
			{"creme BRULEE", []string{texts[1]}},
			{"crème", []string{texts[1]}},
			{"北京市", []string{texts[2]}},
			{"北京", []string{texts[2]}},
			{"京", []string{texts[2]}},
			{"100%", []string{"100% sure"}},
			{"100% sure", []string{"100% sure"}},
			{"sure", []string{"1000 sure", "100% sure"}},
			{"b_c", []string{"a_b_c_d"}},
			{"%", []string{"100% sure"}},
			{"_", []string{"a_b_c_d"}},
			{`"quoted`, []string{texts[7]}},
			{`quoted" NEAR`, nil},
			{`"quoted words"`, []string{texts[7]}},
			{"NEAR AND OR", []string{"NEAR AND OR NOT*"}},
			{"not*", []string{"NEAR AND OR NOT*"}},
			{"*", []string{"NEAR AND OR NOT*"}},
			{`back\slash`, []string{`back\slash`}},
			{`\`, []string{`back\slash`}},
			{"text:hello", nil},
			{"hello)", nil},
			{"иван", []string{"Привет, ИВАН"}},
			{"σίσυφος", []string{"ΣΊΣΥΦΟΣ"}},
			{"ab", []string{"ab"}},
			{"x", []string{"x", "aXbXcXd"}},
			{"😀", []string{"😀 smile"}},
			{"smile 😀", []string{"😀 smile"}},
			{strings.Repeat("longword", 12), nil},
		}
		search := func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.query, func(t *testing.T) { wantFound(t, s, chat.Search{Text: c.query}, alice, c.want...) })
			}
		}
		t.Run("among the newest messages", search)
		join(t, s, room, bob)
		addFiller(t, s, room, bob, smallBatch+10)
		t.Run("below the newest messages", search)
		index(t, s)
		t.Run("with the index", search)
	})
}

func TestSearchIsLimitedToRoomsOfViewer(t *testing.T) {
	onEachWithSmallBatches(t, func(t *testing.T, s *Store) {
		alice, bob := register(t, s, "alice"), register(t, s, "bob")
		room, other := createRoom(t, s, alice, "lobby"), createRoom(t, s, alice, "other")
		join(t, s, room, bob)
		appendText(t, s, room, alice, "secret one")
		appendText(t, s, other, alice, "secret two")
		last := appendText(t, s, room, bob, "secret three")

		both := chat.Search{Text: "secret"}
		wantFound(t, s, both, bob, "secret three", "secret one")
		wantFound(t, s, both, alice, "secret three", "secret two", "secret one")
		wantFound(t, s, chat.Search{Text: "secret", Room: other.ID}, alice, "secret two")
		wantFound(t, s, chat.Search{Text: "secret", Room: other.ID}, bob)
		wantFound(t, s, chat.Search{Text: "secret", Author: bob.User.ID}, alice, "secret three")
		wantFound(t, s, chat.Search{Text: "secret", Since: last.CreatedAt + 1}, alice)
		wantFound(t, s, chat.Search{Text: "secret", Until: 1}, alice)
		wantFound(t, s, chat.Search{Text: "secret", Since: 1, Until: last.CreatedAt + 1, Room: room.ID}, bob, "secret three", "secret one")
		wantFound(t, s, chat.Search{Text: "joined the room"}, alice) // a system message

		if _, err := s.Kick(t.Context(), room.ID, alice.User.ID, bob.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		wantFound(t, s, both, bob)
		if err := s.DeleteRoom(t.Context(), room.ID, alice.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		wantFound(t, s, both, alice, "secret two")
		wantIndexIntact(t, s)
	})
}

func TestSearchFollowsEditsAndDeletes(t *testing.T) {
	onEachWithSmallBatches(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		first, second := appendText(t, s, room, alice, "apples"), appendText(t, s, room, alice, "apples too")
		search := func(query string, want ...string) { wantFound(t, s, chat.Search{Text: query}, alice, want...) }
		edit := func(text string) {
			if _, _, err := s.Edit(t.Context(), first.Ref(), alice.User.ID, text, "", nil); err != nil {
				t.Fatal(err)
			}
		}
		edit("plums") // not indexed yet
		addFiller(t, s, room, alice, fillerCount)
		index(t, s)
		search("plums", "plums")
		search("apples", "apples too")
		edit("pears")
		search("plums")
		search("pears", "pears")
		if _, _, err := s.React(t.Context(), first.Ref(), alice.User.ID, "👍", true, nil); err != nil {
			t.Fatal(err)
		}
		search("pears", "pears")
		if _, _, err := s.Delete(t.Context(), second.Ref(), alice.User.ID, nil); err != nil {
			t.Fatal(err)
		}
		search("apples")
		wantIndexIntact(t, s)
	})
}

// wantIndexIntact compares the index with the texts.
func wantIndexIntact(t *testing.T, s *Store) {
	t.Helper()
	state, err := readIndexState(t.Context(), s.read, "")
	if err != nil {
		t.Fatal(err)
	}
	type text struct {
		id   int64
		text string
	}
	read := func(query string, args ...any) map[int64]string {
		all, err := queryAll(t.Context(), s.read, func(r row) (x text, err error) {
			err = r.Scan(&x.id, &x.text)
			return x, err
		}, query, args...)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[int64]string{}
		for _, x := range all {
			texts[x.id] = x.text
		}
		return texts
	}
	written := read(`SELECT id, text FROM messages WHERE kind = 'text' AND deleted_at IS NULL AND id <= $1
		AND id NOT IN (SELECT message_id FROM search_edits)`, state.folded)
	if onPostgres(s) {
		stored := read(`SELECT message_id, text FROM messages_search WHERE text <> '' AND message_id NOT IN (SELECT message_id FROM search_edits)`)
		for id, text := range written {
			if stored[id] != chat.SearchFolding.Index(text) {
				t.Errorf("the index has %q for %q", stored[id], text)
			}
		}
		if len(stored) != len(written) {
			t.Errorf("the index has %d texts, want %d", len(stored), len(written))
		}
		return
	}
	if _, err := s.write.ExecContext(t.Context(), `INSERT INTO messages_search (messages_search) VALUES ('integrity-check')`); err != nil {
		t.Fatalf("the index is broken: %v", err)
	}
	for id, text := range written {
		h := s.dialect.indexedCandidates([]string{chat.SearchFolding.Index(text)})
		var n int
		err := s.read.QueryRowContext(t.Context(), `SELECT count(*) FROM messages_search WHERE messages_search MATCH $1 AND rowid = $2`, h.args[0], id).Scan(&n)
		if err != nil || n != 1 && len([]rune(text)) > 2 {
			t.Fatalf("the index has %d rows for %q, %v", n, text, err)
		}
	}
}

func TestSearchPages(t *testing.T) {
	onEachWithSmallBatches(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		rooms := []chat.Room{createRoom(t, s, alice, "lobby"), createRoom(t, s, alice, "other")}
		var want []string
		for i := range 25 {
			if i == 10 {
				addFiller(t, s, rooms[0], alice, smallBatch+10)
				index(t, s) // later messages are not indexed
			}
			text := fmt.Sprintf("needle %d", i)
			appendText(t, s, rooms[i%2], alice, text)
			want = append([]string{text}, want...)
		}
		for _, query := range []string{"needle", "ne"} {
			var got []string
			cursor := ""
			for pages := 0; ; pages++ {
				page, next := search(t, s, chat.Search{Text: query, Limit: 4, Cursor: cursor}, alice)
				got = append(got, page...)
				if appendText(t, s, rooms[0], alice, "needle while paging"); next == "" {
					break
				}
				if cursor = next; pages > 20 || len(page) > 4 {
					t.Fatalf("page %d of %q has %d messages", pages, query, len(page))
				}
			}
			got = slices.DeleteFunc(got, func(text string) bool { return text == "needle while paging" })
			if !slices.Equal(got, want) {
				t.Errorf("pages of %q = %q, want %q", query, got, want)
			}
		}
		_, _, err := s.Search(t.Context(), chat.SearchQuery{Search: chat.Search{Limit: 1, Cursor: "nonsense"}, Viewer: alice.User.ID})
		wantCode(t, err, chat.BadRequest)
	})
}

// A search that finds few messages among many stops and returns a cursor.
func TestSearchRequestIsLimited(t *testing.T) {
	onEachWithSmallBatches(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		appendText(t, s, room, alice, "北京 market")
		addFiller(t, s, room, alice, scannedCount)
		for _, query := range []string{"北京", "market"} { // nothing is indexed yet
			page, next := search(t, s, chat.Search{Text: query}, alice)
			if len(page) != 0 || next == "" {
				t.Fatalf("%s: page = %q, next %q, want an empty page and a cursor", query, page, next)
			}
			page, next = search(t, s, chat.Search{Text: query, Cursor: next}, alice)
			if !slices.Equal(page, []string{"北京 market"}) || next != "" {
				t.Fatalf("%s: page = %q, next %q, want the last message", query, page, next)
			}
		}
		index(t, s)
		wantFound(t, s, chat.Search{Text: "market"}, alice, "北京 market")
	})
}

func TestMessagesAreIndexedInBatches(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		addFiller(t, s, room, alice, 2*indexBatchSize)
		batches := 1
		for deadline := time.Now().Add(10 * time.Second); ; {
			progress, err := s.IndexMessages(t.Context(), chat.SearchFolding)
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("%d batches, err = %v", batches, err)
			}
			if progress.More {
				batches++
			} else if batches > 1 {
				break
			}
		}
		if batches != 3 {
			t.Fatalf("%d messages were indexed in %d batches, want 3", 2*indexBatchSize, batches)
		}
		wantIndexIntact(t, s)
	})
}

// A message gets its id before its commit. While its transaction runs, newer messages must
// not count as indexed: the indexer would never index the older one.
func TestIndexingWaitsForRunningTransactions(t *testing.T) {
	s := openTestPostgres(t)
	alice := register(t, s, "alice")
	slow, room := createRoom(t, s, alice, "slow"), createRoom(t, s, alice, "lobby")
	index(t, s)
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var id chat.MessageID
	if _, err = tx.ExecContext(t.Context(), `SELECT FROM rooms WHERE id = $1 FOR NO KEY UPDATE`, int64(slow.ID)); err != nil {
		t.Fatal(err)
	}
	err = tx.QueryRowContext(t.Context(), `INSERT INTO messages (room_id, seq, change_seq, kind, author_id, text, html, action, subject_id, created_at)
		SELECT $1, head + 1, head + 1, 'system', $2, 'slow', '', 'joined', $2, 1 FROM rooms WHERE id = $1 RETURNING id`,
		int64(slow.ID), int64(alice.User.ID)).Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	last := appendText(t, s, room, alice, "fast")
	for range 10 {
		if _, err := s.IndexMessages(t.Context(), chat.SearchFolding); err != nil {
			t.Fatal(err)
		}
	}
	if i, err := readIndexState(t.Context(), s.read, ""); err != nil || i.indexed >= id {
		t.Fatalf("indexed up to %d, %v, while the transaction of %d is running", i.indexed, err, id)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	index(t, s)
	if i, err := readIndexState(t.Context(), s.read, ""); err != nil || i.indexed != last.ID {
		t.Fatalf("indexed up to %d, %v, want %d", i.indexed, err, last.ID)
	}
}

func TestOneNodeIndexesAtATime(t *testing.T) {
	s := openTestPostgres(t)
	alice := register(t, s, "alice")
	appendText(t, s, createRoom(t, s, alice, "lobby"), alice, "hello")
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `SELECT FROM search_cursor FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if p, err := s.IndexMessages(t.Context(), chat.SearchFolding); p.More || err != nil {
			t.Fatalf("more = %v, err = %v, while another node indexes", p.More, err)
		}
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	index(t, s)
	wantIndexIntact(t, s)
}
