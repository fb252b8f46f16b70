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

// The bounds of a username, in code points.
const (
	MinUsername = 3
	MaxUsername = 20
)

// usernames is precis.UsernameCaseMapped without its bidi rule, which that applies
// to names without right-to-left letters too: it refuses "7иван".
var usernames = precis.NewIdentifier(precis.FoldWidth, precis.LowerCase(), precis.Norm(norm.NFC))

// Username returns s in the form in which usernames are stored and compared: the
// PRECIS profile UsernameCaseMapped (RFC 8265), so lower case, NFC and no wide
// forms. It has MinUsername to MaxUsername characters, all of them letters,
// digits, "_", "-" or ".", and at least one letter or digit. The letters are of
// one script (Japanese, Korean and Chinese count as one each) and neither a name
// as a whole nor a letter of it passes for another: what UTS #39 calls confusable,
// as far as it can be told from one name. The errors are ErrEmpty, ErrTooShort,
// ErrTooLong, ErrCharacters and ErrLookalike.
func Username(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", ErrEmpty
	}
	if len(s) > 20*MaxUsername { // nothing this long becomes short enough by NFC
		return "", ErrTooLong
	}
	name, err := usernames.String(s)
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

// isOneDirection applies the Bidi Rule (RFC 5893, section 2) to a name with
// right-to-left letters, as RFC 8265 section 3.2.2 asks: its parts must show in
// the order in which they were typed.
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

// checkCharacters allows letters with the marks that their script needs, decimal
// digits and the three signs.
func checkCharacters(name string) error {
	solid := false
	previous := rune(0)
	for _, r := range name {
		switch {
		case unicode.IsLetter(r), unicode.Is(unicode.Nd, r):
			solid = true
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Mc, r):
			// NFC has composed what can be: a mark of no script that is left over sits
			// on a letter that no keyboard writes with it, such as the dot over "i".
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
