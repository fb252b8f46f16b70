package markup

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// together are the scripts that one language writes side by side, UTS #39 section
// 5.2, without Latin: a name such as "adm丨n" must not pass for another.
var together = [][]string{
	{"Han", "Hiragana", "Katakana"},
	{"Han", "Hangul"},
	{"Han", "Bopomofo"},
}

// recommended are the scripts in modern common use, UAX #31 table 5. The others (as
// Lisu, Cherokee and Coptic) have too many letters that pass for ASCII: whoever
// writes them has a display name.
var recommended = []string{
	"Latin", "Cyrillic", "Greek", "Arabic", "Han", "Hiragana", "Katakana", "Hangul", "Devanagari",
	"Armenian", "Bengali", "Bopomofo", "Ethiopic", "Georgian", "Gujarati", "Gurmukhi", "Hebrew", "Kannada", "Khmer",
	"Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu", "Thaana", "Thai", "Tibetan",
}

// Letters that look like ASCII ones (UTS #39, confusables). A Latin one is refused
// wherever it stands; the others only where nothing in the name gives the script
// away, as in "сосо", which is Cyrillic.
const (
	latinLookalikes = "ıȷɑɡɩɪɴʀʏʟɢʜʙᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱꜰƅǀǁǃƽʋɯ"
	otherLookalikes = "асԁеһіјӏорԛѕԝхуѵѡԍ" + // Cyrillic
		"αικνορυϲϳ" + // Greek
		"ոսօցհյք" // Armenian
)

// checkScripts refuses a mixture of scripts, digits of two systems, and names
// that pass for a name in ASCII.
func checkScripts(name string) error {
	var scripts []string
	zero := rune(-1)
	foreign, telling := false, false // beyond ASCII; with a letter that only its script has
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
		telling = telling || !strings.ContainsRune(otherLookalikes, r)
	}
	if foreign && (!telling || !oneWriting(scripts)) {
		return ErrLookalike
	}
	return nil
}

// zeroOf is the zero of the digit's number system: ten digits stand in a row.
func zeroOf(r rune) rune {
	zero := r
	for zero > r-9 && unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	// Systems that touch each other (mathematical digits) are not PRECIS-valid.
	return zero
}

// scriptOf names the script of a letter, mark or digit, "" for what belongs to
// none that is recommended. The prolonged sound mark is Common to Unicode, but writes kana only.
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

// oneWriting tells whether some language is written in these scripts.
func oneWriting(scripts []string) bool {
	if len(scripts) <= 1 {
		return true
	}
	for _, set := range together {
		if !slices.ContainsFunc(scripts, func(s string) bool { return !slices.Contains(set, s) }) {
			return true
		}
	}
	return false
}
