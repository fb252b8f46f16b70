package markup

import (
	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// taskParser parses "[ ]" and "[x]" at the beginning of a list item. goldmark's own parser does so, too,
// if a link such as "[x](https://example.org)" follows.
type taskParser struct{}

// Trigger returns the opening bracket.
func (taskParser) Trigger() []byte { return []byte{'['} }

// Parse is called at each opening bracket.
func (taskParser) Parse(parent ast.Node, block text.Reader, _ parser.Context) ast.Node {
	if parent.HasChildren() || parent.PreviousSibling() != nil || parent.Parent() == nil || parent.Parent().Kind() != ast.KindListItem {
		return nil
	}
	line, _ := block.PeekLine()
	if len(line) < 5 || line[2] != ']' || line[3] != ' ' && line[3] != '\t' {
		return nil
	}
	switch line[1] {
	case ' ', 'x', 'X':
		block.Advance(4)
		return extast.NewTaskCheckBox(line[1] != ' ')
	}
	return nil
}
