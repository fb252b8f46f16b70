package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxMarks is the maximum number of combining marks on a base character. Written languages need at most
// four or five; stacks of marks ("zalgo") cover neighboring lines.
const maxMarks = 8

// isBidiControl reports whether r changes the direction of the text after it. If a message leaves such
// a control open, the text that follows is reversed. The marks U+200E, U+200F and U+061C are allowed:
// they affect only themselves.
func isBidiControl(r rune) bool {
	return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// isInvisible reports whether r is invisible but not a space: Unicode's Default_Ignorable_Code_Point,
// and the blank braille pattern.
func isInvisible(r rune) bool {
	switch {
	case r < 0xAD:
		return false
	case r == 0xAD, r == 0x034F, r == 0x061C, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5,
		r >= 0x180B && r <= 0x180F, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E,
		r >= 0x2060 && r <= 0x206F, r == 0x2800, r == 0x3164, r >= 0xFE00 && r <= 0xFE0F,
		r == 0xFEFF, r == 0xFFA0, r >= 0xFFF0 && r <= 0xFFFB, r >= 0x1BCA0 && r <= 0x1BCA3,
		r >= 0x1D173 && r <= 0x1D17A, r >= 0xE0000 && r <= 0xE0FFF:
		return true
	}
	return false
}

// isJoiner reports whether r is one of the two invisible characters that writing needs: Persian and
// Indic scripts join and separate letters with them.
func isJoiner(r rune) bool { return r == 0x200C || r == 0x200D }

// isVisible reports whether s contains anything visible.
func isVisible(s string) bool {
	for _, r := range s {
		if !unicode.IsSpace(r) && !isInvisible(r) {
			return true
		}
	}
	return false
}

// isPlain reports whether no cleaning step changes s.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c >= 0x7F {
			return false
		}
	}
	return true
}

// limitMarks drops the combining marks of a base character beyond maxMarks.
func limitMarks(s string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		if !unicode.Is(unicode.M, r) {
			marks = 0
			return r
		}
		if marks++; marks > maxMarks {
			return -1
		}
		return r
	}, s)
}

// compose converts s to Unicode NFC and limits its marks.
func compose(s string) string {
	return limitMarks(norm.NFC.String(s))
}

// within returns s if it is visible and has at most limit code points.
func within(s string, limit int) (string, error) {
	if !isVisible(s) {
		return "", ErrEmpty
	}
	// There are never fewer bytes than code points, so most texts need no counting.
	if len(s) > limit && utf8.RuneCountInString(s) > limit {
		return "", ErrTooLong
	}
	return s, nil
}
