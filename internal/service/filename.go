package service

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/chillin-chat/chillin/internal/chat"
	"github.com/chillin-chat/chillin/internal/markup"
)

// maxRawName is how much of a name is looked at, in bytes from its end.
const maxRawName = 2 << 10

// maxExtension is how much of a long name's end is taken for its extension.
const maxExtension = 16

// cleanFileName makes a name that is safe to show and to save under of what a
// stranger calls a file: the last part of a path, of one line, without characters
// that a file system minds or that turn text around, at most MaxFileName
// characters with its extension kept. It is never empty.
func cleanFileName(name string) string {
	name = strings.ToValidUTF8(name[max(0, len(name)-maxRawName):], "\uFFFD")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	// Not at once to MaxFileName: a long name is cut, not refused.
	name, err := markup.Line(name, utf8.RuneCountInString(name)+1)
	name = trimDots(name)
	if errors.Is(err, markup.ErrEmpty) || name == "" {
		return "file"
	}
	return shorten(name)
}

// trimDots: a name of dots is a way up, one that begins with a dot is hidden, and
// dots at the end do not survive on every system.
func trimDots(name string) string {
	return strings.TrimSpace(strings.Trim(name, ". "))
}

func shorten(name string) string {
	letters := []rune(name)
	if len(letters) <= chat.MaxFileName {
		return name
	}
	var extension []rune
	if i := strings.LastIndexByte(name, '.'); i > 0 && utf8.RuneCountInString(name[i:]) <= maxExtension {
		extension = []rune(name[i:])
	}
	stem := strings.TrimSpace(string(letters[:chat.MaxFileName-len(extension)]))
	return trimDots(stem + string(extension))
}
