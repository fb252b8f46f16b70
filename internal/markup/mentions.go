package markup

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// MaxNames is how many different names of a text are looked up. Further "@name" are text.
const MaxNames = 60

// A mention in HTML. Users cannot type it: "<" and quotes are escaped.
const (
	mentionClass = "mention"
	openMention  = `<span class="` + mentionClass + `" data-user-id="`
)

var mentionID = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)

// MentionNames returns the usernames that "@name" in text may mean, at most MaxNames, in their stored form. A
// trailing "." and similar characters may belong to the name or to the sentence, so both readings are
// returned. Code is ignored.
func MentionNames(text string) []string {
	if strings.IndexByte(text, '@') < 0 {
		return nil
	}
	found := &mentions{}
	if _, ok := parse(text, found); !ok {
		return nil // the text is shown as it was typed
	}
	return found.names
}

// HTMLWithMentions is HTML, with the users in who rendered as mentions where text names them. Names inside
// links stay text.
func HTMLWithMentions(text string, who map[string]int64) string {
	if len(who) == 0 {
		return HTML(text)
	}
	return render(text, &mentions{who: who})
}

// Mentioned returns the IDs of the users that the HTML of a message mentions, without duplicates, in
// order.
func Mentioned(html string) []int64 {
	ids := []int64{}
	seen := map[int64]bool{}
	for {
		_, rest, found := strings.Cut(html, openMention)
		if !found {
			return ids
		}
		digits, rest, _ := strings.Cut(rest, `"`)
		if id, err := strconv.ParseInt(digits, 10, 64); err == nil && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
		html = rest
	}
}

// MentionsByName returns the users that the HTML of a message mentions, by the usernames that the text means
// with them.
func MentionsByName(rendered string) map[string]int64 {
	users := map[string]int64{}
	for {
		_, rest, found := strings.Cut(rendered, openMention)
		if !found {
			return users
		}
		digits, rest, _ := strings.Cut(rest, `">@`)
		typed, rest, _ := strings.Cut(rest, "<")
		if id, err := strconv.ParseInt(digits, 10, 64); err == nil {
			for _, name := range UsernameForms(typed) {
				users[name] = id
			}
		}
		rendered = rest
	}
}

// mentions contains the known names and those found by one parse.
type mentions struct {
	who   map[string]int64
	names []string // the usernames that the text may mean
}

var mentionsKey = parser.NewContextKey()

// parse parses Markdown. m is nil if mentions are not rendered. ok is false if the text is too costly.
func parse(source string, m *mentions) (document ast.Node, ok bool) {
	defer func() {
		if cause := recover(); cause != nil {
			if _, costly := cause.(tooCostly); !costly {
				panic(cause)
			}
		}
	}()
	pc := parser.NewContext()
	pc.Set(meterKey, newMeter(source))
	if m != nil {
		pc.Set(mentionsKey, m)
	}
	return markdown.Parser().Parse(text.NewReader([]byte(source)), parser.WithContext(pc)), true
}

// mention is an inline node: the "@name" of a known user. Its child is the typed text.
type mention struct {
	ast.BaseInline
	user int64
}

var mentionKind = ast.NewNodeKind("Mention")

// Kind implements ast.Node.
func (*mention) Kind() ast.NodeKind { return mentionKind }

// Dump implements ast.Node, for debugging.
func (m *mention) Dump(source []byte, level int) { ast.DumpHelper(m, source, level, nil, nil) }

// mentionParser finds "@name". It leaves unknown names untouched, so that a "_" in them can still be
// emphasis.
type mentionParser struct{}

// Trigger returns the character before a name.
func (mentionParser) Trigger() []byte { return []byte{'@'} }

// Parse is called at each "@".
func (mentionParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	m, ok := pc.Get(mentionsKey).(*mentions)
	line, segment := block.PeekLine()
	if !ok || joinsName(block.Source(), segment.Start) {
		return nil
	}
	found := m.find(meterOf(pc), line[1:])
	if found == nil {
		return nil
	}
	length := 1 + found.length
	block.Advance(length)
	node := &mention{user: found.user}
	node.AppendChild(node, ast.NewTextSegment(segment.WithStop(segment.Start+length)))
	return node
}

// foundName is a known name at the beginning of a text.
type foundName struct {
	user   int64
	length int // in bytes, as typed
}

// find returns the longest known name with which s begins, nil for none, and notes the names that s may mean.
func (m *mentions) find(cost *meter, s []byte) *foundName {
	if len(m.who) == 0 && len(m.names) == MaxNames {
		return nil // names beyond MaxNames are ignored
	}
	for _, typed := range readings(s) {
		cost.spend(prefixCost)
		for _, name := range namesTyped(cost, typed) {
			m.note(name)
			if user, known := m.who[name]; known {
				return &foundName{user, len(typed)}
			}
		}
	}
	return nil
}

// namesTyped is UsernameForms for a part of a text. Most names need no normalization; those that no
// username can be are not refused, because no member has them.
func namesTyped(cost *meter, typed []byte) []string {
	runes, solid, simple := 0, false, true
	for _, r := range string(typed) {
		runes++
		solid = solid || !isNameSymbol(r)
		simple = simple && (r < utf8.RuneSelf && (r < 'A' || r > 'Z') && r != 's' || isSpaceless(r) && r < 0xFF00)
	}
	switch {
	case runes < MinUsername || runes > 2*MaxUsername || !solid:
		return nil
	case !simple:
		cost.spend(nameCost)
		return UsernameForms(string(typed))
	case runes > MaxUsername:
		return nil
	}
	return []string{string(typed)}
}

func (m *mentions) note(name string) {
	if len(m.names) < MaxNames {
		m.names = appendNew(m.names, name)
	}
}

// joinsName reports whether an "@" at a position does not begin a name: in a mail address, after another
// "@", or in a path, unless that is a row of names such as "@ada/@bob".
func joinsName(source []byte, at int) bool {
	before := precedingRune(source, at)
	if before != '/' {
		return isLatinOrDigit(before) || unicode.Is(unicode.M, before) || before == '@'
	}
	start := at - 1
	for start > 0 && at-start < maxTyped && isNameByte(source[start-1]) {
		start--
	}
	return start < at-1 && precedingRune(source, start) != '@'
}

func isNameByte(c byte) bool { return isWordByte(c) || c == '-' || c == '.' }

// maxTyped is how many bytes are considered for a name. A longer text cannot become a valid name by
// normalization.
const maxTyped = 4 * 4 * MaxUsername

// readings returns the names that s may begin with, longest first: all characters that a name may contain,
// the same without trailing symbols, and, in writing without spaces, the same without the letters of the
// next words.
func readings(s []byte) [][]byte {
	s = s[:min(len(s), maxTyped)]
	var ends []int // where a name may end, ascending
	end, runes, previous := 0, 0, rune(0)
	for end < len(s) && runes < maxTypedRunes {
		r, size := utf8.DecodeRune(s[end:])
		isMark := unicode.Is(unicode.M, r)
		if !isMark && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !isNameSymbol(r) {
			break
		}
		if runes >= MinUsername && !isMark && (isSpaceless(r) || isSpaceless(previous)) {
			ends = append(ends, len(bytes.TrimRight(s[:end], "_-.")), end)
		}
		previous = r
		end += size
		runes++
	}
	base := len(bytes.TrimRight(s[:end], "_-."))
	for e := base; e <= min(end, base+MaxUsername); e++ {
		ends = append(ends, e)
	}
	all := make([][]byte, 0, len(ends))
	for i, e := range slices.Backward(ends) {
		if i == len(ends)-1 || e != ends[i+1] {
			all = append(all, s[:e])
		}
	}
	return all
}

// maxTypedRunes is how many characters are considered for a name.
const maxTypedRunes = 4 * MaxUsername

func isNameSymbol(r rune) bool { return r == '_' || r == '-' || r == '.' }

// isSpaceless reports whether the writing system of r has no spaces between words, or attaches suffixes to
// names, as Korean does.
func isSpaceless(r rune) bool {
	return r >= 0x0E00 && (isCJK(r) || unicode.In(r, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan))
}

// mentionRenderer writes mentions.
type mentionRenderer struct{}

// RegisterFuncs registers the renderer with goldmark.
func (mentionRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(mentionKind, renderMention)
}

func renderMention(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	switch {
	case insideLink(node):
	case entering:
		_, _ = w.WriteString(openMention + strconv.FormatInt(node.(*mention).user, 10) + `">`)
	default:
		_, _ = w.WriteString("</span>")
	}
	return ast.WalkContinue, nil
}
