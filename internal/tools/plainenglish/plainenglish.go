// Package plainenglish counts archaic and personifying words in comments and documentation. Its test
// keeps the repository in plain technical English.
//
// Comments of Go, TypeScript, CSS, SQL, shell, YAML and Makefiles are counted, and the text of Markdown
// except code and URLs. String literals are not counted. The figure is matches per 1,000 words.
package plainenglish

import (
	"regexp"
	"strings"
)

// listed are the words to avoid. Most have a plain replacement: "upon" is "on", "hence" is "therefore",
// "whoever" is "the client". The others describe machines as persons: a node receives and reports, it
// does not hear and tell. Single matches can be right ("410 Gone"), so the test has a tolerance.
var listed = wordSet(`
	whoever whom whomever whosoever whence thence hither whither
	upon lest anew amidst amongst whilst betwixt albeit hence henceforth forthwith
	thereby therein thereof thereupon hereby herein wherein whereby whereof whereupon
	aforesaid notwithstanding inasmuch heretofore hitherto shall ought nigh naught
	nobody somebody everybody anybody
	deed deeds heir heirs doomed gone bear bears borne
	tells told hear hears heard believes believed forgets forgotten
	sit sits sat lies lay patience patiently goodbye bestow bestows heed heeds
	forever
`)

// phrases are pairs of words to avoid.
var phrases = wordSet("for_ever who_asks who_sits made_anew")

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// Kind is the syntax of a file's comments.
type Kind string

// The kinds of files that are counted.
const (
	Go         Kind = "Go"
	TypeScript Kind = "TypeScript"
	CSS        Kind = "CSS"
	SQL        Kind = "SQL"
	Markdown   Kind = "Markdown"
	Script     Kind = "shell, YAML and Makefile"
)

var kinds = []struct {
	path *regexp.Regexp
	kind Kind
}{
	{regexp.MustCompile(`\.go$`), Go},
	{regexp.MustCompile(`\.[cm]?[jt]sx?$`), TypeScript},
	{regexp.MustCompile(`\.css$`), CSS},
	{regexp.MustCompile(`\.sql$`), SQL},
	{regexp.MustCompile(`\.md$`), Markdown},
	{regexp.MustCompile(`\.(sh|ya?ml|conf|mk)$|(^|/)(Makefile|Dockerfile|\.env\.example)$`), Script},
}

// KindOf returns the kind of the file at path, or "" if it is not counted.
func KindOf(path string) Kind {
	for _, k := range kinds {
		if k.path.MatchString(path) {
			return k.kind
		}
	}
	return ""
}

var generated = regexp.MustCompile(`Code generated .*DO NOT EDIT|auto-generated|@generated`)

// IsGenerated reports whether a program generated the file with this content.
func IsGenerated(source string) bool {
	lines := strings.SplitN(source, "\n", 41)
	return generated.MatchString(strings.Join(lines[:min(len(lines), 40)], "\n"))
}

// Match is a listed word or phrase.
type Match struct {
	Line int // from 1
	Word string
}

var word = regexp.MustCompile(`[a-z']+`)

// Count returns the number of words in the comments or prose of a file, and the listed ones.
func Count(kind Kind, source string) (words int, matches []Match) {
	text := textOf(kind)
	previous := ""
	for i, line := range strings.Split(source, "\n") {
		for _, w := range word.FindAllString(strings.ToLower(text(line)), -1) {
			w = strings.TrimSuffix(strings.Trim(w, "'"), "'s")
			if w == "" {
				continue
			}
			words++
			switch pair := previous + "_" + w; {
			case listed[w]:
				matches = append(matches, Match{i + 1, w})
			case phrases[pair]:
				matches = append(matches, Match{i + 1, previous + " " + w})
			}
			previous = w
		}
	}
	return words, matches
}

// textOf returns a function that returns the comment or prose in each line of a file, in order.
func textOf(kind Kind) func(line string) string {
	switch kind {
	case Markdown:
		return (&markdown{}).prose
	case Script:
		return hashComment
	default:
		return (&scanner{kind: kind}).comment
	}
}

// markdown removes code and URLs.
type markdown struct{ fenced bool }

var (
	inlineCode = regexp.MustCompile("`[^`]*`")
	address    = regexp.MustCompile(`https?:[^ )>]*|\]\([^)]*\)`)
)

func (m *markdown) prose(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "```") {
		m.fenced = !m.fenced
		return ""
	}
	if m.fenced {
		return ""
	}
	return address.ReplaceAllString(inlineCode.ReplaceAllString(line, " "), " ")
}

var hashStart = regexp.MustCompile(`(^|[ \t])#`)

func hashComment(line string) string {
	at := hashStart.FindStringIndex(line)
	if at == nil || strings.HasPrefix(line, "#!") {
		return ""
	}
	return line[at[1]:]
}

// scanner finds comments, line by line. It knows string literals well enough to skip them. A string in
// quotes ends with its line, so that a stray quote has no effect on later lines.
type scanner struct {
	kind  Kind
	state byte // '*' in a block comment, '`' in a raw string or template, 0 in code
}

func (s *scanner) comment(line string) string {
	var out strings.Builder
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		c, rest := line[i], line[i:]
		switch {
		case s.state == '*':
			if strings.HasPrefix(rest, "*/") {
				s.state = 0
				i++
				c = ' '
			}
			out.WriteByte(c)
		case s.state == '`':
			if c == '\\' && s.kind != Go {
				i++
			} else if c == '`' {
				s.state = 0
			}
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
		case strings.HasPrefix(rest, "/*"):
			s.state = '*'
			i++
		case s.startsLineComment(rest):
			out.WriteString(" " + rest[2:])
			return out.String()
		case c == '\\':
			i++
		case c == '`' && (s.kind == Go || s.kind == TypeScript):
			s.state = '`'
		case c == '"' || c == '\'':
			quote = c
		}
	}
	return out.String()
}

func (s *scanner) startsLineComment(rest string) bool {
	switch s.kind {
	case Go, TypeScript:
		return strings.HasPrefix(rest, "//")
	case SQL:
		return strings.HasPrefix(rest, "--")
	default:
		return false
	}
}
