package markup

import (
	"bytes"
	"html"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// HTML renders the Markdown of a message: bold, italic, strikethrough, code, quotes, lists, links and
// hard line breaks. HTML tags show as text. Headings, tables and rules are plain paragraphs. An image
// becomes a link to it, so that loading images cannot reveal who reads a message. The result is
// sanitized and safe to insert into a page.
func HTML(text string) string {
	if isProse(text) {
		return "<p>" + html.EscapeString(text) + "</p>\n"
	}
	return render(text, nil)
}

// render parses Markdown. m is nil if mentions are not rendered.
func render(source string, m *mentions) string {
	document, ok := parse(source, m)
	if !ok {
		return asTyped(source)
	}
	out := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(out)
	out.Reset()
	if err := markdown.Renderer().Render(out, []byte(source), document); err != nil {
		// Writing to a bytes.Buffer does not fail, so this cannot happen. The text is shown anyway.
		return asTyped(source)
	}
	return sanitize(out)
}

// asTyped shows a text without interpreting Markdown.
func asTyped(source string) string {
	return "<p>" + strings.ReplaceAll(html.EscapeString(source), "\n", "<br>\n") + "</p>\n"
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// markdown is created once: creating it costs more than rendering a hundred messages.
var markdown = goldmark.New(
	goldmark.WithParser(parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(meteredBlock{nestingLimit{parser.NewListParser()}, innerCost}, 300),
			util.Prioritized(meteredBlock{parser.NewListItemParser(), innerCost}, 400),
			util.Prioritized(meteredBlock{parser.NewFencedCodeBlockParser(), innerCost}, 700),
			util.Prioritized(meteredBlock{nestingLimit{parser.NewBlockquoteParser()}, innerCost}, 800),
			util.Prioritized(meteredBlock{paragraphParser{parser.NewParagraphParser()}, lineCost}, 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(metered{parser.NewCodeSpanParser(), codeCost}, 100),
			util.Prioritized(meteredLinks{metered{parser.NewLinkParser(), linkCost}}, 200),
			util.Prioritized(metered{parser.NewAutoLinkParser(), linkCost}, 300),
			util.Prioritized(metered{mentionParser{}, mentionCost}, 400),
			util.Prioritized(metered{parser.NewEmphasisParser(), delimiterCost}, 500),
			util.Prioritized(metered{extension.NewStrikethroughParser(), delimiterCost}, 500),
			util.Prioritized(metered{addressParser{extension.NewLinkifyParser(
				extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"}),
				extension.WithLinkifyURLRegexp(urlRegexp),
			)}, linkCost}, 999),
		),
	)),
	goldmark.WithRendererOptions(
		goldmarkhtml.WithHardWraps(),
		renderer.WithNodeRenderers(
			util.Prioritized(linkRenderer{}, 100),
			util.Prioritized(mentionRenderer{}, 100),
			util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500),
		),
	),
)

// isProse reports whether text is one line without Markdown, as most messages are. Then only escaping
// is needed, at a hundredth of the cost.
func isProse(text string) bool {
	if text == "" || !beginsProse(text[0]) {
		return false
	}
	previous := byte(0)
	for i := range len(text) {
		c := text[i]
		switch {
		case c < ' ' || c == 0x7F, c == ' ' && previous == ' ':
			return false
		case strings.IndexByte("\\`*_~[]<>&@", c) >= 0:
			return false
		case c == '/' && previous == ':': // as in an address
			return false
		case c == '.' && (previous == 'w' || previous == 'W'): // "www." is a link
			return false
		}
		previous = c
	}
	return previous != ' ' && utf8.ValidString(text)
}

// beginsProse reports whether c cannot begin a list or a quote: a letter, of any script.
func beginsProse(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf || c == '"' || c == '('
}
