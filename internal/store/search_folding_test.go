package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/recovery"
)

// newerFolding is a folding that finds þ by th, as a later version of this program might.
var newerFolding = chat.Folding{Version: chat.SearchFolding.Version + 1, Fold: func(text string) string {
	return strings.ReplaceAll(chat.SearchFolding.Fold(text), "þ", "th")
}}

// searchWith searches with a folding and returns the messages of all pages and the number of
// pages.
func searchWith(t *testing.T, s *Store, f chat.Folding, viewer chat.Caller, word string) (texts []string, pages int) {
	t.Helper()
	folded := f.Fold(word)
	q := chat.SearchQuery{
		Search: chat.Search{Limit: 100}, Viewer: viewer.User.ID, Folding: f.Version, Indexed: []string{f.Index(word)},
		Matches: func(text string) bool { return strings.Contains(f.Fold(text), folded) },
	}
	for {
		found, next, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatalf("search %s: %v", word, err)
		}
		for _, f := range found {
			texts = append(texts, f.Message.Text)
		}
		if pages++; next == "" {
			return texts, pages
		}
		q.Cursor = next
	}
}

func wantFoundWith(t *testing.T, s *Store, f chat.Folding, viewer chat.Caller, word string, byIndex bool, want ...string) {
	t.Helper()
	texts, pages := searchWith(t, s, f, viewer, word)
	if !slices.Equal(texts, want) {
		t.Errorf("folding %d finds %q by %s, want %q", f.Version, texts, word, want)
	}
	if (pages == 1) != byIndex {
		t.Errorf("folding %d finds %s in %d requests: with the index %v, want %v", f.Version, word, pages, pages == 1, byIndex)
	}
}

// onEachWithOldMessage runs test with a room that contains an old indexed message and so many newer
// messages that only the index finds the old one in one request.
func onEachWithOldMessage(t *testing.T, test func(t *testing.T, s *Store, room chat.Room, alice chat.Caller)) {
	t.Helper()
	onEachWithSmallBatches(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		appendText(t, s, room, alice, "Langes Þing")
		addFiller(t, s, room, alice, 2*indexBatchSize)
		index(t, s)
		test(t, s, room, alice)
	})
}

func TestNewFoldingReindexesOldMessages(t *testing.T) {
	onEachWithOldMessage(t, func(t *testing.T, s *Store, room chat.Room, alice chat.Caller) {
		old := chat.SearchFolding
		wantFoundWith(t, s, old, alice, "þing", true, "Langes Þing")
		wantFoundWith(t, s, newerFolding, alice, "THING", false, "Langes Þing") // not reindexed yet

		if _, err := s.IndexMessages(t.Context(), newerFolding); err != nil {
			t.Fatal(err)
		}
		appendText(t, s, room, alice, "Kurzes Þing")
		wantFoundWith(t, s, newerFolding, alice, "THING", false, "Kurzes Þing", "Langes Þing")
		wantFoundWith(t, s, old, alice, "þing", false, "Kurzes Þing", "Langes Þing")

		indexWith(t, s, newerFolding)
		wantFoundWith(t, s, newerFolding, alice, "THING", true, "Kurzes Þing", "Langes Þing")
	})
}

func TestOlderNodeDoesNotUndoNewFolding(t *testing.T) {
	onEachWithOldMessage(t, func(t *testing.T, s *Store, room chat.Room, alice chat.Caller) {
		indexWith(t, s, newerFolding)
		appendText(t, s, room, alice, "Kurzes Þing")
		edited := appendText(t, s, room, alice, "Weg")
		addFiller(t, s, room, alice, fillerCount)
		index(t, s) // as an older node does
		if _, _, err := s.Edit(t.Context(), edited.Ref(), alice.User.ID, "Neues Þing", "", nil); err != nil {
			t.Fatal(err)
		}
		index(t, s)
		state, err := readIndexState(t.Context(), s.read, "")
		if err != nil || state.folding != newerFolding.Version || state.folded == state.indexed {
			t.Fatalf("state = %+v, %v, want the newer folding and texts to fold again", state, err)
		}
		want := []string{"Neues Þing", "Kurzes Þing", "Langes Þing"}
		wantFoundWith(t, s, newerFolding, alice, "THING", false, want...)
		wantFoundWith(t, s, chat.SearchFolding, alice, "þing", false, want...)
		indexWith(t, s, newerFolding)
		wantFoundWith(t, s, newerFolding, alice, "THING", true, want...)
	})
}

// Nodes before migration 13 have no folding version and fold in the database.
func TestMessagesOfNodeWithoutFoldingVersionAreReindexed(t *testing.T) {
	s := openTestPostgres(t)
	s.newestBatch = smallBatch
	alice := register(t, s, "alice")
	room := createRoom(t, s, alice, "lobby")
	appendText(t, s, room, alice, "first")
	index(t, s)
	appendText(t, s, room, alice, "Langes Þing")
	addFiller(t, s, room, alice, fillerCount)
	for _, statement := range []string{
		`INSERT INTO messages_search (message_id, room_id, text) SELECT m.id, m.room_id, search_fold(m.text) FROM messages m
			WHERE m.kind = 'text' AND m.deleted_at IS NULL ON CONFLICT (message_id) DO NOTHING`,
		`UPDATE search_cursor SET indexed = (SELECT max(id) FROM messages)`,
	} {
		if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	wantFoundWith(t, s, chat.SearchFolding, alice, "þing", false, "Langes Þing")
	index(t, s)
	wantFoundWith(t, s, chat.SearchFolding, alice, "þing", true, "Langes Þing")
	var old int
	if err := s.read.QueryRowContext(t.Context(), `SELECT count(*) FROM messages_search WHERE folding < $1`, chat.SearchFolding.Version).Scan(&old); err != nil || old != 0 {
		t.Fatalf("%d texts have an older version, %v", old, err)
	}
	wantIndexIntact(t, s)
}

func TestReindexingContinuesAfterCrash(t *testing.T) {
	onEachWithOldMessage(t, func(t *testing.T, s *Store, _ chat.Room, alice chat.Caller) {
		var all, folded int
		if err := s.read.QueryRowContext(t.Context(), `SELECT count(*) FROM messages WHERE kind = 'text'`).Scan(&all); err != nil {
			t.Fatal(err)
		}
		ctx, crash := context.WithCancel(t.Context())
		counting := chat.Folding{Version: newerFolding.Version, Fold: func(text string) string {
			if folded++; folded == indexBatchSize+indexBatchSize/2 {
				crash()
			}
			return newerFolding.Fold(text)
		}}
		var err error
		for range 10 {
			if _, err = s.IndexMessages(ctx, counting); err != nil {
				break
			}
		}
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Fatalf("indexing ended with %v, after %d texts", err, folded)
		}
		folded = 0
		indexWith(t, s, counting)
		if most := all - indexBatchSize + 2; folded > most || folded < all/2 {
			t.Errorf("%d of %d texts were folded after the crash, want at most %d", folded, all, most)
		}
		wantFoundWith(t, s, newerFolding, alice, "THING", true, "Langes Þing")
	})
}

func TestTextThatCannotBeFoldedIsSkipped(t *testing.T) {
	onEachWithSmallBatches(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		for _, text := range []string{"needle before", "needle poison", "needle after"} {
			appendText(t, s, room, alice, text)
		}
		fold := func(text string) string {
			if text == "needle poison" {
				panic("boom")
			}
			return chat.SearchFolding.Fold(text)
		}
		poisoned := chat.Folding{Version: chat.SearchFolding.Version, Fold: fold}
		wantFoundWith(t, s, poisoned, alice, "needle", true, "needle after", "needle before") // read without the index
		addFiller(t, s, room, alice, fillerCount)
		var skipped []error
		for range 10 {
			p, err := s.IndexMessages(t.Context(), poisoned)
			if err != nil {
				t.Fatal(err)
			}
			skipped = append(skipped, p.Skipped...)
		}
		indexWith(t, s, poisoned)
		p, ok := errors.AsType[*recovery.Panic](errors.Join(skipped...))
		if !ok || len(skipped) != 1 || p.Input != recovery.Hash([]byte("needle poison")) {
			t.Fatalf("skipped = %v, want the one panic with the hash of its text", skipped)
		}
		wantFoundWith(t, s, poisoned, alice, "needle", true, "needle after", "needle before")
	})
}

func TestSearchBytesAreLimited(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		needle := appendText(t, s, room, alice, "needle")
		const size = 20_000
		n := searchText/size + 50
		addFiller(t, s, room, alice, n)
		// In parts, because a statement has a time limit.
		const parts = 50
		for part := range parts {
			if _, err := s.write.ExecContext(t.Context(), `UPDATE messages SET text = $1 WHERE kind = 'text' AND id <> $2 AND id % $4 = $3`, strings.Repeat("x", size), needle.ID, part, parts); err != nil {
				t.Fatal(err)
			}
		}
		var read int
		q := chat.SearchQuery{Search: chat.Search{Limit: 10}, Viewer: alice.User.ID, Matches: func(text string) bool {
			read += len(text)
			return text == "needle"
		}}
		for page, want := range []int{0, 1} {
			read = 0
			found, next, err := s.Search(t.Context(), q)
			if err != nil || len(found) != want || (next == "") != (want == 1) {
				t.Fatalf("page %d has %d messages, next %q, %v", page, len(found), next, err)
			}
			if read >= searchText+size {
				t.Errorf("page %d looked through %d bytes, want less than %d", page, read, searchText+size)
			}
			q.Cursor = next
		}
	})
}

func TestSearchTimeIsLimited(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store) {
		alice := register(t, s, "alice")
		room := createRoom(t, s, alice, "lobby")
		appendText(t, s, room, alice, "needle")
		addFiller(t, s, room, alice, 20)
		now := time.Now()
		s.now = func() time.Time { return now }
		q := chat.SearchQuery{Search: chat.Search{Limit: 10}, Viewer: alice.User.ID, Matches: func(text string) bool {
			now = now.Add(searchTime / 10)
			return text == "needle"
		}}
		for page, want := range []int{0, 1} {
			found, next, err := s.Search(t.Context(), q)
			if err != nil || len(found) != want || next == "" {
				t.Fatalf("page %d has %d messages, next %q, %v", page, len(found), next, err)
			}
			q.Cursor = next
		}
	})
}

// The index is used only while all edited messages can be read in addition to it.
func TestSearchIsCompleteWithManyPendingEdits(t *testing.T) {
	onEachWithOldMessage(t, func(t *testing.T, s *Store, room chat.Room, alice chat.Caller) {
		_, err := s.write.ExecContext(t.Context(), fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO search_edits (message_id) SELECT 1000000 + i FROM n`, maxEdits))
		if err != nil {
			t.Fatal(err)
		}
		wantFoundWith(t, s, chat.SearchFolding, alice, "þing", false, "Langes Þing")
		index(t, s)
		wantFoundWith(t, s, chat.SearchFolding, alice, "þing", true, "Langes Þing")
	})
}
