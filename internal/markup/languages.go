package markup

import (
	_ "embed"
	"strings"
	"sync"
)

// languageList contains the names of languages that highlight.js and Prism know, and some more, one a line,
// without names that are also common words or commands.
//
//go:embed languages.txt
var languageList string

var languages = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for name := range strings.FieldsSeq(languageList) {
		names[name] = true
	}
	return names
})

// isLanguage reports whether s is the name of a language. Anything else after the beginning of a code block
// is code.
func isLanguage(s string) bool {
	return len(s) <= 32 && languages()[strings.ToLower(s)]
}
