package markup

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Key is what two names share that people take for the same: compatibility forms
// unified (NFKC), case folded in full, spaces collapsed, invisible characters
// gone. It is for comparing and searching, never for showing.
func Key(s string) string {
	if isPlain(s) {
		return strings.Join(strings.Fields(strings.ToLower(s)), " ")
	}
	s = norm.NFKC.String(strip(s))
	s = strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, s)
	// Folding may leave what NFKC unifies, and the other way round: twice is enough
	// (Unicode, section 3.13, toNFKC_Casefold).
	for range 2 {
		s = norm.NFKC.String(cases.Fold().String(s))
	}
	return strings.Join(strings.Fields(s), " ")
}
