package service

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

// maxRawName is how many bytes of a name are used, from its end.
const maxRawName = 2 << 10

// maxExtension is the longest extension that is kept when a name is shortened, in
// characters with the dot.
const maxExtension = 16

// formEscapes are the characters that browsers encode in the name of a form's file, as HTML demands.
// They encode no other character, not even the percent sign.
var formEscapes = strings.NewReplacer("%22", `"`, "%0D", "\r", "%0d", "\r", "%0A", "\n", "%0a", "\n")

// cleanFileName returns a file name that is safe to show and to save: the last part of a
// path, in one line, without characters that file systems do not allow or that change the
// direction of text, with at most MaxFileName characters including its extension. It is
// never empty.
func cleanFileName(name string) string {
	name = strings.ToValidUTF8(name[max(0, len(name)-maxRawName):], "\uFFFD")
	name = formEscapes.Replace(name)
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	// The limit is the length of the name: a long name is shortened below, not refused.
	name, err := markup.Line(name, utf8.RuneCountInString(name)+1)
	name = trimEnd(name)
	if errors.Is(err, markup.ErrEmpty) || name == "" {
		return "file"
	}
	return shorten(name)
}

// trimEnd removes spaces from both ends and dots from the end: a name of only dots is a directory, and
// some systems remove trailing dots. A leading dot stays, as in .gitignore.
func trimEnd(name string) string {
	return strings.TrimLeft(strings.TrimRight(name, ". "), " ")
}

func shorten(name string) string {
	runes := []rune(name)
	if len(runes) <= chat.MaxFileName {
		return name
	}
	var extension []rune
	if i := strings.LastIndexByte(name, '.'); i > 0 && utf8.RuneCountInString(name[i:]) <= maxExtension {
		extension = []rune(name[i:])
	}
	stem := strings.TrimSpace(string(runes[:chat.MaxFileName-len(extension)]))
	return trimEnd(stem + string(extension))
}
