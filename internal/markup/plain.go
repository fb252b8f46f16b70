package markup

import (
	"html"
	"strings"
)

// MaxExcerptHTML is how many characters of the HTML of a message an excerpt is made of.
const MaxExcerptHTML = 8000

// ExcerptHTML is Excerpt of what the HTML of a message says. rendered may have been cut
// anywhere, and is not looked at beyond MaxExcerptHTML.
func ExcerptHTML(rendered string, limit int) string {
	return Excerpt(plain(rendered[:min(len(rendered), 4*MaxExcerptHTML)]), limit)
}

// plain is the text of HTML that sanitise has made. Where a block or line ends there is a
// space: its last word and the next one's first are two.
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
		case "/p", "/li", "/pre", "/blockquote", "br", "br/":
			text.WriteByte(' ')
		}
		rendered = rest
	}
}
