package markup

import (
	"bytes"
	neturl "net/url"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// urlRegexp finds addresses in text. Unlike goldmark's own expression it accepts hosts without a dot
// (localhost) and of any script, and no Markdown characters.
var urlRegexp = regexp.MustCompile(`^https?://[^\s<>"*|\x60\\/?#]+(?:[/?#][^\s<>"*|\x60\\]*)?`)

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
	url, err := neturl.Parse(string(util.URLEscape(address, false)))
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

// linkRenderer writes links, autolinks and images. Anything that must not be a link shows as text.
type linkRenderer struct{}

// RegisterFuncs registers the renderer before goldmark's own.
func (linkRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindLink, renderLink)
	r.Register(ast.KindAutoLink, renderAutoLink)
	r.Register(ast.KindImage, renderImage)
}

func renderLink(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	link := node.(*ast.Link)
	if !isLinkable(link.Destination) {
		return ast.WalkContinue, nil
	}
	if !entering {
		_, _ = w.WriteString("</a>")
		return ast.WalkContinue, nil
	}
	openLink(w, link.Destination)
	if label := plainText(link, source); !isVisible(string(label)) || isMisleading(label, link.Destination) {
		_, _ = w.Write(util.EscapeHTML(link.Destination))
		return ast.WalkSkipChildren, nil
	}
	return ast.WalkContinue, nil
}

// isMisleading reports whether label looks like an address but not like the link's own, as in
// [https://bank.example](https://thief.example).
func isMisleading(label, url []byte) bool {
	text := strings.TrimSpace(string(label))
	if strings.HasPrefix(strings.ToLower(text), "www.") {
		text = "http://" + text
	}
	if !strings.Contains(text, "://") {
		return false
	}
	shown, err := neturl.Parse(text)
	if err != nil {
		return true
	}
	real, err := neturl.Parse(string(url))
	return err != nil || !strings.EqualFold(shown.Host, real.Host)
}

func renderAutoLink(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	link := node.(*ast.AutoLink)
	url, label := link.URL(source), link.Label(source)
	if link.AutoLinkType == ast.AutoLinkEmail && !bytes.HasPrefix(bytes.ToLower(url), []byte("mailto:")) {
		url = append([]byte("mailto:"), url...)
	}
	writeLink(w, url, label, insideLink(node))
	return ast.WalkContinue, nil
}

// renderImage writes a link with the alternative text.
func renderImage(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	image := node.(*ast.Image)
	label := plainText(image, source)
	if !isVisible(string(label)) || isMisleading(label, image.Destination) {
		label = image.Destination
	}
	writeLink(w, image.Destination, label, insideLink(node))
	return ast.WalkSkipChildren, nil
}

// writeLink writes label, as a link if allowed. Links are not nested: a browser would close the outer
// one.
func writeLink(w util.BufWriter, url, label []byte, nested bool) {
	linked := !nested && isLinkable(url)
	if linked {
		openLink(w, url)
	}
	_, _ = w.Write(util.EscapeHTML(label))
	if linked {
		_, _ = w.WriteString("</a>")
	}
}

func openLink(w util.BufWriter, url []byte) {
	_, _ = w.WriteString(`<a href="`)
	_, _ = w.Write(util.EscapeHTML(util.URLEscape(url, false)))
	_, _ = w.WriteString(`"` + linkAttributes)
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
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			out = append(out, n.Segment.Value(source)...)
			if n.SoftLineBreak() {
				out = append(out, ' ')
			}
		case *ast.String:
			out = append(out, n.Value...)
		case *ast.AutoLink:
			out = append(out, n.Label(source)...)
		}
		return ast.WalkContinue, nil
	})
	return out
}
