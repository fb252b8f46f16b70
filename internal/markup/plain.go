package markup

import (
	"html"
	"strings"
)

// MaxExcerptHTML is how many characters of a message's HTML are used for an excerpt.
const MaxExcerptHTML = 8000

// ExcerptHTML returns an Excerpt of the text in a message's HTML. rendered may be truncated anywhere,
// and only its first MaxExcerptHTML characters are used.
func ExcerptHTML(rendered string, limit int) string {
	return Excerpt(plain(rendered[:min(len(rendered), 4*MaxExcerptHTML)]), limit)
}

// plain returns the text of sanitized HTML. The end of a block or line becomes a space, so that words
// stay separate.
func plain(rendered string) string {
	var text strings.Builder
	for {
		said, rest, found := strings.Cut(rendered, "<")
		text.WriteString(html.UnescapeString(said))
		tag, rest, closed := strings.Cut(rest, ">")
		if !found || !closed {
			return text.String()
		}
		switch tag {
		case "/p", "/li", "/pre", "/blockquote", "/th", "/td", "br", "br/":
			text.WriteByte(' ')
		}
		rendered = rest
	}
}
