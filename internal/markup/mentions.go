package markup

import (
	"bytes"
	"regexp"
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
const MaxNames = 20

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
	if !ok || joinsName(block.PrecendingCharacter()) {
		return nil
	}
	if len(m.who) == 0 && len(m.names) == MaxNames {
		return nil // names beyond MaxNames are ignored
	}
	line, segment := block.PeekLine()
	for _, typed := range readings(line[1:]) {
		meterOf(pc).spend(nameCost)
		name, err := Username(string(typed))
		if err != nil {
			continue
		}
		m.note(name)
		if user, known := m.who[name]; known {
			length := 1 + len(typed)
			block.Advance(length)
			node := &mention{user: user}
			node.AppendChild(node, ast.NewTextSegment(segment.WithStop(segment.Start+length)))
			return node
		}
	}
	return nil
}

func (m *mentions) note(name string) {
	if len(m.names) < MaxNames {
		m.names = appendNew(m.names, name)
	}
}

// joinsName reports whether "@" after before does not begin a name, as in a mail address or a path.
func joinsName(before rune) bool {
	return isLetterOrMark(before) || unicode.IsDigit(before) || before == '@' || before == '/'
}

// maxTyped is how many bytes are considered for a name. A longer text cannot become a valid name by
// normalization.
const maxTyped = 4 * 4 * MaxUsername

// readings returns the names that s may begin with, longest first: all characters that a name may
// contain, and the same without trailing symbols.
func readings(s []byte) [][]byte {
	s = s[:min(len(s), maxTyped)]
	end := len(s)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRune(s[i:])
		if !isLetterOrMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.", r) {
			end = i
			break
		}
		i += size
	}
	base := len(bytes.TrimRight(s[:end], "_-."))
	var all [][]byte
	for end = min(end, base+MaxUsername); end >= base; end-- {
		all = append(all, s[:end])
	}
	return all
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
