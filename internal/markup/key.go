package markup

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Key maps names that users would confuse to the same value: it unifies compatibility forms (NFKC),
// folds case, collapses spaces and drops invisible characters. Use it for comparing and searching,
// never for display.
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
	// Case folding may leave text that NFKC changes, and vice versa. Two rounds are enough (Unicode,
	// section 3.13, toNFKC_Casefold).
	for range 2 {
		s = norm.NFKC.String(cases.Fold().String(s))
	}
	return strings.Join(strings.Fields(s), " ")
}
