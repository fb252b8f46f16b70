package markup

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Query is a search for words that must all occur in a text, each anywhere, also within a word. Case,
// accents and compatibility forms (wide letters, ligatures) are ignored. There are no operators.
type Query struct {
	// Words are the words as typed.
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
	var q Query
	for word := range strings.FieldsSeq(line) {
		folded := fold(word)
		if folded.text == "" || slices.Contains(q.folded, folded.text) {
			continue
		}
		q.Words, q.folded = append(q.Words, word), append(q.folded, folded.text)
	}
	switch {
	case len(q.Words) == 0:
		return Query{}, ErrEmpty
	case len(q.Words) > maxQueryWords:
		return Query{}, ErrTooLong
	}
	return q, nil
}

// Indexed returns the folded words that a trigram index can find: those with three consecutive letters
// or digits.
func (q Query) Indexed() []string {
	var words []string
	for _, word := range q.folded {
		if hasTrigram(word) {
			words = append(words, word)
		}
	}
	return words
}

func hasTrigram(word string) bool {
	run := 0
	for _, r := range word {
		if run++; !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			run = 0
		}
		if run == 3 {
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
	spans = spans[:min(len(spans), maxSpans)]
	toUTF16(text, spans)
	return spans, true
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

// folded is a folded text. from and to contain, for each byte, the part of the original that it came
// from. They are nil if the text is unchanged.
type folded struct {
	text     string
	from, to []int
}

func (f folded) span(start, end int) Span {
	if f.from == nil {
		return Span{start, end}
	}
	return Span{f.from[start], f.to[end-1]}
}

// fold folds a text and records the origin of each byte.
func fold(s string) folded {
	if isPlain(s) {
		return folded{text: strings.ToLower(s)}
	}
	var f folded
	var out strings.Builder
	for at := 0; at < len(s); {
		end := at + partLength(s[at:])
		part := foldPart(s[at:end])
		out.WriteString(part)
		for range len(part) {
			f.from, f.to = append(f.from, at), append(f.to, end)
		}
		at = end
	}
	f.text = out.String()
	return f
}

// FoldingVersion is the version of Fold. It is stored with folded texts. Increase it whenever Fold
// changes, so that they are folded again. Version 1 was a database function.
const FoldingVersion = 2

// Fold returns the form of a text that searches compare.
func Fold(s string) string {
	if isPlain(s) {
		return strings.ToLower(s)
	}
	var out strings.Builder
	out.Grow(len(s))
	for s != "" {
		end := partLength(s)
		out.WriteString(foldPart(s[:end]))
		s = s[end:]
	}
	return out.String()
}

// partLength returns the length of the first part of s that Unicode composes independently.
func partLength(s string) int {
	r, first := utf8.DecodeRuneInString(s)
	if first == len(s) {
		return first
	}
	next, _ := utf8.DecodeRuneInString(s[first:])
	simple := next < 0x1100 || !isHangul(r) && next < 0xFF00 || next >= 0xAC00 && next <= 0xD7A3 // otherwise it may belong to r
	if simple && (next < utf8.RuneSelf || norm.NFC.PropertiesString(s[first:]).BoundaryBefore()) {
		return first // the common case
	}
	if n := norm.NFC.NextBoundaryInString(s, true); n > 0 {
		return n
	}
	return len(s)
}

// isHangul reports whether r is a Hangul syllable or a part of one.
func isHangul(r rune) bool { return r >= 0x1100 && r <= 0x11FF || r >= 0xAC00 && r <= 0xD7A3 }

// foldPart folds one part. Most parts are single code points: those of the alphabets are in a table,
// and few of the others have a decomposition or a case.
func foldPart(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case size < len(s):
	case r < alphabets:
		return foldedAlphabets()[r]
	case norm.NFKD.PropertiesString(s).Decomposition() == nil && foldRune(r) == r:
		return s
	}
	return foldByDefinition(s)
}

// alphabets is the end of the code points of alphabets, including the accented letters of Vietnamese
// and Greek.
const alphabets = 0x2000

var foldedAlphabets = sync.OnceValue(func() []string {
	table := make([]string, alphabets)
	for r := range table {
		table[r] = foldByDefinition(string(rune(r)))
	}
	return table
})

// foldByDefinition folds a part by the definition of folding.
func foldByDefinition(s string) string {
	return norm.NFC.String(strings.Map(foldRune, norm.NFKD.String(s)))
}

// foldRune folds a decomposed code point. It returns -1 to drop it.
func foldRune(r rune) rune {
	switch r = unicode.ToLower(r); {
	case r >= 0x0300 && r <= 0x036F: // accents of alphabets; other marks are letters
		return -1
	case r == 'ς': // final sigma
		return 'σ'
	}
	return r
}
