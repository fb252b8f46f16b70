package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Line cleans a single-line text of at most limit code points, such as the name of a room. In addition
// to Text, line ends, tabs and runs of spaces become one space, and invisible characters are dropped,
// except inside an emoji and joiners between letters. It returns the errors of Text.
func Line(s string, limit int) (string, error) {
	s = strings.Join(strings.Fields(strip(s)), " ")
	if !isPlain(s) {
		s = compose(dropInvisible(s))
		s = strings.Join(strings.Fields(s), " ")
	}
	return within(s, limit)
}

// dropInvisible works by grapheme, because only there is it clear whether a joiner, a variation
// selector or a tag belongs to an emoji.
func dropInvisible(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	state := -1
	for s != "" {
		var cluster string
		cluster, s, _, state = uniseg.FirstGraphemeClusterInString(s, state)
		if emoji, ok := Emoji(cluster); ok {
			b.WriteString(emoji)
			continue
		}
		for i, r := range cluster {
			if !isInvisible(r) || isJoiner(r) && joins(cluster[:i], cluster[i+utf8.RuneLen(r):]+s) {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}

// joins reports whether a joiner is between two letters (or their marks).
func joins(before, after string) bool {
	left, _ := utf8.DecodeLastRuneInString(before)
	right, _ := utf8.DecodeRuneInString(after)
	return isLetterOrMark(left) && isLetterOrMark(right) && !isInvisible(left) && !isInvisible(right)
}

func isLetterOrMark(r rune) bool { return unicode.IsLetter(r) || unicode.Is(unicode.M, r) }
