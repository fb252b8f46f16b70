package markup

import (
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// The cost of rendering, in units of about the time that goldmark takes to scan one byte. Some texts
// cost much more than others of their length: those with many elements, and those with unclosed
// brackets and delimiters, which goldmark searches repeatedly. A text over its budget is shown as it
// was typed.
const (
	// Ordinary Markdown (see TestHTMLCost) takes about 100 units per character.
	budgetPerRune = 200
	budgetBase    = 10_000

	// The cost of elements: parsed, rendered and sanitized.
	blockCost     = 450 // a paragraph, a list, a list item, a quote
	lineCost      = 350 // a line of a paragraph, which ends with a break
	innerCost     = 60  // a line of an enclosing block
	delimiterCost = 420 // a pair of emphasis delimiters
	bracketCost   = 320
	codeCost      = 500
	mentionCost   = 500
	linkCost      = 2200
	escapeCost    = 120 // a backslash
	taskCost      = 500
	rowCost       = 250 // a row of a table
	cellCost      = 280
	// The cost of failed attempts.
	triedCost  = 12  // a character without effect
	nameCost   = 400 // a name after "@"
	prefixCost = 60  // a part of a name
	pairCost   = 16  // two delimiters that are compared
)

// meter sums up the cost of parsing one text.
type meter struct {
	left int
	// The positions of the brackets in the current block that may begin a link, innermost last.
	open []int
}

func newMeter(source string) *meter {
	return &meter{left: budgetBase + budgetPerRune*utf8.RuneCountInString(source)}
}

// tooCostly is the panic value that ends a parse. goldmark has no other way to stop.
type tooCostly struct{}

func (m *meter) spend(units int) {
	if m.left -= units; m.left < 0 {
		panic(tooCostly{})
	}
}

var meterKey = parser.NewContextKey()

func meterOf(pc parser.Context) *meter { return pc.Get(meterKey).(*meter) }

// meteredBlock counts the blocks that a parser opens, and their lines.
type meteredBlock struct {
	parser.BlockParser
	line int // cost of a further line
}

// Open is called for a line that begins with the parser's trigger.
func (b meteredBlock) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	node, state := b.BlockParser.Open(parent, reader, pc)
	if node != nil {
		meterOf(pc).spend(blockCost)
	}
	return node, state
}

// Continue is called for each further line of an open block.
func (b meteredBlock) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	meterOf(pc).spend(b.line)
	return b.BlockParser.Continue(node, reader, pc)
}

// metered counts the nodes that an inline parser creates and the text that it scans in vain: without a
// node, the same text is scanned again at the next trigger.
type metered struct {
	parser.InlineParser
	cost int // of a node
}

// Parse is called at each of the parser's triggers.
func (p metered) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	m := meterOf(pc)
	_, at := block.Position()
	node := p.InlineParser.Parse(parent, block, pc)
	switch node.(type) {
	case nil:
		m.spend(triedCost)
	case *ast.Text: // unclosed backticks: goldmark creates a node for each line after them
		m.spend(rest(parent, at.Start) + innerCost*parent.Lines().Len())
	default:
		m.spend(p.cost)
	}
	return node
}

// CloseBlock lets the parser close everything at the end of a block.
func (p metered) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	if closer, ok := p.InlineParser.(parser.CloseBlocker); ok {
		closer.CloseBlock(parent, block, pc)
	}
}

// rest returns the number of bytes of a block after a position.
func rest(block ast.Node, at int) int {
	lines := block.Lines()
	return max(0, lines.At(lines.Len()-1).Stop-at)
}

// meteredLinks is metered for brackets: each closing bracket searches back for its opening bracket and
// forward for an address.
type meteredLinks struct{ linkParser }

// Parse is called at each bracket.
func (p meteredLinks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	m := meterOf(pc)
	line, at := block.PeekLine()
	if line[0] != ']' {
		node := p.linkParser.Parse(parent, block, pc)
		if node != nil {
			m.open = append(m.open, at.Start)
			m.spend(bracketCost)
		}
		return node
	}
	if last := len(m.open) - 1; last >= 0 {
		m.spend(triedCost + at.Start - m.open[last] + parent.Lines().Len()/2)
		m.open = m.open[:last]
	}
	pending := pc.LastDelimiter() != nil
	node := p.linkParser.Parse(parent, block, pc)
	switch {
	case node != nil && pending: // goldmark may scan everything before it in the block
		m.spend(linkCost + (at.Start-parent.Lines().At(0).Start)/4)
	case node != nil:
		m.spend(linkCost)
	case len(line) > 1 && line[1] == '(':
		m.spend(2 * rest(parent, at.Start))
	}
	return node
}

// CloseBlock resets the state of the block.
func (p meteredLinks) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	p.linkParser.CloseBlock(parent, block, pc)
	m := meterOf(pc)
	m.open = m.open[:0]
}
