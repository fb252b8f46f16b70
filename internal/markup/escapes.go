package markup

import (
	"bytes"
	"regexp"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// escape is an inline node: a backslash before a delimiter. Whether it is shown is known when the
// delimiters of the block have been matched.
type escape struct {
	ast.BaseInline
	at int // its position in the source
	// doubled is true if another backslash is between it and the delimiter.
	doubled bool
	// effective is true if the delimiter would be part of a pair without the backslash. Then the
	// backslash is not shown.
	effective bool
}

var escapeKind = ast.NewNodeKind("Escape")

// Kind implements ast.Node.
func (*escape) Kind() ast.NodeKind { return escapeKind }

// Dump implements ast.Node, for debugging.
func (e *escape) Dump(source []byte, level int) { ast.DumpHelper(e, source, level, nil, nil) }

// escapeParser parses backslashes. A backslash has an effect only before a sign that would mean something
// at this place. All others are shown, so that paths and "¯\_(ツ)_/¯" stay as they were typed.
type escapeParser struct{}

// Trigger returns the backslash.
func (escapeParser) Trigger() []byte { return []byte{'\\'} }

// Parse returns a node for every backslash: goldmark would skip the next sign otherwise.
func (escapeParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	m := meterOf(pc)
	m.spend(escapeCost)
	line, segment := block.PeekLine()
	at := segment.Start
	sign := byte('\n')
	if len(line) > 1 {
		sign = line[1]
	}
	if previous, ok := parent.LastChild().(*escape); ok && previous.doubled && previous.at == at-1 {
		block.Advance(1) // the second of two backslashes
		return ast.NewTextSegment(text.NewSegment(at, at+1))
	}
	inPath := isInPath(m, block.Source(), at)
	switch {
	case inPath:
	case isDelimiter(sign) && !isMarkerEscaped(parent, block, line):
		block.Advance(1)
		return &escape{at: at}
	case sign == '\\' && len(line) > 2 && isDelimiter(line[2]):
		block.Advance(1)
		return &escape{at: at, doubled: true}
	case isEffective(parent, block, pc, line):
		block.Advance(2)
		return ast.NewTextSegment(text.NewSegment(at+1, at+2))
	}
	length := 1
	if sign == '\\' || inPath && isDelimiter(sign) {
		length = 2 // the second backslash escapes nothing either
	}
	block.Advance(length)
	return ast.NewTextSegment(text.NewSegment(at, at+length))
}

func isDelimiter(sign byte) bool { return sign == '*' || sign == '_' || sign == '~' }

var (
	linkPattern       = regexp.MustCompile(`^\[[^\]]*\]\(\s*<?(?i:https?://|mailto:)`)
	targetPattern     = regexp.MustCompile(`^\(\s*<?(?i:https?://|mailto:)`)
	angledPattern     = regexp.MustCompile(`^<(?:(?i:https?://|mailto:)[^\s<>]+|[a-zA-Z0-9.!#$%&'*+/=?^_{|}~-]+@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*)>`)
	bulletPattern     = regexp.MustCompile(`^[*+-][ \t]+[^\s*+>-]`)
	quotePattern      = regexp.MustCompile(`^>[> \t]*[^\s>]`)
	numberTailPattern = regexp.MustCompile(`^[.)][ \t]+\S`)
	numberPattern     = regexp.MustCompile(`^(?:0|[1-9][0-9]{0,8})$`)
)

// isEffective reports whether the sign after a backslash, which is no delimiter, would mean something.
func isEffective(parent ast.Node, block text.Reader, pc parser.Context, line []byte) bool {
	if len(line) < 2 {
		return false
	}
	_, segment := block.PeekLine()
	source, rest, at := block.Source(), line[1:], segment.Start
	before := precedingRune(source, at)
	switch rest[0] {
	case '`':
		lines := parent.Lines()
		whole := source[lines.At(0).Start:lines.At(lines.Len()-1).Stop]
		meterOf(pc).spend(len(whole) / 16)
		return bytes.Count(whole, []byte{'`'}) > 1
	case '[':
		meterOf(pc).spend(len(rest) / 4)
		return linkPattern.Match(rest)
	case '!':
		meterOf(pc).spend(len(rest) / 4)
		return linkPattern.Match(rest[1:])
	case ']':
		return len(meterOf(pc).open) > 0 && targetPattern.Match(rest[1:])
	case '(':
		return before == ']' && targetPattern.Match(rest)
	case '<':
		meterOf(pc).spend(len(rest) / 4)
		return angledPattern.Match(rest)
	case '|':
		return parent.Kind() == extast.KindTableCell
	case '@':
		if start, stop := findMail(source[:segment.Stop], at, at+1); start < at && stop > 0 {
			return true
		}
		m, ok := pc.Get(mentionsKey).(*mentions)
		return ok && !joinsName(source, at) && m.find(meterOf(pc), rest[1:]) != nil
	}
	return isMarkerEscaped(parent, block, line)
}

// isMarkerEscaped reports whether the sign after a backslash would begin a list, a quote or a code block at
// the beginning of its line.
func isMarkerEscaped(parent ast.Node, block text.Reader, line []byte) bool {
	if len(line) < 2 {
		return false
	}
	_, segment := block.PeekLine()
	rest := line[1:]
	begin := lineBegin(parent, segment.Start)
	typed := bytes.TrimLeft(block.Source()[begin:segment.Start], " \t")
	switch rest[0] {
	case '-', '+', '*':
		return len(typed) == 0 && bulletPattern.Match(rest)
	case '>':
		return len(typed) == 0 && quotePattern.Match(rest)
	case '~':
		return len(typed) == 0 && bytes.HasPrefix(rest, []byte("~~~"))
	case '.', ')':
		return numberPattern.Match(typed) && numberTailPattern.Match(rest)
	}
	return false
}

// lineBegin returns the position at which the line of a block begins that contains the position at.
func lineBegin(block ast.Node, at int) int {
	lines := block.Lines()
	low, high := 0, lines.Len()-1
	for low < high { // the lines are in order
		if middle := (low + high + 1) / 2; lines.At(middle).Start <= at {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return min(lines.At(low).Start, at)
}

// maxPathStart is how far the beginning of a path is searched, in bytes.
const maxPathStart = 260

// isInPath reports whether the word around a position begins like a path of Windows.
func isInPath(m *meter, source []byte, at int) bool {
	from := max(0, at-maxPathStart)
	if i := bytes.LastIndexAny(source[from:at], " \t\n"); i >= 0 {
		from += i + 1
	}
	m.spend((at - from) / 4)
	word := bytes.TrimLeft(source[from:min(len(source), at+4)], `(["'*_`)
	root := bytes.IndexByte(word, '\\')
	switch {
	case root < 0:
		return false
	case root == 0: // \\server\share
		return len(word) > 2 && word[1] == '\\' && isWordByte(word[2]) && word[2] != '_'
	}
	switch name := word[:root]; name[0] {
	case '.', '~':
		return string(name) == "." || string(name) == ".." || string(name) == "~"
	case '%':
		return len(name) > 2 && name[len(name)-1] == '%'
	case '$':
		return len(name) > 1
	default: // a drive, or a key of the registry
		return len(name) == 2 && name[1] == ':' || bytes.HasPrefix(name, []byte("HK"))
	}
}

// escapeRenderer writes the backslashes that have no effect.
type escapeRenderer struct{}

// RegisterFuncs registers the renderer with goldmark.
func (escapeRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(escapeKind, func(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && !node.(*escape).effective {
			_ = w.WriteByte('\\')
		}
		return ast.WalkContinue, nil
	})
}
