package markup

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// fenceParser is goldmark's parser of fenced code, for fences as people type them: code may follow the
// opening fence, and the closing fence may be at the end of the last line of code.
type fenceParser struct{ parser.BlockParser }

// openFence is the state of the code block that is open.
type openFence struct {
	char   byte
	length int
}

var openFenceKey = parser.NewContextKey()

// Open is called for a line that begins with a fence.
func (p fenceParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	node, state := p.BlockParser.Open(parent, reader, pc)
	code, ok := node.(*ast.FencedCodeBlock)
	if !ok {
		return node, state
	}
	char := line[pc.BlockOffset()]
	pc.Set(openFenceKey, openFence{char, fenceLength(line[pc.BlockOffset():], char)})
	if code.Info == nil || isLanguage(string(code.Info.Segment.Value(reader.Source()))) {
		return node, state
	}
	first := text.NewSegment(code.Info.Segment.Start, segment.Stop)
	first.ForceNewline = true
	code.Info = nil
	code.Lines().Append(first)
	return node, state
}

// Continue is called for each further line.
func (p fenceParser) Continue(node ast.Node, reader text.Reader, pc parser.Context) parser.State {
	line, segment := reader.PeekLine()
	fence := pc.Get(openFenceKey).(openFence)
	count := node.Lines().Len()
	state := p.BlockParser.Continue(node, reader, pc)
	if state&parser.Continue == 0 || !endsWithFence(line, fence) || !isClosedHere(meterOf(pc), reader.Source()[segment.Stop:], fence) {
		return state
	}
	last := node.Lines().At(count)
	last.Stop = segment.Start + len(bytes.TrimRight(line, " \t\n")) - segment.Padding - fence.length
	node.Lines().Set(count, last)
	return parser.Close
}

// endsWithFence reports whether a line of code ends with a fence that closes the block. A line with another
// fence, such as inline code, does not.
func endsWithFence(line []byte, fence openFence) bool {
	line = bytes.TrimRight(line, " \t\n")
	code := bytes.TrimRight(line, string(fence.char))
	marks := bytes.Repeat([]byte{fence.char}, fence.length)
	return len(line)-len(code) == fence.length && len(bytes.TrimLeft(code, " \t>")) > 0 && !bytes.Contains(code, marks)
}

// isClosedHere reports whether the fence at the end of a line closes the block: unless the lines after it
// contain an odd number of fences, which means that one of them does.
func isClosedHere(m *meter, rest []byte, fence openFence) bool {
	marks := bytes.Repeat([]byte{fence.char}, fence.length)
	odd := false
	for {
		m.spend(triedCost)
		at := bytes.Index(rest, marks)
		if at < 0 {
			m.spend(len(rest) / 8)
			return !odd
		}
		m.spend(at / 8)
		begin := bytes.LastIndexByte(rest[:at], '\n') + 1
		if len(bytes.Trim(rest[begin:at], " \t>")) == 0 {
			odd = !odd
		}
		rest = rest[at+fenceLength(rest[at:], fence.char):]
		// What precedes another fence on this line is no indentation.
		if end := bytes.IndexByte(rest, '\n'); end >= 0 {
			rest = rest[end:]
		} else {
			rest = nil
		}
	}
}

// fenceLength returns the number of characters c at the beginning of a line.
func fenceLength(line []byte, c byte) int {
	return len(line) - len(bytes.TrimLeft(line, string(c)))
}
