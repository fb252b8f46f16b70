package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// The characters of emoji sequences, UTS #51 section 1.4.
const (
	zeroWidthJoiner    = 0x200D
	emojiStyle         = 0xFE0F
	keycap             = 0x20E3
	blackFlag          = 0x1F3F4
	cancelTag          = 0xE007F
	firstRegional      = 0x1F1E6
	lastRegional       = 0x1F1FF
	firstTone          = 0x1F3FB
	lastTone           = 0x1F3FF
	maxEmojiElements   = 4  // of a ZWJ sequence: the longest in use are families and couples
	maxEmojiBytes      = 64 // more than any sequence in use
	tagOffset          = 0xE0000
	regionalLetterBase = 'A'
)

// Emoji reports whether s is exactly one emoji (one grapheme, UTS #51: a character, with skin tone,
// joined by ZWJ, a keycap, a flag) and returns its fully qualified form, so that ❤ with and without
// U+FE0F is the same reaction. Letters, digits and text are not emoji.
func Emoji(s string) (string, bool) {
	// Most inputs are plain text.
	if len(s) == 0 || len(s) > maxEmojiBytes || s[0] < utf8.RuneSelf && len(s) < 2 {
		return "", false
	}
	p := emojiParser{rest: []rune(s)}
	var ok bool
	switch first := p.rest[0]; {
	case first >= '0' && first <= '9', first == '#', first == '*':
		ok = p.keycap()
	case first >= firstRegional && first <= lastRegional:
		ok = p.flag()
	case first == blackFlag && len(p.rest) > 1 && p.rest[1] > tagOffset:
		ok = p.subdivision()
	case isTone(first):
		p.take()
		ok = true
	default:
		ok = p.joined()
	}
	if !ok || len(p.rest) > 0 {
		return "", false
	}
	return p.out.String(), true
}

// emojiParser parses an emoji at the start of rest and writes its fully qualified form to out.
type emojiParser struct {
	rest []rune
	out  strings.Builder
}

func isTone(r rune) bool { return r >= firstTone && r <= lastTone }

func (p *emojiParser) take() rune {
	r := p.rest[0]
	p.out.WriteRune(r)
	p.rest = p.rest[1:]
	return r
}

// skipStyle skips a U+FE0F. The caller writes one if it is required.
func (p *emojiParser) skipStyle() {
	if len(p.rest) > 0 && p.rest[0] == emojiStyle {
		p.rest = p.rest[1:]
	}
}

// keycap parses a sequence such as 1️⃣: a character, an optional U+FE0F, and the enclosing box.
func (p *emojiParser) keycap() bool {
	p.take()
	p.skipStyle()
	p.out.WriteRune(emojiStyle)
	if len(p.rest) == 0 || p.rest[0] != keycap {
		return false
	}
	p.take()
	return true
}

// flag parses two regional indicators that form a country code. Other pairs display as letters.
func (p *emojiParser) flag() bool {
	if len(p.rest) < 2 || p.rest[1] < firstRegional || p.rest[1] > lastRegional {
		return false
	}
	code := string([]rune{p.take() - firstRegional + regionalLetterBase, p.take() - firstRegional + regionalLetterBase})
	return isFlagCode(code)
}

// isFlagCode reports whether code is a country or one of the codes that Unicode adds (emoji sequences,
// Emoji_Flag_Sequence): unions and islands.
func isFlagCode(code string) bool {
	switch code {
	case "AC", "CP", "CQ", "DG", "EA", "EU", "IC", "TA", "UN", "XK":
		return true
	case "AA", "ZZ": // private use and unknown
		return false
	}
	region, err := language.ParseRegion(code)
	return err == nil && region.IsCountry() && region.String() == code
}

// subdivision parses the flag of England, Scotland or Wales, the only ones in use.
func (p *emojiParser) subdivision() bool {
	p.take()
	var code strings.Builder
	for len(p.rest) > 0 && p.rest[0] > tagOffset && p.rest[0] < cancelTag {
		code.WriteRune(p.take() - tagOffset)
	}
	if len(p.rest) == 0 || p.rest[0] != cancelTag {
		return false
	}
	p.take()
	switch code.String() {
	case "gbeng", "gbsct", "gbwls":
		return true
	}
	return false
}

// joined parses one element, or up to maxEmojiElements joined by ZWJ.
func (p *emojiParser) joined() bool {
	for range maxEmojiElements {
		if !p.element() {
			return false
		}
		if len(p.rest) == 0 || p.rest[0] != zeroWidthJoiner {
			return true
		}
		p.take()
	}
	return false
}

// element parses one pictograph with its style or skin tone.
func (p *emojiParser) element() bool {
	if len(p.rest) == 0 {
		return false
	}
	r := p.take()
	asText := unicode.Is(textByDefault, r)
	if !asText && !unicode.Is(emojiByDefault, r) {
		return false
	}
	p.skipStyle()
	if len(p.rest) > 0 && isTone(p.rest[0]) {
		p.take()
		return unicode.Is(modifierBase, r)
	}
	if asText {
		p.out.WriteRune(emojiStyle)
	}
	return true
}
