package markup

import (
	"strings"
	"unicode"
)

// NameQuery is a search for people by their names. Texts are compared as Fold describes.
type NameQuery struct{ words []string }

// The ranks of a match.
const (
	nameBegins   = iota // the username or the display name begins with the words as typed
	wordBegins          // each word begins a word of a name
	nameContains        // each word is somewhere in the names
	NameRanks    = iota // the number of ranks
)

// NewNameQuery parses user input of at most limit code points, with or without "@". It returns ErrEmpty
// or ErrTooLong.
func NewNameQuery(typed string, limit int) (NameQuery, error) {
	line, err := Line(typed, limit)
	if err != nil {
		return NameQuery{}, err
	}
	words := strings.Fields(Fold(strings.TrimPrefix(line, "@")))
	switch {
	case len(words) == 0:
		return NameQuery{}, ErrEmpty
	case len(words) > maxQueryWords:
		return NameQuery{}, ErrTooLong
	}
	return NameQuery{words}, nil
}

// Rank reports whether the names of a user contain all words, and how well they match: 0 is the best.
func (q NameQuery) Rank(username, displayName string) (rank int, ok bool) {
	username, displayName = Fold(username), Fold(displayName)
	for _, word := range q.words {
		if !strings.Contains(username, word) && !strings.Contains(displayName, word) {
			return 0, false
		}
	}
	typed := strings.Join(q.words, " ")
	if strings.HasPrefix(username, typed) || strings.HasPrefix(displayName, typed) {
		return nameBegins, true
	}
	for _, word := range q.words {
		if !beginsWord(username, word) && !beginsWord(displayName, word) {
			return nameContains, true
		}
	}
	return wordBegins, true
}

// beginsWord reports whether text contains word at its beginning or after a separator.
func beginsWord(text, word string) bool {
	for rest := text; rest != ""; {
		if strings.HasPrefix(rest, word) {
			return true
		}
		i := strings.IndexFunc(rest, isSeparator)
		if i < 0 {
			return false
		}
		rest = strings.TrimLeftFunc(rest[i:], isSeparator)
	}
	return false
}

func isSeparator(r rune) bool { return unicode.IsSpace(r) || unicode.IsPunct(r) }
