package markup

import (
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// maxNesting is how deep quotes and lists may stand in each other. 2,000 ">" in a
// row would else make 2,000 elements in each other: slow to render here, and a
// burden for every reader's browser.
const maxNesting = 8

// shallow is a parser of quotes or lists that opens nothing below maxNesting: the
// marker then stays text.
type shallow struct{ parser.BlockParser }

// Open is called for a line that begins with the parser's trigger.
func (s shallow) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
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

// indented is the parser of paragraphs that takes indented lines too. Without
// blocks of indented code nobody else would take them, and they would be lost.
type indented struct{ parser.BlockParser }

// CanAcceptIndentedLine lets goldmark ask for lines indented by four spaces.
func (indented) CanAcceptIndentedLine() bool { return true }
