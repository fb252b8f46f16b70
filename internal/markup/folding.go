package markup

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// FoldingVersion is the version of Fold and IndexForm. It is stored with indexed texts. Increase it
// whenever one of them changes, so that the texts are indexed again. Version 1 was a database function.
const FoldingVersion = 3

// folded is a folded text. from and to contain, for each byte, the part of the original that it came
// from. They are nil if no part changed its length.
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
		if text := foldPlain(s); len(text) == len(s) {
			return folded{text: text}
		}
	}
	var f folded
	var out strings.Builder
	forEachFolded(s, func(part string, from, to int) {
		out.WriteString(part)
		for range len(part) {
			f.from, f.to = append(f.from, from), append(f.to, to)
		}
	})
	f.text = out.String()
	return f
}

// Fold returns the form of a text that searches compare. Texts that differ in the following are equal
// in it: case; accents, vowel points and tatweel; compatibility forms such as wide letters and
// ligatures; the forms of quotes, dashes, digits, alef and yeh; characters without a glyph of their
// own, such as soft hyphens and joiners; the kind and number of spaces.
func Fold(s string) string {
	if isPlain(s) {
		return foldPlain(s)
	}
	var out strings.Builder
	out.Grow(len(s))
	forEachFolded(s, func(part string, _, _ int) { out.WriteString(part) })
	return out.String()
}

// foldPlain folds a plain text.
func foldPlain(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '\n' || c == '\t' || c == ' ':
			if n := len(out); n > 0 && out[n-1] == ' ' {
				continue
			}
			c = ' '
		case c == '`':
			c = '\''
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	return string(out)
}

// forEachFolded calls emit for each part of s with its folded form and its place in s.
func forEachFolded(s string, emit func(part string, from, to int)) {
	afterSpace := false
	for at := 0; at < len(s); {
		end := at + partLength(s[at:])
		part := foldPart(s[at:end])
		if part != "" && !(afterSpace && part == " ") {
			emit(part, at, end)
			afterSpace = part == " "
		}
		at = end
	}
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
	case r < alphabets && losesMarks(r, s[size:]):
		return foldedAlphabets()[r]
	case size == len(s) && r >= fullWidth && r < fullWidth+widths:
		return foldedAlphabets()[r-fullWidth+alphabets]
	case size == len(s) && (isIdeograph(r) || isHangul(r) || isPictograph(r)):
		return s
	}
	return foldByDefinition(s)
}

// losesMarks reports whether folding drops all marks after a letter. It does not examine the letters
// with letterMarks, which are Cyrillic.
func losesMarks(letter rune, marks string) bool {
	for _, mark := range marks {
		if !unicode.Is(droppedMarks, mark) || unicode.Is(unicode.Cyrillic, letter) {
			return false
		}
	}
	return true
}

// isIdeograph reports whether r is a unified ideograph of the basic plane, which has no other form.
func isIdeograph(r rune) bool { return r >= 0x3400 && r <= 0x9FFF }

// isPictograph reports whether r is an emoji, which has no other form.
func isPictograph(r rune) bool { return r >= 0x1F300 && r <= 0x1FAFF }

// alphabets is the end of the code points of alphabets, of punctuation and of kana.
const alphabets = 0x3400

// The full-width and half-width forms.
const (
	fullWidth = 0xFF00
	widths    = 0xF0
)

// foldedAlphabets contains the folded alphabets, followed by the folded full-width and half-width forms.
var foldedAlphabets = sync.OnceValue(func() []string {
	table := make([]string, alphabets+widths)
	for n := range table {
		r := rune(n)
		if r >= alphabets {
			r += fullWidth - alphabets
		}
		table[n] = foldByDefinition(string(r))
	}
	return table
})

// foldByDefinition folds a part by the definition of folding.
func foldByDefinition(s string) string {
	var out strings.Builder
	var base rune // the last letter, to which a mark belongs
	for _, r := range norm.NFKD.String(replaceSigns(s)) {
		if unicode.Is(droppedMarks, r) {
			if strings.ContainsRune(letterMarks[base], r) {
				out.WriteRune(r)
			}
			continue
		}
		switch r = unicode.ToLower(unicode.ToUpper(r)); { // ToUpper joins the variants of a letter
		case isIgnorable(r):
		case unicode.IsSpace(r):
			out.WriteByte(' ')
		case unicode.Is(unicode.Nd, r):
			out.WriteByte('0' + digit(r))
		case equalSigns[r] != 0:
			out.WriteRune(equalSigns[r])
		case equalLetters[r] != "":
			out.WriteString(equalLetters[r])
		default:
			out.WriteRune(r)
		}
		if !unicode.Is(unicode.M, r) {
			base = r
		}
	}
	return norm.NFC.String(out.String())
}

// replaceSigns replaces the signs that Unicode does not relate to each other, or that it decomposes to
// a space and a mark.
func replaceSigns(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if sign := equalSigns[r]; sign != 0 {
		return string(sign) + s[size:]
	}
	return s
}

// digit returns the value of a decimal digit. Each script has its ten digits in a row, and the first
// row of a range begins with a zero.
func digit(r rune) byte {
	for _, ranges := range unicode.Nd.R16 {
		if r <= rune(ranges.Hi) {
			return byte((r - rune(ranges.Lo)) % 10)
		}
	}
	for _, ranges := range unicode.Nd.R32 {
		if r <= rune(ranges.Hi) {
			return byte((r - rune(ranges.Lo)) % 10)
		}
	}
	return 0
}

// isIgnorable reports whether r has no glyph of its own: soft hyphens, joiners, direction marks and
// variation selectors.
func isIgnorable(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) &&
		!unicode.Is(unicode.Prepended_Concatenation_Mark, r) || r >= 0xE0000 && r <= 0xE0FFF
}

// droppedMarks are accents, vowel points and tatweel. All other marks are parts of letters.
var droppedMarks = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x0300, 0x036F, 1}, {0x0483, 0x0489, 1}, // Latin, Greek, Cyrillic
		{0x0591, 0x05BD, 1}, {0x05BF, 0x05BF, 1}, {0x05C1, 0x05C2, 1}, {0x05C4, 0x05C5, 1}, {0x05C7, 0x05C7, 1}, // Hebrew
		{0x0610, 0x061A, 1}, {0x0640, 0x0640, 1}, {0x064B, 0x065F, 1}, {0x0670, 0x0670, 1}, {0x06D6, 0x06DC, 1},
		{0x06DF, 0x06E4, 1}, {0x06E7, 0x06E8, 1}, {0x06EA, 0x06ED, 1}, {0x08CA, 0x08E1, 1}, {0x08E3, 0x08FF, 1}, // Arabic
		{0x1AB0, 0x1AFF, 1}, {0x1DC0, 0x1DFF, 1}, {0x20D0, 0x20FF, 1}, {0xFE20, 0xFE2F, 1}, // extensions, enclosing marks
	},
}

// letterMarks are the marks that make another letter of a letter: й is not и, ї is not і.
var letterMarks = map[rune]string{
	'и': "\u0306", 'у': "\u0306", // й ў
	'і': "\u0308",                // ї
	'г': "\u0301", 'к': "\u0301", // ѓ ќ
}

// equalLetters are letters that people write in several ways and that Unicode does not decompose.
var equalLetters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ħ': "h", 'ŧ': "t",
	'װ': "וו", 'ױ': "וי", 'ײ': "יי",
	'ٱ': "ا", 'ى': "ي", 'ی': "ي", 'ک': "ك", 'ة': "ه",
	'⁄': "/",
}

// equalSigns are signs that people write in several ways.
var equalSigns = func() map[rune]rune {
	signs := map[rune]rune{}
	for sign, others := range map[rune]string{
		'\'': "`´‘’‚‛‹›ʹʻʼʽˈˊˋ′‵ʹ΄՚׳ꞌ＇｀",
		'"':  "“”„‟«»″‶ʺ״〝〞〟＂",
		'-':  "‐‑‒–—―⁃−֊־﹘﹣－",
		'~':  "〜",
	} {
		for _, other := range others {
			signs[other] = sign
		}
	}
	for _, accent := range "¨¯¸˘˙˚˛˜˝ͺ΅" {
		signs[accent] = accent
	}
	return signs
}()

// indexLetters are the characters of IndexForm that replace others.
const indexLetters = "0123456789abcdefghijklmnopqrstuvwxyz"

// IndexForm returns the form of a folded text that the trigram indexes of databases contain: each
// character outside ASCII is replaced by three letters or digits. Whether a database regards other
// characters as letters depends on its locale. The form of a part of a text is a part of the form of
// the text. Few characters have the same form: what an index finds needs another check.
func IndexForm(folded string) string {
	var out strings.Builder
	out.Grow(len(folded))
	for _, r := range folded {
		if r < utf8.RuneSelf {
			out.WriteByte(byte(r))
			continue
		}
		for range 3 {
			out.WriteByte(indexLetters[r%36])
			r /= 36
		}
	}
	return out.String()
}
