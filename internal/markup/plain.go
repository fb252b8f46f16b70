package markup

import (
	"html"
	"strings"

	"github.com/microcosm-cc/bluemonday"
)

var (
	textOnly = bluemonday.StrictPolicy()
	// apart leaves a space where one block ends: its last word and the next block's
	// first are two.
	apart = strings.NewReplacer("</p>", " ", "</li>", " ", "</pre>", " ", "</blockquote>", " ", "<br>", " ", "<br/>", " ")
)

// Plain is text without its Markdown, for places that show words only: what the
// HTML of it says.
func Plain(text string) string {
	if isProse(text) {
		return text
	}
	return html.UnescapeString(textOnly.Sanitize(apart.Replace(HTML(text))))
}
