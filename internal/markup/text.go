package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text cleans a message of at most limit code points: Unicode NFC, line ends as "\n", no control
// characters except line feed and tab, no bidi overrides, isolates or embeddings, at most eight
// combining marks on a base, trimmed (see trim). It returns ErrEmpty if nothing visible is left, and ErrTooLong if
// more than limit code points are. Text does not change clean text.
func Text(s string, limit int) (string, error) {
	if !isPlain(s) {
		s = compose(strip(s))
	}
	return within(trim(s), limit)
}

// minIndentation is the width from which the spaces before the only line of a text are no accident, in
// columns.
const minIndentation = 4

// trim removes blank lines around a text and the space after it. The first line keeps its indentation if
// other lines follow, which are aligned with it, or if it is as wide as that of code.
func trim(s string) string {
	s = strings.TrimRightFunc(s, unicode.IsSpace)
	content := strings.TrimLeftFunc(s, unicode.IsSpace)
	indentation := s[:len(s)-len(content)]
	indentation = indentation[strings.LastIndexByte(indentation, '\n')+1:]
	columns := utf8.RuneCountInString(indentation) + (minIndentation-1)*strings.Count(indentation, "\t")
	if columns < minIndentation && !strings.Contains(content, "\n") {
		return content
	}
	return indentation + content
}

// strip removes disallowed characters and makes every line end "\n". It runs before NFC, so that no
// control character separates a mark from its base.
func strip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\r', r == 0x85, r == 0x2028, r == 0x2029:
			return '\n'
		case unicode.IsControl(r), isBidiControl(r), r == 0xFEFF, r >= 0xFFF9 && r <= 0xFFFB:
			return -1
		}
		return r
	}, s)
}
