package markup

import (
	neturl "net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	nethtml "golang.org/x/net/html"
)

// FuzzNothingIsLost checks that everything a person wrote is in the HTML, in order: as text, or in what an
// element shows otherwise, which are the number of an item, the language of code, the state of a task, and
// the target of a link. Only signs that mark something may be missing.
func FuzzNothingIsLost(f *testing.F) {
	for _, s := range xss {
		f.Add(s)
	}
	for _, cases := range corpus(f) {
		for _, c := range cases {
			f.Add(c.Text)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := Text(s, 2000)
		if err != nil || hidesOnPurpose(text) {
			return
		}
		out := HTMLWithMentions(text, membersOfCorpus)
		if lost := missing(text, shownBy(out)); lost != "" {
			t.Errorf("HTML(%q) lost %q:\n%s", text, lost, out)
		}
	})
}

// hidesOnPurpose reports whether a text has a label that is replaced by the address, or an image in a link.
func hidesOnPurpose(text string) bool {
	document, ok := parse(text, &mentions{who: membersOfCorpus})
	if !ok {
		return false
	}
	hides := false
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Link:
			hides = hides || disguiseOf(plainText(n, []byte(text)), n.Destination) == addressAsLabel
		case *ast.Image:
			hides = hides || disguiseOf(plainText(n, []byte(text)), n.Destination) == addressAsLabel || insideLink(n)
		}
		return ast.WalkContinue, nil
	})
	return hides
}

// shownBy returns what HTML shows: its text and what its attributes mean.
func shownBy(rendered string) string {
	var shown strings.Builder
	var numbers []int    // the last number of each open list
	var targets []string // of the open links
	attributes := func(token nethtml.Token) map[string]string {
		all := map[string]string{}
		for _, a := range token.Attr {
			all[a.Key] = a.Val
		}
		return all
	}
	z := nethtml.NewTokenizer(strings.NewReader(rendered))
	for kind := z.Next(); kind != nethtml.ErrorToken; kind = z.Next() {
		token := z.Token()
		with := attributes(token)
		switch {
		case kind == nethtml.TextToken:
			shown.WriteString(token.Data)
		case kind == nethtml.EndTagToken && (token.Data == "ol" || token.Data == "ul"):
			numbers = numbers[:len(numbers)-1]
		case kind == nethtml.EndTagToken && token.Data == "a":
			shown.WriteString(targets[len(targets)-1])
			targets = targets[:len(targets)-1]
		case kind == nethtml.EndTagToken:
		case token.Data == "ul":
			numbers = append(numbers, 0)
		case token.Data == "ol":
			start, err := strconv.Atoi(with["start"])
			if err != nil {
				start = 1
			}
			numbers = append(numbers, start-1)
		case token.Data == "li":
			last := len(numbers) - 1
			numbers[last]++
			if value, err := strconv.Atoi(with["value"]); err == nil {
				numbers[last] = value
			}
			shown.WriteString(strconv.Itoa(numbers[last]))
		case token.Data == "code":
			shown.WriteString(strings.TrimPrefix(with["class"], "language-"))
		case token.Data == "input":
			shown.WriteString("xX")
		case token.Data == "a":
			typed, _ := neturl.PathUnescape(with["href"])
			targets = append(targets, with["href"]+typed)
		}
	}
	return shown.String()
}

// missing returns the first characters of text that are not in shown, in this order.
func missing(text, shown string) string {
	rest := strings.ToLower(shown)
	for i, r := range strings.ToLower(text) {
		if isMarker(r) {
			continue
		}
		at := strings.IndexRune(rest, r)
		if at < 0 {
			return strings.ToLower(text)[i:]
		}
		rest = rest[at+utf8.RuneLen(r):]
	}
	return ""
}

// isMarker reports whether r may mark something, or is invisible.
func isMarker(r rune) bool {
	return unicode.IsSpace(r) || isInvisible(r) || r < utf8.RuneSelf && slices.Contains([]byte("*_~`>|:-+\\[]()<\"'.!"), byte(r))
}
