package store

import (
	"testing"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
	testenv "github.com/chillin-chat/chillin/internal/test/env"
)

// foldedTexts are texts with a query that finds them only if both are folded.
var foldedTexts = []struct{ text, query string }{
	{"ПРИВЕТ, МИР", "привет"},
	{"Königstraße", "KONIGSTRASSE"},
	{"ΣΊΣΥΦΟΣ", "σισυφος"},
	{"مَرْحَبًا بالجميع", "مرحبا"},
	{"שָׁלוֹם לכם", "שלום"},
	{"I don’t know", "don't"},
	{"می\u200Cخواهم", "میخواهم"},
	{"mi\u00ADcro\u00ADscope", "microscope"},
	{"ＷＩＤＥ letters", "wide"},
	{"ﾗｰﾒﾝを食べる", "ラーメン"},
	{"ﬁnally", "finally"},
	{"İSTANBUL'da ışık", "istanbul isik"},
	{"我在北京市工作", "北京"},
	{"한글 채팅", "한글"},
	{"one\n two three", `"one two"`},
	{"🎉🎊🎈 party", "🎉🎊🎈"},
}

func wantFolded(t *testing.T, s *Store, viewer chat.Caller) {
	t.Helper()
	for _, c := range foldedTexts {
		t.Run(c.query, func(t *testing.T) { wantFound(t, s, chat.Search{Text: c.query}, viewer, c.text) })
	}
}

// The locale decides which characters the trigrams of Postgres contain.
func TestSearchDoesNotDependOnLocale(t *testing.T) {
	for name, options := range map[string]string{
		"C":       `LC_COLLATE 'C' LC_CTYPE 'C'`,
		"C.UTF-8": `LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'`,
		"ICU":     `LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LC_COLLATE 'C' LC_CTYPE 'C'`,
		"ICU-tr":  `LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'`,
	} {
		t.Run(name, func(t *testing.T) {
			s := openPostgresDatabase(t, testenv.PostgresWithLocale(t, options))
			searchBelowNewest(t, s)
			for _, c := range foldedTexts {
				query, err := markup.NewQuery(c.query, chat.MaxQuery)
				if err != nil {
					t.Fatal(err)
				}
				for _, word := range query.Indexed() {
					var trigrams int
					if err := s.read.QueryRowContext(t.Context(), `SELECT cardinality(show_trgm($1))`, word).Scan(&trigrams); err != nil || trigrams <= len(word)/2 {
						t.Errorf("Postgres finds %d trigrams in the form %q of %s, %v", trigrams, word, c.query, err)
					}
				}
			}
		})
	}
}

func TestSearchBelowNewestMessages(t *testing.T) {
	onEach(t, searchBelowNewest)
}

// searchBelowNewest searches messages below the newest ones that a search reads without the index.
func searchBelowNewest(t *testing.T, s *Store) {
	t.Helper()
	s.newestBatch = smallBatch
	alice := register(t, s, "alice")
	room := createRoom(t, s, alice, "lobby")
	for _, c := range foldedTexts {
		appendText(t, s, room, alice, c.text)
	}
	addFiller(t, s, room, alice, fillerCount)
	index(t, s)
	wantFolded(t, s, alice)
	wantIndexIntact(t, s)
}
