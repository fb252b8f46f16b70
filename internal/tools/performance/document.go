package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// section is generated Markdown with a name.
type section struct{ name, heading, text string }

var marker = regexp.MustCompile(`(?m)^<!-- (begin|end): ([a-z-]+) -->\n`)

// insert returns the document with the text of each section between its markers, which are the lines
// "<!-- begin: NAME -->" and "<!-- end: NAME -->". Sections that are not given keep their text. It returns
// an error if markers do not match, or if a section has none.
func insert(document string, sections []section) (string, error) {
	texts := map[string]string{}
	for _, s := range sections {
		texts[s.name] = s.text
	}
	var out strings.Builder
	open, rest := "", 0
	for _, m := range marker.FindAllStringSubmatchIndex(document, -1) {
		kind, name := document[m[2]:m[3]], document[m[4]:m[5]]
		text, given := texts[name]
		switch {
		case kind == "begin" && open == "":
			out.WriteString(document[rest:m[1]])
			open, rest = name, m[1]
		case kind == "end" && open == name:
			if given {
				out.WriteString("\n" + strings.TrimSpace(text) + "\n\n")
				delete(texts, name)
				rest = m[0]
			}
			out.WriteString(document[rest:m[1]])
			open, rest = "", m[1]
		default:
			return "", fmt.Errorf("marker %q does not match the one before it", document[m[0]:m[1]-1])
		}
	}
	if open != "" {
		return "", fmt.Errorf("section %s does not end", open)
	}
	for name := range texts {
		return "", fmt.Errorf("section %s has no markers", name)
	}
	return out.String() + document[rest:], nil
}

// updateDocument inserts the sections into the file at path.
func updateDocument(path string, sections []section) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("update the document: %w", err)
	}
	changed, err := insert(string(text), sections)
	if err != nil {
		return fmt.Errorf("update %s: %w", path, err)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		return fmt.Errorf("update the document: %w", err)
	}
	return nil
}
