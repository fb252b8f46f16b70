package markup

import (
	"html"

	"github.com/microcosm-cc/bluemonday"
)

// textOnly keeps no tag; where one stood between two words it leaves a space.
var textOnly = bluemonday.StrictPolicy().AddSpaceWhenStrippingTag(true)

// Plain is text without its Markdown, for places that show words only: what the
// HTML of it says.
func Plain(text string) string {
	if isProse(text) {
		return text
	}
	return html.UnescapeString(textOnly.Sanitize(HTML(text)))
}
