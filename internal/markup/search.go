package markup

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Query is what somebody looks for in texts: words, all of which must be there,
// each anywhere, also within a word. Case, accents and compatibility forms (wide
// letters, ligatures) make no difference, and no sign means anything but itself.
type Query struct {
	// Words are the words as they were typed.
	Words  []string
	folded []string
}

// maxQueryWords bounds the work for one text.
const maxQueryWords = 10

// NewQuery reads what somebody typed, at most limit code points. ErrEmpty and
// ErrTooLong, also for too many words.
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

// Indexed returns the folded words that an index of trigrams can find: those with three
// letters or digits in a row.
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

// Matches tells whether text holds all words.
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

// maxSpans is how many places of a text are told.
const maxSpans = 100

// Find returns the places of the words in text, in order, without overlaps; ok is
// false where one is missing.
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

// merge sorts spans and unites those that touch.
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

// toUTF16 turns places in bytes, ascending, into places in UTF-16 code units: what
// a browser's strings count in.
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

// folded is a text as searches see it. from and to tell for each byte of it which
// part of the original it came from; they are nil where they are the same.
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

// fold folds a text and keeps where each byte came from.
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

// FoldingVersion is the version of what Fold returns. It is stored with folded texts: a
// change of Fold needs a higher number, with which they are folded again. Version 1 was a
// function of the database.
const FoldingVersion = 2

// Fold returns a text as searches compare it.
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

// partLength is the length of the first part of s that Unicode composes by itself.
func partLength(s string) int {
	r, first := utf8.DecodeRuneInString(s)
	if first == len(s) {
		return first
	}
	next, _ := utf8.DecodeRuneInString(s[first:])
	simple := next < 0x1100 || !isHangul(r) && next < 0xFF00 || next >= 0xAC00 && next <= 0xD7A3 // else it may be a part of r
	if simple && (next < utf8.RuneSelf || norm.NFC.PropertiesString(s[first:]).BoundaryBefore()) {
		return first // most often
	}
	if n := norm.NFC.NextBoundaryInString(s, true); n > 0 {
		return n
	}
	return len(s)
}

// isHangul reports whether r is a Hangul syllable or a part of one.
func isHangul(r rune) bool { return r >= 0x1100 && r <= 0x11FF || r >= 0xAC00 && r <= 0xD7A3 }

// foldPart folds one part. The parts of most texts are single code points: those of the
// alphabets are looked up, and of the others few have a decomposition or a case.
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

// alphabets is where the code points of alphabets end, Vietnamese and Greek with their
// accents included.
const alphabets = 0x2000

var foldedAlphabets = sync.OnceValue(func() []string {
	table := make([]string, alphabets)
	for r := range table {
		table[r] = foldByDefinition(string(rune(r)))
	}
	return table
})

// foldByDefinition folds a part as folding is defined.
func foldByDefinition(s string) string {
	return norm.NFC.String(strings.Map(foldRune, norm.NFKD.String(s)))
}

// foldRune folds a code point that is decomposed; -1 drops it.
func foldRune(r rune) rune {
	switch r = unicode.ToLower(r); {
	case r >= 0x0300 && r <= 0x036F: // accents of alphabets; other marks are letters
		return -1
	case r == 'ς': // as it is written at the end of a word
		return 'σ'
	}
	return r
}
