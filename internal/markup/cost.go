package markup

import (
	"bytes"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// The cost of rendering, in units of about the time that goldmark takes to scan one byte.
// Some texts cost much more than others of their length: those of many elements, and those
// of brackets and delimiters that nothing closes, through which goldmark searches again and
// again. A text over its budget is shown as it was typed.
const (
	// Ordinary Markdown (see TestHTMLCost) takes about 100 units for each character.
	budgetPerRune = 200
	budgetBase    = 10_000

	// What is made: parsed, rendered and sanitised.
	blockCost     = 450 // a paragraph, a list, an item of one, a quote
	lineCost      = 350 // a line of a paragraph, which ends with a break
	innerCost     = 60  // a line of what is around it
	delimiterCost = 420 // of two of which emphasis is made
	bracketCost   = 320
	codeCost      = 500
	mentionCost   = 500
	linkCost      = 2200
	// What is tried.
	triedCost = 12   // a sign that turns out to mean nothing
	nameCost  = 400  // a name behind an "@"
	wwwCost   = 4000 // goldmark's expression for "www." counts up to 256
)

// meter adds up what the parse of one text costs.
type meter struct {
	left int
	// Of the block that is parsed: the positions of the brackets that may begin a link,
	// innermost last, and how many delimiters neither open nor close anything.
	open  []int
	inert int
}

func newMeter(source string) *meter {
	return &meter{left: budgetBase + budgetPerRune*utf8.RuneCountInString(source)}
}

// tooCostly ends a parse: goldmark has no other way out of it.
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

// metered counts what an inline parser makes, and what it scans in vain: without a node
// the same text is scanned again for the next sign.
type metered struct {
	parser.InlineParser
	cost int // of a node
}

// Parse is called at each of the parser's triggers.
func (p metered) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	m := meterOf(pc)
	_, at := block.Position()
	node := p.InlineParser.Parse(parent, block, pc)
	switch n := node.(type) {
	case nil:
		m.spend(triedCost)
	case *parser.Delimiter:
		n.Processor = &meteredDelimiters{DelimiterProcessor: n.Processor, meter: m}
		m.spend(delimiterCost)
		if n.CanClose {
			m.spend(m.inert) // goldmark passes over them
		} else if !n.CanOpen {
			m.inert++
		}
	case *ast.Text: // backticks that nothing closes: goldmark makes a node of each line after them
		m.spend(rest(parent, at.Start) + innerCost*parent.Lines().Len())
	default:
		m.spend(p.cost)
	}
	return node
}

// CloseBlock lets the parser end what is open at the end of a block.
func (p metered) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	if closer, ok := p.InlineParser.(parser.CloseBlocker); ok {
		closer.CloseBlock(parent, block, pc)
	}
}

// rest is how many bytes of a block are after a position.
func rest(block ast.Node, at int) int {
	lines := block.Lines()
	return max(0, lines.At(lines.Len()-1).Stop-at)
}

// meteredLinks is metered for brackets: each closing one looks back to the opening one,
// and forward for an address.
type meteredLinks struct{ metered }

// Parse is called at each bracket.
func (p meteredLinks) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	m := meterOf(pc)
	line, at := block.PeekLine()
	if line[0] != ']' {
		node := p.InlineParser.Parse(parent, block, pc)
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
	node := p.InlineParser.Parse(parent, block, pc)
	switch {
	case node != nil && pending: // goldmark may go through all that is before it in the block
		m.spend(p.cost + (at.Start-parent.Lines().At(0).Start)/4)
	case node != nil:
		m.spend(p.cost)
	case len(line) > 1 && line[1] == '(':
		m.spend(2 * rest(parent, at.Start))
	}
	return node
}

// CloseBlock forgets the block.
func (p meteredLinks) CloseBlock(parent ast.Node, block text.Reader, pc parser.Context) {
	p.metered.CloseBlock(parent, block, pc)
	m := meterOf(pc)
	m.open, m.inert = m.open[:0], 0
}

// meteredDelimiters counts how far a closing delimiter looks back for an opening one.
type meteredDelimiters struct {
	parser.DelimiterProcessor
	meter *meter
	from  int // where the search for an opening one has come to, as a closing one; 0 before it
}

// CanOpenCloser is asked for each opening delimiter before a closing one, from near to far.
func (d *meteredDelimiters) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	search := closer.Processor.(*meteredDelimiters)
	if search.from == 0 || opener.Segment.Start > search.from {
		search.from = closer.Segment.Start
	}
	d.meter.spend(1 + 2*(search.from-opener.Segment.Start))
	search.from = opener.Segment.Start
	return d.DelimiterProcessor.CanOpenCloser(opener, closer)
}

// addressParser is goldmark's parser of addresses in text, with what its expression for
// "www." costs.
type addressParser struct{ parser.InlineParser }

// Parse is called at each space and sign before which an address may begin.
func (p addressParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	if bytes.HasPrefix(bytes.TrimLeft(line[:min(len(line), 5)], " *_~("), []byte("www.")) {
		meterOf(pc).spend(wwwCost)
	}
	return p.InlineParser.Parse(parent, block, pc)
}
