package markup

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// combinedScripts are the scripts that one language combines, UTS #39 section 5.2, without Latin: "adm丨n" must
// not be mistaken for another name.
var combinedScripts = [][]string{
	{"Han", "Hiragana", "Katakana"},
	{"Han", "Hangul"},
	{"Han", "Bopomofo"},
}

// recommended are the scripts in modern common use, UAX #31 table 5. Others (such as Lisu, Cherokee and
// Coptic) contain too many letters that look like ASCII. Their users can set a display name.
var recommended = []string{
	"Latin", "Cyrillic", "Greek", "Arabic", "Han", "Hiragana", "Katakana", "Hangul", "Devanagari",
	"Armenian", "Bengali", "Bopomofo", "Ethiopic", "Georgian", "Gujarati", "Gurmukhi", "Hebrew", "Kannada", "Khmer",
	"Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu", "Thaana", "Thai", "Tibetan",
}

// Letters that look like ASCII (UTS #39, confusables). Latin ones are always refused. The others are
// refused only if no letter of the name identifies the script, as in "сосо", which is Cyrillic.
const (
	latinLookalikes = "ȷɑɡɪɴʀʏʟɢʜʙᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱꜰƅǀǁǃƽɯ"
	otherLookalikes = "асԁеһіјӏорԛѕԝхуѵѡԍ" + // Cyrillic
		"αικνορυϲϳ" + // Greek
		"ոսօցհյք" // Armenian
)

// checkScripts refuses mixed scripts, digits of two systems, and names that look like an ASCII name.
func checkScripts(name string) error {
	var scripts []string
	zero := rune(-1)
	foreign, distinctive := false, false // beyond ASCII; with a letter that identifies its script
	for _, r := range name {
		if unicode.Is(unicode.Nd, r) {
			if z := zeroOf(r); zero >= 0 && z != zero {
				return ErrLookalike
			}
			zero = zeroOf(r)
		}
		if r < utf8.RuneSelf && !unicode.IsLetter(r) {
			continue
		}
		script := scriptOf(r)
		if script == "" || strings.ContainsRune(latinLookalikes, r) {
			return ErrLookalike
		}
		scripts = appendNew(scripts, script)
		foreign = foreign || r >= utf8.RuneSelf
		distinctive = distinctive || !strings.ContainsRune(otherLookalikes, r)
	}
	if foreign && (!distinctive || !isOneWritingSystem(scripts)) {
		return ErrLookalike
	}
	return nil
}

// zeroOf returns the zero of the digit's number system, whose ten digits are consecutive.
func zeroOf(r rune) rune {
	zero := r
	for zero > r-9 && unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	// Adjacent systems (mathematical digits) are not PRECIS-valid.
	return zero
}

// scriptOf returns the script of a letter, mark or digit, or "" if it is not recommended. Unicode
// counts the prolonged sound mark as Common, but only kana use it.
func scriptOf(r rune) string {
	switch {
	case r < utf8.RuneSelf:
		return "Latin"
	case r == 'ー':
		return "Katakana"
	}
	for _, name := range recommended {
		if unicode.Is(unicode.Scripts[name], r) {
			return name
		}
	}
	if r >= '٠' && r <= '٩' || r >= '۰' && r <= '۹' { // Common since Unicode 6, used with Arabic
		return "Arabic"
	}
	return ""
}

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// isOneWritingSystem reports whether a language is written in these scripts.
func isOneWritingSystem(scripts []string) bool {
	if len(scripts) <= 1 {
		return true
	}
	for _, set := range combinedScripts {
		if !slices.ContainsFunc(scripts, func(s string) bool { return !slices.Contains(set, s) }) {
			return true
		}
	}
	return false
}
