package markup

import (
	"bytes"
	neturl "net/url"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// linkAttributes prevent the linked page from accessing ours (noopener), from learning where it was
// linked (noreferrer), and from gaining search rank (nofollow, ugc).
const (
	linkRel        = "nofollow noopener noreferrer ugc"
	linkTarget     = "_blank"
	linkAttributes = ` rel="` + linkRel + `" target="` + linkTarget + `">`
)

// isLinkable reports whether a link may lead to address: absolute, readable, and with a scheme that
// executes nothing.
func isLinkable(address []byte) bool {
	url, err := neturl.Parse(string(escapeURL(address)))
	if err != nil {
		return false
	}
	switch url.Scheme {
	case "http", "https":
		return url.Host != ""
	case "mailto":
		return url.Opaque != ""
	}
	return false
}

// escapeURL escapes what a URL must not contain. The brackets of an IPv6 address stay.
func escapeURL(url []byte) []byte {
	escaped := util.URLEscape(url, false)
	if i := bytes.Index(url, []byte("://[")); i >= 0 && i <= len("https") {
		escaped = bytes.Replace(escaped, []byte("%5B"), []byte("["), 1)
		escaped = bytes.Replace(escaped, []byte("%5D"), []byte("]"), 1)
	}
	return escaped
}

// linkParser is goldmark's parser of links and images. What may not be a link, such as "a[i](j)", becomes
// a typedLink.
type linkParser struct{ parser.InlineParser }

// Parse is called at each bracket.
func (p linkParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	_, bracket := block.Position()
	node := p.InlineParser.Parse(parent, block, pc)
	var target *[]byte
	opening := "["
	switch n := node.(type) {
	case *ast.Link:
		target = &n.Destination
	case *ast.Image:
		target, opening = &n.Destination, "!["
	default:
		return node
	}
	*target = util.UnescapePunctuations(*target)
	if isLinkable(*target) {
		return node
	}
	_, end := block.Position()
	typed := &typedLink{opening: opening, tail: between(parent.Lines(), bracket.Start, end.Start)}
	for child := node.FirstChild(); child != nil; {
		next := child.NextSibling()
		typed.AppendChild(typed, child)
		child = next
	}
	return typed
}

// CloseBlock turns open brackets into text.
func (p linkParser) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	p.InlineParser.(parser.CloseBlocker).CloseBlock(parent, block, pc)
}

// between returns the parts of lines from the position start to stop. stop is 0 at the end of the block.
func between(lines *text.Segments, start, stop int) []text.Segment {
	var parts []text.Segment
	for i := range lines.Len() {
		line := lines.At(i)
		from, to := max(line.Start, start), line.Stop
		if stop > start {
			to = min(to, stop)
		}
		if from < to {
			parts = append(parts, text.NewSegment(from, to))
		}
	}
	return parts
}

// typedLink is an inline node: the Markdown of a link that is none, with its label as children.
type typedLink struct {
	ast.BaseInline
	opening string // the bracket before the label
	tail    []text.Segment
}

var typedLinkKind = ast.NewNodeKind("TypedLink")

// Kind implements ast.Node.
func (*typedLink) Kind() ast.NodeKind { return typedLinkKind }

// Dump implements ast.Node, for debugging.
func (l *typedLink) Dump(source []byte, level int) { ast.DumpHelper(l, source, level, nil, nil) }

// tailText returns what follows the label.
func (l *typedLink) tailText(source []byte) []byte {
	var out []byte
	for _, part := range l.tail {
		out = append(out, part.Value(source)...)
	}
	return out
}

// autoLinkParser is goldmark's parser of "<address>". What may not be a link stays text, with its brackets.
type autoLinkParser struct{ parser.InlineParser }

// Parse is called at each "<".
func (p autoLinkParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, position := block.Position()
	link, ok := p.InlineParser.Parse(parent, block, pc).(*ast.AutoLink)
	if !ok {
		return nil
	}
	if !isLinkable(autoLinkURL(link, block.Source())) {
		meterOf(pc).spend(linkCost / 4)
		block.SetPosition(line, position)
		return nil
	}
	return link
}

// linkRenderer writes links, autolinks and images.
type linkRenderer struct{}

// RegisterFuncs registers the renderer before goldmark's own.
func (linkRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindLink, renderLink)
	r.Register(ast.KindAutoLink, renderAutoLink)
	r.Register(ast.KindImage, renderImage)
	r.Register(typedLinkKind, renderTypedLink)
}

// renderLink writes a link with its label. A label that disguises the address is replaced by the address,
// or followed by it if it contains other words.
func renderLink(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	link := node.(*ast.Link)
	label := disguiseOf(plainText(link, source), link.Destination)
	if !entering {
		if label == addressInLabel {
			_, _ = w.WriteString(" (")
			_, _ = w.Write(util.EscapeHTML(link.Destination))
			_ = w.WriteByte(')')
		}
		_, _ = w.WriteString("</a>")
		writeTitle(w, link.Title)
		return ast.WalkContinue, nil
	}
	openLink(w, link.Destination)
	if label == addressAsLabel {
		_, _ = w.Write(util.EscapeHTML(link.Destination))
		return ast.WalkSkipChildren, nil
	}
	return ast.WalkContinue, nil
}

func renderAutoLink(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		link := node.(*ast.AutoLink)
		writeLink(w, autoLinkURL(link, source), nil, link.Label(source), insideLink(node))
	}
	return ast.WalkContinue, nil
}

// autoLinkURL returns the target of an address.
func autoLinkURL(link *ast.AutoLink, source []byte) []byte {
	url := link.URL(source)
	if link.AutoLinkType == ast.AutoLinkEmail && !bytes.HasPrefix(bytes.ToLower(url), []byte("mailto:")) {
		url = append([]byte("mailto:"), url...)
	}
	return url
}

// renderImage writes a link with the alternative text.
func renderImage(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	image := node.(*ast.Image)
	label := plainText(image, source)
	switch disguiseOf(label, image.Destination) {
	case addressAsLabel:
		label = image.Destination
	case addressInLabel:
		label = bytes.Join([][]byte{label, []byte(" ("), image.Destination, []byte(")")}, nil)
	}
	writeLink(w, image.Destination, image.Title, label, insideLink(node))
	return ast.WalkSkipChildren, nil
}

func renderTypedLink(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	link := node.(*typedLink)
	if entering {
		_, _ = w.WriteString(link.opening)
		return ast.WalkContinue, nil
	}
	tail := util.EscapeHTML(link.tailText(source))
	_, _ = w.Write(bytes.ReplaceAll(tail, []byte("\n"), []byte("<br>\n")))
	return ast.WalkContinue, nil
}

// writeLink writes label, as a link unless it is inside another one: a browser would close the outer one.
func writeLink(w util.BufWriter, url, title, label []byte, nested bool) {
	if !nested {
		openLink(w, url)
	}
	_, _ = w.Write(util.EscapeHTML(label))
	if !nested {
		_, _ = w.WriteString("</a>")
	}
	writeTitle(w, title)
}

func openLink(w util.BufWriter, url []byte) {
	_, _ = w.WriteString(`<a href="`)
	_, _ = w.Write(util.EscapeHTML(escapeURL(url)))
	_, _ = w.WriteString(`"` + linkAttributes)
}

// writeTitle writes the title of a link after it, because touch screens show no tooltips.
func writeTitle(w util.BufWriter, title []byte) {
	if len(title) == 0 {
		return
	}
	_, _ = w.WriteString(" &quot;")
	escaped := util.EscapeHTML(util.UnescapePunctuations(title))
	_, _ = w.Write(bytes.ReplaceAll(escaped, []byte("\n"), []byte("<br>\n")))
	_, _ = w.WriteString("&quot;")
}

func insideLink(node ast.Node) bool {
	for n := node.Parent(); n != nil; n = n.Parent() {
		if n.Kind() == ast.KindLink {
			return true
		}
	}
	return false
}

// plainText returns the text below a node without markup.
func plainText(node ast.Node, source []byte) []byte {
	var out []byte
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *typedLink:
			if entering {
				out = append(out, n.opening...)
			} else {
				out = append(out, n.tailText(source)...)
			}
		case *escape:
			if entering && !n.effective {
				out = append(out, '\\')
			}
		case *ast.Text:
			if !entering {
				break
			}
			out = append(out, n.Segment.Value(source)...)
			if n.SoftLineBreak() || n.HardLineBreak() {
				out = append(out, ' ')
			}
		case *ast.AutoLink:
			if entering {
				out = append(out, n.Label(source)...)
			}
		}
		return ast.WalkContinue, nil
	})
	return out
}
