package markup

import (
	"bytes"
	"html"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	goldmarkhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// RulesVersion is the version of the rules by which messages are rendered. Increase it whenever the HTML of
// some text changes, so that an operator can render stored messages again.
const RulesVersion = 1

// HTML renders the Markdown of a message: bold, italic, strikethrough, code, quotes, lists, tasks, tables,
// links and hard line breaks. HTML tags, entities, headings and rules show as text, and so does every sign
// that means nothing at its place. An image becomes a link to it, so that loading images cannot reveal who
// reads a message. The result is sanitized and safe to insert into a page.
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
			util.Prioritized(meteredBlock{listParser{nestingLimit{parser.NewListParser()}}, innerCost}, 300),
			util.Prioritized(meteredBlock{parser.NewListItemParser(), innerCost}, 400),
			util.Prioritized(meteredBlock{fenceParser{parser.NewFencedCodeBlockParser()}, innerCost}, 700),
			util.Prioritized(meteredBlock{quoteParser{nestingLimit{parser.NewBlockquoteParser()}}, innerCost}, 800),
			util.Prioritized(meteredBlock{paragraphParser{parser.NewParagraphParser()}, lineCost}, 1000),
		),
		parser.WithParagraphTransformers(util.Prioritized(tableTransformer{}, 100)),
		parser.WithInlineParsers(
			util.Prioritized(escapeParser{}, 50),
			util.Prioritized(metered{taskParser{}, taskCost}, 90),
			util.Prioritized(metered{parser.NewCodeSpanParser(), codeCost}, 100),
			util.Prioritized(meteredLinks{linkParser{parser.NewLinkParser()}}, 200),
			util.Prioritized(metered{autoLinkParser{parser.NewAutoLinkParser()}, linkCost}, 300),
			util.Prioritized(addressParser{}, 350),
			util.Prioritized(metered{mentionParser{}, mentionCost}, 400),
			util.Prioritized(delimiterParser{}, 500),
		),
	)),
	goldmark.WithRendererOptions(
		goldmarkhtml.WithHardWraps(),
		goldmarkhtml.WithWriter(textWriter{goldmarkhtml.NewWriter()}),
		renderer.WithNodeRenderers(
			util.Prioritized(textRenderer{}, 100),
			util.Prioritized(escapeRenderer{}, 100),
			util.Prioritized(linkRenderer{}, 100),
			util.Prioritized(listItemRenderer{}, 100),
			util.Prioritized(mentionRenderer{}, 100),
			util.Prioritized(tableCodeRenderer{}, 100),
			util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500),
			util.Prioritized(extension.NewTaskCheckBoxHTMLRenderer(), 500),
			util.Prioritized(extension.NewTableHTMLRenderer(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)), 500),
		),
	),
)

// textWriter writes text as it was typed: without decoding entities and without backslash escapes, which
// escapeParser has handled.
type textWriter struct{ goldmarkhtml.Writer }

// Write writes escaped text.
func (t textWriter) Write(w util.BufWriter, source []byte) { t.RawWrite(w, source) }

// textRenderer writes text and line breaks.
type textRenderer struct{}

// RegisterFuncs registers the renderer before goldmark's own.
func (textRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindText, renderText)
}

func renderText(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	text := node.(*ast.Text)
	_, _ = w.Write(util.EscapeHTML(text.Segment.Value(source)))
	if text.HardLineBreak() && text.Segment.Stop < len(source) && source[text.Segment.Stop] == '\\' {
		_ = w.WriteByte('\\') // goldmark takes a backslash at the end of a line for a line break
	}
	if text.HardLineBreak() || text.SoftLineBreak() {
		_, _ = w.WriteString("<br>\n")
	}
	return ast.WalkContinue, nil
}

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
