package markup

import (
	"slices"
	"strings"
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

// Indexed returns those of the words, as typed, that an index of trigrams can
// find: with three letters or digits in a row.
func (q Query) Indexed() []string {
	var words []string
	for i, word := range q.Words {
		if hasTrigram(word) && hasTrigram(q.folded[i]) {
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
	return q.in(fold(text).text)
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

// fold goes by the parts of a text that Unicode composes by themselves.
func fold(s string) folded {
	if isPlain(s) {
		return folded{text: strings.ToLower(s)}
	}
	var f folded
	var out strings.Builder
	for at := 0; at < len(s); {
		end := len(s)
		if n := norm.NFC.NextBoundaryInString(s[at:], true); n > 0 {
			end = at + n
		}
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

func foldPart(s string) string {
	if len(s) == 1 {
		return strings.ToLower(s) // the most
	}
	s = strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); {
		case r >= 0x0300 && r <= 0x036F: // accents of alphabets; other marks are letters
			return -1
		case r == 'ς': // as it is written at the end of a word
			return 'σ'
		}
		return r
	}, norm.NFKD.String(s))
	return norm.NFC.String(s)
}
