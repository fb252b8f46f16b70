package markup

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// addressParser finds addresses in text: http and https in any case, "www." and mail addresses. goldmark's
// own parser looks for them only after a space and a few signs, ends them only at ASCII signs, and knows
// neither IPv6 addresses nor hosts without a dot.
type addressParser struct{}

// Trigger returns the characters that every address contains: "://", "www." and "@". What precedes them has
// been taken for text and is taken back.
func (addressParser) Trigger() []byte { return []byte{':', '.', '@'} }

// Parse is called at each trigger.
func (addressParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	m := meterOf(pc)
	m.spend(triedCost)
	line, segment := block.PeekLine()
	before, ok := parent.LastChild().(*ast.Text)
	if !ok || before.Segment.Stop != segment.Start || before.SoftLineBreak() || before.HardLineBreak() {
		return nil
	}
	source := block.Source()[:segment.Start+len(line)] // to the end of the line
	a := address{source: source, at: segment.Start, start: segment.Start}
	switch {
	case line[0] == '@':
		a.findMail()
	case bytes.HasPrefix(line, []byte("://")):
		a.findURL()
	case line[0] == '.':
		a.findWWW()
	}
	if begin := before.Segment.Start; a.kind == ast.AutoLinkEmail && a.start < begin && begin < a.at && a.mayBegin(begin) {
		a.start = begin // after the delimiter of emphasis
	}
	if a.start == a.at || a.start < before.Segment.Start {
		return nil
	}
	if a.kind == ast.AutoLinkURL {
		a.trim(openedBefore(pc, source, lineBegin(parent, segment.Start), a.start))
		m.spend(len(line[:min(len(line), max(0, a.stop-a.at))]) / 4)
		if !isLinkable(a.url()) {
			m.spend(linkCost / 4)
			return nil
		}
	}
	m.spend(linkCost)
	before.Segment = before.Segment.WithStop(a.start)
	block.Advance(a.stop - a.at)
	link := ast.NewAutoLink(a.kind, ast.NewTextSegment(text.NewSegment(a.start, a.stop)))
	link.Protocol = a.protocol
	return link
}

// address is an address in source[start:stop], found by the sign at the position at. start is at if there
// is none.
type address struct {
	source          []byte
	at, start, stop int
	kind            ast.AutoLinkType
	protocol        []byte // of an address without one
}

func (a *address) url() []byte {
	if a.protocol == nil {
		return a.source[a.start:a.stop]
	}
	return append([]byte("http://"), a.source[a.start:a.stop]...)
}

// findURL finds an address by its "://".
func (a *address) findURL() {
	a.kind = ast.AutoLinkURL
	for _, scheme := range []string{"https", "http"} {
		start := a.at - len(scheme)
		if start >= 0 && strings.EqualFold(string(a.source[start:a.at]), scheme) && a.mayBegin(start) {
			a.start, a.stop = start, a.at+len("://")
			if a.stop == len(a.source) {
				a.start = a.at
			}
			a.scanHost()
			return
		}
	}
}

// findWWW finds an address without a scheme by the dot after "www".
func (a *address) findWWW() {
	a.kind = ast.AutoLinkURL
	start := a.at - len("www")
	if start < 0 || !strings.EqualFold(string(a.source[start:a.at]), "www") || !a.mayBegin(start) {
		return
	}
	a.stop = a.at + 1
	a.scanHost()
	name := bytes.TrimRight(a.source[a.at+1:a.stop], ".")
	if i := bytes.IndexAny(name, "/?#:"); i >= 0 {
		name = name[:i]
	}
	if bytes.IndexByte(name, '.') > 0 {
		a.start, a.protocol = start, []byte("http")
	}
}

// mayBegin reports whether an address may begin at a position: not within a word of Latin letters.
func (a *address) mayBegin(at int) bool {
	return at == 0 || !isLatinOrDigit(precedingRune(a.source, at))
}

// scanHost sets stop to the end of the address: of the host first, whose last part must not mix Latin and
// other letters, then of the rest.
func (a *address) scanHost() {
	at := a.stop
	if at < len(a.source) && a.source[at] == '[' { // IPv6
		if end := bytes.IndexByte(a.source[at:], ']'); end > 0 && end < 48 {
			at += end + 1
		}
	}
	mixed := -1 // the position of the first other letter after a Latin one, in the present part of the host
	latin := false
	for at < len(a.source) {
		r, size := utf8.DecodeRune(a.source[at:])
		switch {
		case r == '/' || r == '?' || r == '#':
			a.stop = at
			if mixed < 0 {
				a.scanPath()
				return
			}
			a.stop = mixed
			return
		case r == '.':
			mixed, latin = -1, false
		case isLatinOrDigit(r):
			latin = true
		case latin && mixed < 0 && r >= utf8.RuneSelf && unicode.IsLetter(r):
			mixed = at
		}
		if endsAddress(r) || strings.ContainsRune("()[]{}*|~", r) {
			break
		}
		at += size
	}
	if a.stop = at; mixed > 0 {
		a.stop = mixed
	}
}

// scanPath moves stop to the end of the path, the query and the fragment: a space, a quote, a bracket that
// was not opened in the address, or a sign of Chinese and Japanese sentences.
func (a *address) scanPath() {
	var open []rune
	for a.stop < len(a.source) {
		r, size := utf8.DecodeRune(a.source[a.stop:])
		switch {
		case endsAddress(r):
			return
		case r == '(' || r == '[' || r == '{':
			open = append(open, r)
		case r == ')' || r == ']' || r == '}':
			last := len(open) - 1
			if last < 0 || open[last] != map[rune]rune{')': '(', ']': '[', '}': '{'}[r] {
				return
			}
			open = open[:last]
		}
		a.stop += size
	}
}

// endsAddress reports whether r belongs to no address.
func endsAddress(r rune) bool {
	switch r {
	case '"', '<', '>', '`', '\\', '“', '”', '„', '«', '»', '‹', '›', '‘', '‚', '\uFFFD':
		return true
	}
	if r < utf8.RuneSelf {
		return r <= ' ' || r == 0x7F
	}
	if unicode.IsSpace(r) || isInvisible(r) && !isJoiner(r) || unicode.IsControl(r) {
		return true
	}
	// The brackets and sentence signs of Chinese and Japanese, wide, half-wide and vertical.
	return isCJK(r) && (unicode.In(r, unicode.Ps, unicode.Pe, unicode.Pi, unicode.Pf) || strings.ContainsRune("、。，．：；！？､｡｡︐︑︒︓︔︕︖﹐﹑﹒﹔﹕﹖﹗＂＇", r))
}

// trim removes what ends the sentence and not the address, and the signs that close what opened before it.
func (a *address) trim(opened func(sign byte) int) {
	for i := a.at + 1; i < a.stop; i++ {
		switch c := a.source[i]; c {
		case '*', '|', '~', '_':
			length := opened(c)
			if c == '_' && i+1 < len(a.source) && isWordByte(a.source[i+1]) {
				length = 0 // within a word
			}
			if length > 0 && i+length <= len(a.source) && bytes.Count(a.source[i:i+length], []byte{c}) == length {
				a.stop = i
			}
		}
	}
	for a.stop > a.start {
		r, size := utf8.DecodeLastRune(a.source[:a.stop])
		if !strings.ContainsRune("?!.,:;'’…·", r) {
			break
		}
		a.stop -= size
	}
}

func isWordByte(c byte) bool {
	return c == '_' || c >= utf8.RuneSelf || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// openedBefore returns a function that reports how many of a sign were opened before an address and can
// close after it: as a delimiter of the block, or as a bar in the same line. It returns 0 for none.
func openedBefore(pc parser.Context, source []byte, lineBegin, start int) func(sign byte) int {
	return func(sign byte) int {
		if sign == '|' {
			return min(1, bytes.Count(source[lineBegin:max(lineBegin, start)], []byte{'|'}))
		}
		steps := 0
		for d := pc.LastDelimiter(); d != nil && steps < maxOpenDelimiters; d = d.PreviousDelimiter {
			if d.Char == sign && d.CanOpen {
				return d.Length
			}
			steps++
		}
		return 0
	}
}

// maxOpenDelimiters is how many delimiters before an address are considered.
const maxOpenDelimiters = 32

// findMail finds a mail address by its "@".
func (a *address) findMail() {
	a.kind = ast.AutoLinkEmail
	if start, stop := findMail(a.source, a.at, a.at+1); stop > 0 {
		a.start, a.stop = start, stop
	}
}

// findMail returns the mail address in source with the local part before localEnd and the domain from
// domainStart on. stop is 0 if there is none.
func findMail(source []byte, localEnd, domainStart int) (start, stop int) {
	start = localEnd
	for start > 0 && localEnd-start <= 64 && (isWordByte(source[start-1]) && source[start-1] < utf8.RuneSelf || bytes.IndexByte([]byte(".%+-"), source[start-1]) >= 0) {
		start--
	}
	for start < localEnd && source[start] == '.' {
		start++
	}
	switch before := precedingRune(source, start); {
	case start == localEnd, localEnd-start > 64, isLatinOrDigit(before), before == '@', before == '/':
		return localEnd, 0
	}
	dots := 0
	for stop = domainStart; stop < len(source) && stop-domainStart < 255; stop++ {
		c := source[stop]
		if c == '.' && stop > domainStart && source[stop-1] != '.' && stop+1 < len(source) && isWordByte(source[stop+1]) && source[stop+1] < utf8.RuneSelf && source[stop+1] != '_' {
			dots++
		} else if c == '_' || c >= utf8.RuneSelf || !isWordByte(c) && c != '-' {
			break
		}
	}
	if dots == 0 || stop+1 < len(source) && source[stop] == '_' && isWordByte(source[stop+1]) || source[stop-1] == '-' || source[domainStart] == '-' {
		return localEnd, 0
	}
	return start, stop
}
