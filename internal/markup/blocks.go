package markup

import (
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
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

// paragraphParser is the paragraph parser, extended to indented lines. There are no indented code blocks, so
// these lines would be lost otherwise.
type paragraphParser struct{ parser.BlockParser }

// CanAcceptIndentedLine makes goldmark pass lines that are indented by four spaces.
func (paragraphParser) CanAcceptIndentedLine() bool { return true }
