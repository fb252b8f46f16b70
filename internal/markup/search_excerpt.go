package markup

import (
	"slices"
	"strings"

	"github.com/rivo/uniseg"
)

// Limits of the excerpt of a found message, in graphemes.
const (
	excerptBefore = 60 // before the first match
	excerptLength = 220
	longestWord   = 20 // an excerpt begins within a longer word
)

// Excerpt returns a part of a found message on one line around the first match, and the spans of the
// matches in it. It is the text in the message's HTML, or the text itself if only that contains a match,
// such as in the address of a link. "…" replaces what is missing at either end.
func (q Query) Excerpt(text, rendered string) (string, []Span) {
	line := singleLine(plain(rendered[:min(len(rendered), 4*MaxExcerptHTML)]))
	spans := q.spans(fold(line))
	if len(spans) == 0 {
		line = singleLine(text)
		spans = q.spans(fold(line))
	}
	line, spans = excerptAround(line, spans)
	toUTF16(line, spans)
	return line, spans
}

func singleLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// excerptAround shortens line to a part around the first of its spans and returns the spans inside.
func excerptAround(line string, spans []Span) (string, []Span) {
	bounds := graphemeBounds(line)
	graphemes := len(bounds) - 1
	if graphemes <= excerptLength {
		return line, spans
	}
	from := 0
	if len(spans) > 0 {
		from, _ = slices.BinarySearch(bounds, spans[0].Start)
		from = wordStart(line, bounds, min(max(0, from-excerptBefore), graphemes-excerptLength))
	}
	to := min(from+excerptLength, graphemes)
	start, end := bounds[from], bounds[to]
	before, after := "", ""
	if from > 0 {
		before = "…"
	}
	if to < graphemes {
		after = "…"
	}
	var inside []Span
	for _, s := range spans {
		if s.Start >= start && s.Start < end {
			shift := len(before) - start
			inside = append(inside, Span{s.Start + shift, min(s.End, end) + shift})
		}
	}
	return before + line[start:end] + after, inside
}

// graphemeBounds returns the byte offsets of the graphemes of s, and its length.
func graphemeBounds(s string) []int {
	bounds, state := []int{0}, -1
	for rest := s; rest != ""; {
		_, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		bounds = append(bounds, len(s)-len(rest))
	}
	return bounds
}

// wordStart returns the first start of a word at or after the grapheme n, or n if it is too far away.
func wordStart(line string, bounds []int, n int) int {
	for i := n; i > 0 && i < min(n+longestWord, len(bounds)-1); i++ {
		if line[bounds[i]-1] == ' ' {
			return i
		}
	}
	return n
}
