package markup

import (
	"bytes"
	"strconv"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// maxNesting is how deeply quotes and lists may be nested. Otherwise a line of 2,000 ">" would create
// 2,000 nested elements, which are slow to render on the server and in browsers.
const maxNesting = 8

// nestingLimit is a parser of quotes or lists that opens nothing below maxNesting. Deeper markers stay text.
type nestingLimit struct{ parser.BlockParser }

// Open is called for a line that begins with the parser's trigger.
func (s nestingLimit) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		if n.Kind() == ast.KindBlockquote || n.Kind() == ast.KindList {
			depth++
		}
	}
	if depth >= maxNesting {
		return nil, parser.NoChildren
	}
	return s.BlockParser.Open(parent, reader, pc)
}

// listParser is goldmark's parser of lists. A marker without content begins no list, so that "-" and "- - -"
// stay text, and neither does a number that an element of a list would show differently, such as 01.
type listParser struct{ parser.BlockParser }

// Open is called for a line that may begin with a marker.
func (p listParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	line = bytes.TrimLeft(line, " \t")
	number := line[:len(line)-len(bytes.TrimLeft(line, "0123456789"))]
	if len(number) > 1 && number[0] == '0' {
		return nil, parser.NoChildren
	}
	meterOf(pc).spend(triedCost)
	if rest := line[min(len(line), len(number)+1):]; len(bytes.Trim(rest, " \t\n*+->")) == 0 {
		return nil, parser.NoChildren
	}
	return p.BlockParser.Open(parent, reader, pc)
}

// quoteParser is goldmark's parser of quotes. Markers without content begin no quote, so that ">" stays text.
type quoteParser struct{ parser.BlockParser }

// emptyQuoteKey is the key of the position up to which markers are known to have no content.
var emptyQuoteKey = parser.NewContextKey()

// Open is called for a line that begins with ">".
func (p quoteParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	_, segment := reader.PeekLine()
	if known, ok := pc.Get(emptyQuoteKey).(int); ok && segment.Start < known {
		return nil, parser.NoChildren
	}
	source, at := reader.Source(), segment.Start
	for line := range bytes.Lines(source[at:]) {
		line = bytes.TrimLeft(line, " \t")
		if len(line) == 0 || line[0] != '>' {
			break
		}
		if len(bytes.Trim(line, "> \t\n")) > 0 {
			return p.BlockParser.Open(parent, reader, pc)
		}
		at += len(line)
	}
	pc.Set(emptyQuoteKey, max(at, segment.Start+1))
	return nil, parser.NoChildren
}

// paragraphParser is goldmark's parser of paragraphs, with three differences. Indented lines belong to
// paragraphs, because there are no indented code blocks, and keep their spaces. A line without a marker
// after a quote or a list begins a new paragraph: in a chat, nobody expects it to continue the quote.
type paragraphParser struct{ parser.BlockParser }

// CanAcceptIndentedLine makes goldmark pass lines that are indented by four spaces.
func (paragraphParser) CanAcceptIndentedLine() bool { return true }

// CanInterruptParagraph makes goldmark call Open for the lines of a paragraph.
func (paragraphParser) CanInterruptParagraph() bool { return true }

// Open begins a paragraph, unless the line continues the last one.
func (p paragraphParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	if last := pc.LastOpenedBlock().Node; last != nil && ast.IsParagraph(last) && last.Parent() == parent {
		return nil, parser.NoChildren
	}
	return p.BlockParser.Open(parent, reader, pc)
}

// Close removes the space after the last line.
func (paragraphParser) Close(node ast.Node, reader text.Reader, _ parser.Context) {
	lines := node.Lines()
	if last := lines.Len() - 1; last >= 0 {
		lines.Set(last, trimRight(lines.At(last), reader.Source()))
	} else {
		node.Parent().RemoveChild(node.Parent(), node)
	}
}

func trimRight(segment text.Segment, source []byte) text.Segment {
	return segment.TrimRightSpace(source)
}

// listItemRenderer writes list items. An item has its number as typed, if it is not the next one.
type listItemRenderer struct{}

// RegisterFuncs registers the renderer before goldmark's own.
func (listItemRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindListItem, renderListItem)
}

func renderListItem(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		_, _ = w.WriteString("</li>\n")
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString("<li")
	if number, expected := itemNumber(node, source), expectedNumber(node, source); number >= 0 && number != expected {
		_, _ = w.WriteString(` value="` + strconv.Itoa(number) + `"`)
	}
	_ = w.WriteByte('>')
	if first := node.FirstChild(); first != nil && first.Kind() != ast.KindTextBlock {
		_ = w.WriteByte('\n')
	}
	return ast.WalkContinue, nil
}

// itemNumber returns the typed number of a list item, -1 if it has none.
func itemNumber(item ast.Node, source []byte) int {
	marker := bytes.TrimLeft(source[min(max(item.Pos(), 0), len(source)):], " \t")
	digits := marker[:min(9, len(marker)-len(bytes.TrimLeft(marker, "0123456789")))]
	number, err := strconv.Atoi(string(digits))
	if err != nil {
		return -1
	}
	return number
}

// expectedNumber returns the number that a browser would give to a list item.
func expectedNumber(item ast.Node, source []byte) int {
	if previous := item.PreviousSibling(); previous != nil {
		return itemNumber(previous, source) + 1
	}
	return item.Parent().(*ast.List).Start
}
