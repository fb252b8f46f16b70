package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/bidirule"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

// The limits of a username, in code points.
const (
	MinUsername = 3
	MaxUsername = 20
)

// usernames is precis.UsernameCaseMapped without its bidi rule, which PRECIS also applies to names
// without right-to-left letters: it refuses "7иван".
var usernames = precis.NewIdentifier(precis.FoldWidth, precis.LowerCase(), precis.Norm(norm.NFC))

// Username returns s in the form in which usernames are stored and compared: the PRECIS profile
// UsernameCaseMapped (RFC 8265), which is lower case, NFC and without wide forms, with letters that look
// like an ASCII letter in its place (see asciiLetters). A username has
// MinUsername to MaxUsername characters, which are letters, digits, "_", "-" or ".", and at least one
// letter or digit. All letters are of one script (Japanese, Korean and Chinese count as one each), and
// neither the name nor one of its letters looks like another: what UTS #39 calls confusable, as far as
// a single name shows it. It returns ErrEmpty, ErrTooShort, ErrTooLong, ErrCharacters or ErrLookalike.
func Username(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", ErrEmpty
	}
	if len(s) > 20*MaxUsername { // nothing this long becomes short enough by NFC
		return "", ErrTooLong
	}
	name, err := usernames.String(toASCIILetters(s))
	if err != nil || !isOneDirection(name) {
		return "", ErrCharacters
	}
	switch n := utf8.RuneCountInString(name); {
	case n < MinUsername:
		return "", ErrTooShort
	case n > MaxUsername:
		return "", ErrTooLong
	}
	if err := checkCharacters(name); err != nil {
		return "", err
	}
	if err := checkScripts(name); err != nil {
		return "", err
	}
	return name, nil
}

// asciiLetters replaces letters of Latin alphabets that differ from an ASCII letter only by a dot or a hook.
// Lower case depends on the language: in Turkish and Azeri, "I" belongs to "ı" and "İ" to "i", so that one
// name has several lower case forms, and some programs write "i" with a second dot. As usernames they are
// the same, and none of them can imitate another.
var asciiLetters = strings.NewReplacer("İ", "i", "ı", "i", "i\u0307", "i", "Ɩ", "i", "ɩ", "i", "Ʋ", "v", "ʋ", "v")

func toASCIILetters(s string) string {
	if isPlain(s) {
		return s
	}
	return asciiLetters.Replace(norm.NFC.String(s))
}

// UsernameForms returns the usernames that s may mean, the form of Username first: upper case turns "ß"
// into "SS", and lower case does not restore it; the same is true of the final "ς". It returns nil if s is
// no username.
func UsernameForms(s string) []string {
	name, err := Username(s)
	if err != nil {
		return nil
	}
	forms := []string{name}
	for _, pair := range [][2]string{{"ss", "ß"}, {"ß", "ss"}, {"ς", "σ"}} {
		forms = appendForm(forms, strings.ReplaceAll(name, pair[0], pair[1]))
	}
	if stem, found := strings.CutSuffix(name, "σ"); found {
		forms = appendForm(forms, stem+"ς")
	}
	return forms
}

func appendForm(forms []string, name string) []string {
	if n := utf8.RuneCountInString(name); n < MinUsername || n > MaxUsername {
		return forms
	}
	return appendNew(forms, name)
}

// isOneDirection applies the Bidi Rule (RFC 5893, section 2) to a name with right-to-left letters, as
// RFC 8265 section 3.2.2 requires: its parts must display in the order in which they were typed.
func isOneDirection(name string) bool {
	for i := range name {
		p, _ := bidi.LookupString(name[i:])
		switch p.Class() {
		case bidi.R, bidi.AL, bidi.AN:
			return bidirule.ValidString(name)
		}
	}
	return true
}

// checkCharacters allows letters with the marks of their script, decimal digits and the three symbols.
func checkCharacters(name string) error {
	solid := false
	previous := rune(0)
	for _, r := range name {
		switch {
		case unicode.IsLetter(r), unicode.Is(unicode.Nd, r):
			solid = true
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Mc, r):
			// NFC has composed everything possible. A remaining mark without script is on a letter with
			// which no keyboard combines it, such as the dot over "i".
			if isInvisible(r) || unicode.Is(unicode.Inherited, r) || !isLetterOrMark(previous) {
				return ErrCharacters
			}
		case r != '_' && r != '-' && r != '.':
			return ErrCharacters
		}
		previous = r
	}
	if !solid {
		return ErrCharacters
	}
	return nil
}
