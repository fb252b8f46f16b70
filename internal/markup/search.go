package markup

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Query is a search for words and quoted phrases that must all occur in a text, each anywhere, also
// within a word. They are compared as Fold describes. There are no other operators.
type Query struct {
	// Words are the words and phrases as typed.
	Words  []string
	folded []string
}

// maxQueryWords limits the work per text.
const maxQueryWords = 10

// NewQuery parses user input of at most limit code points. It returns ErrEmpty or ErrTooLong, the
// latter also for too many words.
func NewQuery(typed string, limit int) (Query, error) {
	line, err := Line(typed, limit)
	if err != nil {
		return Query{}, err
	}
	q := newQuery(phrases(line))
	if len(q.Words) == 0 { // only quotes: they are searched themselves
		q = newQuery(strings.Fields(line))
	}
	switch {
	case len(q.Words) == 0:
		return Query{}, ErrEmpty
	case len(q.Words) > maxQueryWords:
		return Query{}, ErrTooLong
	}
	return q, nil
}

func newQuery(words []string) (q Query) {
	for _, word := range words {
		folded := strings.TrimSpace(Fold(word))
		if folded == "" || slices.Contains(q.folded, folded) {
			continue
		}
		q.Words, q.folded = append(q.Words, word), append(q.folded, folded)
	}
	return q
}

// phrases splits a line at its spaces, except between quotes. A quote opens a phrase at the beginning
// of a word and closes it at the end of one; elsewhere it is a character of the word (19"). A quote that
// nothing closes is ignored, because the user may not have finished typing.
func phrases(line string) (words []string) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		if inner, quoted := cutQuote(line); quoted {
			if phrase, rest, closed := cutPhrase(inner); closed {
				words, line = append(words, phrase), rest
			} else {
				line = inner
			}
			continue
		}
		end := strings.IndexFunc(line, unicode.IsSpace)
		if end < 0 {
			end = len(line)
		}
		words, line = append(words, line[:end]), line[end:]
	}
	return words
}

// cutQuote removes a quote of any form from the beginning of line.
func cutQuote(line string) (rest string, found bool) {
	r, size := utf8.DecodeRuneInString(line)
	return line[size:], isQuote(r)
}

func isQuote(r rune) bool { return r == '"' || equalSigns[r] == '"' }

// cutPhrase splits line after the first quote that is at the end of a word.
func cutPhrase(line string) (phrase, rest string, closed bool) {
	for i, r := range line {
		end := i + utf8.RuneLen(r)
		next, _ := utf8.DecodeRuneInString(line[end:])
		if isQuote(r) && (end == len(line) || unicode.IsSpace(next)) {
			return line[:i], line[end:], true
		}
	}
	return "", line, false
}

// Indexed returns the parts of the folded words that a trigram index can find, in the form of IndexForm.
func (q Query) Indexed() []string {
	var words []string
	for _, word := range q.folded {
		if form := IndexForm(word); isSelective(word) && !slices.Contains(words, form) {
			words = append(words, form)
		}
	}
	return words
}

// isSelective reports whether a trigram index can find a word: one with three consecutive letters or
// digits, or two ideographs, syllables or emoji.
func isSelective(word string) bool {
	run := 0
	for _, r := range word {
		switch {
		case r >= 0x2E80: // also emoji
			run += 2
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			run++
		default:
			run = 0
		}
		if run >= 3 {
			return true
		}
	}
	return false
}

// Matches reports whether text contains all words.
func (q Query) Matches(text string) bool {
	return q.in(Fold(text))
}

func (q Query) in(folded string) bool {
	for _, word := range q.folded {
		if !strings.Contains(folded, word) {
			return false
		}
	}
	return true
}

// Span is a part of a text, in UTF-16 code units: [Start, End).
type Span struct{ Start, End int }

// maxSpans is the maximum number of spans per text.
const maxSpans = 100

// Find returns the spans of the words in text, in order, without overlaps. It reports false if a word
// is missing.
func (q Query) Find(text string) (spans []Span, ok bool) {
	f := fold(text)
	if !q.in(f.text) {
		return nil, false
	}
	spans = q.spans(f)
	toUTF16(text, spans)
	return spans, true
}

// spans returns the spans of the words in a folded text, in bytes of the original text.
func (q Query) spans(f folded) (spans []Span) {
	for _, word := range q.folded {
		at := 0
		for range maxSpans {
			i := strings.Index(f.text[at:], word)
			if i < 0 {
				break
			}
			start := at + i
			at = start + len(word)
			spans = append(spans, f.span(start, at))
		}
	}
	spans = merge(spans)
	return spans[:min(len(spans), maxSpans)]
}

// merge sorts spans and joins adjacent ones.
func merge(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return a.Start - b.Start })
	var merged []Span
	for _, s := range spans {
		if n := len(merged); n > 0 && s.Start <= merged[n-1].End {
			merged[n-1].End = max(merged[n-1].End, s.End)
		} else {
			merged = append(merged, s)
		}
	}
	return merged
}

// toUTF16 converts ascending byte offsets to UTF-16 code units, which browser strings use.
func toUTF16(text string, spans []Span) {
	at, units := 0, 0
	advance := func(to int) int {
		for at < to {
			r, size := utf8.DecodeRuneInString(text[at:])
			at += size
			if units++; r > 0xFFFF {
				units++
			}
		}
		return units
	}
	for i := range spans {
		spans[i].Start = advance(spans[i].Start)
		spans[i].End = advance(spans[i].End)
	}
}
