package markup

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	"golang.org/x/text/width"
)

// delimiterParser parses emphasis (* and _) and strikethrough (~~). goldmark's own parsers differ in three
// ways: they strike through with one tilde, they see no boundary between Chinese or Japanese letters and
// signs, and they take the stars of a multiplication for emphasis.
type delimiterParser struct{}

// Trigger returns the delimiters.
func (delimiterParser) Trigger() []byte { return []byte{'*', '_', '~'} }

// Parse is called at each delimiter that is not inside another element.
func (delimiterParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	m := meterOf(pc)
	m.spend(triedCost)
	line, segment := block.PeekLine()
	run := &delimiterRun{meter: m, source: block.Source(), char: line[0]}
	before, at := block.PrecendingCharacter(), segment.Start
	escaped := false
	switch previous := parent.LastChild().(type) {
	case *escape:
		if escaped = previous.at == at-1; escaped {
			run.escape, before = previous, beforeBackslashes(block.Source(), at)
		}
	case *ast.Text:
		if first, ok := previous.PreviousSibling().(*escape); ok && first.doubled && first.at == at-2 {
			run.escape = first
		}
	}
	length := len(line) - len(bytes.TrimLeft(line, string(line[0])))
	if line[0] == '~' && length != 2 {
		return asText(block, segment, length) // only ~~ strikes through
	}
	counted := length // the length by which the run is matched
	if escaped && line[0] != '~' {
		counted = 1
	}
	after := rune(' ')
	if counted < len(line) {
		after, _ = utf8.DecodeRune(line[counted:])
	}
	if escaped {
		length = 1
	}
	canOpen, canClose := run.flanks(before, after)
	if line[0] == '*' && isASCIIDigit(before) && isASCIIDigit(after) || !canOpen && !canClose {
		return asText(block, segment, length) // a multiplication, or a sign between spaces
	}
	run.start, run.stop = at, at+length
	node := parser.NewDelimiter(canOpen, canClose, counted, line[0], run)
	node.Segment = segment.WithStop(at + length)
	block.Advance(length)
	pc.PushDelimiter(node)
	m.spend(delimiterCost)
	return node
}

// asText returns a run without a function as text, so that no part of it is parsed again. It returns nil
// for a single sign, which joins the text around it.
func asText(block text.Reader, segment text.Segment, length int) ast.Node {
	if length == 1 {
		return nil
	}
	block.Advance(length)
	return ast.NewTextSegment(segment.WithStop(segment.Start + length))
}

// delimiterRun decides which delimiters form a pair, and counts what the search costs.
type delimiterRun struct {
	meter       *meter
	source      []byte
	char        byte
	start, stop int // the position of the run in the source
	from        int // the position that the search for an opening delimiter has reached; 0 before it

	// The backslash before the run, nil for none.
	escape *escape
	// The characters before and after the run.
	before, after rune
}

// flanks reports whether a run can open and close emphasis: CommonMark's rules for flanking runs with those
// of the markdown-cjk-friendly specification, by which a sign beside a Chinese, Japanese or Korean character
// needs no space.
func (d *delimiterRun) flanks(before, after rune) (canOpen, canClose bool) {
	d.before, d.after = before, after
	spaceBefore, spaceAfter := isSpaceOrEnd(before), isSpaceOrEnd(after)
	signBefore, signAfter := isPunctuation(before), isPunctuation(after)
	cjkBefore, cjkAfter := isCJK(before), isCJK(after)
	left := !spaceAfter && (!signAfter || cjkAfter || spaceBefore || signBefore || cjkBefore)
	right := !spaceBefore && (!signBefore || cjkBefore || spaceAfter || signAfter || cjkAfter)
	if d.char != '_' {
		return left, right
	}
	if before == ')' && after == '/' { // the right arm of ¯\_(ツ)_/¯
		return false, right
	}
	return left && (!right || signBefore), right && (!left || signAfter)
}

// IsDelimiter reports whether c is a delimiter. It implements parser.DelimiterProcessor.
func (*delimiterRun) IsDelimiter(c byte) bool { return c == '*' || c == '_' || c == '~' }

// CanOpenCloser is called for each opening delimiter before a closing one, nearest first. It counts how
// far the search goes back.
func (d *delimiterRun) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	search := closer.Processor.(*delimiterRun)
	if search.from == 0 || opener.Segment.Start > search.from {
		search.from = closer.Segment.Start
	}
	d.meter.spend(pairCost + 2*(search.from-opener.Segment.Start))
	search.from = opener.Segment.Start
	if opener.Char != closer.Char || opener.CalcComsumption(closer) == 0 || d.isArithmetic(search) || d.isPattern(search) {
		return false
	}
	// Without the backslash before one of them the two would be a pair, so the backslash has an effect.
	opens, closes := d.withoutEscape(), search.withoutEscape()
	return opens && closes
}

// withoutEscape reports whether a run of a pair is not escaped.
func (d *delimiterRun) withoutEscape() bool {
	if d.escape == nil {
		return true
	}
	d.escape.effective = true
	return d.escape.doubled
}

// isArithmetic reports whether two stars are multiplications, as in "2*x + 3*y", or inside words, as in
// "Kolleg*innen und Freund*innen": both are between operands, and a number or a space is involved.
func (d *delimiterRun) isArithmetic(closer *delimiterRun) bool {
	if !d.isBetweenOperands() || !closer.isBetweenOperands() {
		return false
	}
	if slices.ContainsFunc([]rune{d.before, d.after, closer.before, closer.after}, isASCIIDigit) {
		return true
	}
	return bytes.ContainsAny(d.source[d.stop:closer.start], " \t\n")
}

func (d *delimiterRun) isBetweenOperands() bool {
	left := isLatinOrDigit(d.before) || d.before == ')' || d.before == ']'
	right := isLatinOrDigit(d.after) || d.after == '(' || d.after == '['
	return left && right
}

// isPattern reports whether two stars belong to patterns of file names or to a comment, as in
// "src/*.go, lib/*.ts" and "/*x*/".
func (d *delimiterRun) isPattern(closer *delimiterRun) bool {
	return closer.before == '/' || closer.after == '/' && (d.before == '/' || d.after == '/')
}

// OnMatch returns the node of a pair.
func (d *delimiterRun) OnMatch(consumes int) ast.Node {
	if d.char == '~' {
		return extast.NewStrikethrough()
	}
	return ast.NewEmphasis(consumes)
}

// beforeBackslashes returns the character before the backslashes that end at a position.
func beforeBackslashes(source []byte, at int) rune {
	for at > 0 && source[at-1] == '\\' {
		at--
	}
	return precedingRune(source, at)
}

// precedingRune returns the character before a position, and a line feed at the beginning.
func precedingRune(source []byte, at int) rune {
	if at <= 0 {
		return '\n'
	}
	r, _ := utf8.DecodeLastRune(source[:at])
	return r
}

func isSpaceOrEnd(r rune) bool { return unicode.IsSpace(r) }

// isPunctuation is CommonMark's definition up to version 0.30. Later versions count symbols such as "¯" and
// emoji, too, so that they would separate words.
func isPunctuation(r rune) bool {
	return r < utf8.RuneSelf && util.IsPunct(byte(r)) || r >= utf8.RuneSelf && unicode.IsPunct(r)
}

// isCJK reports whether r belongs to a writing system without spaces between words: a wide or half-wide
// character that is no emoji, or Hangul.
func isCJK(r rune) bool {
	if r < 0x1100 {
		return false
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianHalfwidth:
		return !unicode.Is(emojiByDefault, r)
	}
	return unicode.Is(unicode.Hangul, r)
}

func isASCIIDigit(r rune) bool { return r >= '0' && r <= '9' }

// isLatinOrDigit reports whether r continues a word of a language that is written with spaces and Latin
// letters.
func isLatinOrDigit(r rune) bool { return unicode.Is(unicode.Latin, r) || unicode.IsDigit(r) }
