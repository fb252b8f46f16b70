package markup

import (
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Excerpt returns the beginning of text on one line, with at most limit code points including a final
// "…" if it was shortened. It never splits a grapheme.
func Excerpt(text string, limit int) string {
	line := strings.Join(strings.Fields(text), " ")
	kept, length, state := 0, 0, -1 // kept: the bytes that leave space for "…"
	for rest := line; rest != ""; {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		length += utf8.RuneCountInString(cluster)
		if length > limit {
			return strings.TrimRight(line[:kept], " ") + "…"
		}
		if length < limit {
			kept = len(line) - len(rest)
		}
	}
	return line
}
