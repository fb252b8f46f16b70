package markup

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	nethtml "golang.org/x/net/html"
)

func link(url, label string) string {
	return `<a href="` + url + `" rel="nofollow noopener noreferrer ugc" target="_blank">` + label + `</a>`
}

// corpusCase is an entry of testdata/messages.json: a text and its HTML, without the attributes that all links
// have. The names of membersOfCorpus are members of the room.
type corpusCase struct{ Name, Text, HTML string }

var membersOfCorpus = map[string]int64{"ada": 7, "bob": 8, "ilker": 9, "田中さん": 11, "weiß": 12, "łukasz": 13, "əli": 14}

// corpus returns the cases by group.
func corpus(t testing.TB) map[string][]corpusCase {
	t.Helper()
	content, err := os.ReadFile("testdata/messages.json")
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		Group string
		Cases []corpusCase
	}
	if err := json.Unmarshal(content, &groups); err != nil {
		t.Fatal(err)
	}
	cases := map[string][]corpusCase{}
	for _, g := range groups {
		cases[g.Group] = g.Cases
	}
	return cases
}

func TestHTML(t *testing.T) {
	for group, cases := range corpus(t) {
		for _, c := range cases {
			t.Run(group+"/"+c.Name, func(t *testing.T) {
				got := strings.TrimSuffix(HTMLWithMentions(c.Text, membersOfCorpus), "\n")
				checkSafe(t, c.Text, got)
				if got = strings.ReplaceAll(got, strings.TrimSuffix(linkAttributes, ">"), ""); got != c.HTML {
					t.Errorf("HTML(%q)\n got %s\nwant %s", c.Text, got, c.HTML)
				}
			})
		}
	}
}

// xss contains common attacks against Markdown, against sanitizers and against the parsers of browsers.
var xss = []string{
	`<script>alert(1)</script>`, `<SCRIPT SRC=//x.y/z.js></SCRIPT>`, `<scr<script>ipt>alert(1)</scr</script>ipt>`,
	`<img src=x onerror=alert(1)>`, `<img src="x" onerror="alert(1)"//>`, `<svg/onload=alert(1)>`, `<svg><script>alert&#40;1&#41;</script>`,
	`<body onload=alert(1)>`, `<iframe src="javascript:alert(1)"></iframe>`, `<iframe srcdoc="<script>alert(1)</script>">`,
	`<a href="javascript:alert(1)">x</a>`, `<a href="https://e.org" onclick=alert(1)>x</a>`, `<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
	`<style>@import'//x.y';</style>`, `<link rel=stylesheet href=//x.y>`, `<meta http-equiv=refresh content=0>`, `<base href=//x.y>`,
	`<form action=//x.y><input name=p>`, `<details open ontoggle=alert(1)>`, `<video><source onerror=alert(1)>`, `<object data=data:text/html,x>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<template><script>alert(1)</script></template>`, `<!--><img src=x onerror=alert(1)>-->`,
	`<![CDATA[<script>alert(1)</script>]]>`, `<?php echo 1 ?>`, `</p><script>alert(1)</script>`, `<p style="background:url(javascript:x)">`,
	`[x](javascript:alert(1))`, `[x](JaVaScRiPt:alert(1))`, `[x](javascript&colon;alert(1))`, `[x](java&#10;script:alert(1))`, `[x](&#106;avascript:alert(1))`,
	"[x](java\tscript:alert(1))", "[x](\x01javascript:alert(1))", `[x](vbscript:x)`, `[x](data:text/html;base64,PHNjcmlwdD4=)`, `[x](file:///etc/passwd)`,
	`[x](https://e.org"onmouseover="alert(1))`, `[x](https://e.org 'a" onclick="alert(1)')`, `[x](<javascript:alert(1)>)`, `[x](//x.y)`, `[x](\\x.y)`, `[x](/x)`, `[x](?x)`,
	`[x](https://javascript:alert(1)@x)`, `[<img src=x onerror=alert(1)>](https://e.org)`, `![x](javascript:alert(1))`, `![x" onerror="alert(1)](https://e.org)`, `![x](https://e.org"onerror="alert(1))`,
	`<javascript:alert(1)>`, `<https://e.org/"onclick=alert(1)>`, `<data:text/html,x>`, "https://e.org/`<script>`", `https://e.org/"><script>alert(1)</script>`, `https://e.org/'onclick='alert(1)`,
	`www.e.org"onclick=alert(1)`, `mailto:x@e.org?subject=<script>`, `x@e.org"onclick=alert(1)`,
	"```\"><script>alert(1)</script>\nx\n```", "```x onclick=alert(1)\nx\n```", "```language-a language-b\nx\n```", "~~~<b>\nx", "`<script>alert(1)</script>`", "    <script>alert(1)</script>",
	`&lt;script&gt;alert(1)&lt;/script&gt;`, `&#60;script&#62;`, `\<script>`, `*<script>*`, `**a<img src=x onerror=alert(1)>**`, `> <script>`, `- <script>`, "1. <script>\n\n   <img src=x onerror=alert(1)>",
	"<a\nhref=javascript:alert(1)>x", "<\x00script>alert(1)</script>", "\u2028<script>", "<ſcript>", "＜script＞alert(1)＜/script＞", "<script\u00a0>",
	`{{constructor.constructor('alert(1)')()}}`, `${alert(1)}`, `<%= 1 %>`, `[a](https://e.org){onclick=alert(1)}`, `# a {onclick=alert(1)}`, `[^1]: <script>`, `[a]: javascript:alert(1)` + "\n[a]",
}

func TestHTMLIsSafe(t *testing.T) {
	for _, in := range xss {
		checkSafe(t, in, HTML(in))
		clean, err := Text(in, 2000)
		if err == nil {
			checkSafe(t, clean, HTML(clean))
		}
	}
}

var allowed = map[string][]string{
	"p": nil, "br": nil, "strong": nil, "em": nil, "del": nil, "pre": nil, "blockquote": nil, "ul": nil,
	"code": {"class"}, "span": {"class", "data-user-id"}, "ol": {"start"}, "a": {"href", "rel", "target"},
	"li": {"value"}, "table": nil, "thead": nil, "tbody": nil, "tr": nil, "th": {"align"}, "td": {"align"},
	"input": {"type", "checked", "disabled"},
}

// checkSafe parses out as a browser does. It fails on every tag, attribute and address that is not
// allowed, and on unbalanced tags.
func checkSafe(t *testing.T, in, out string) {
	t.Helper()
	var open []string
	z := nethtml.NewTokenizer(strings.NewReader(out))
	for kind := z.Next(); kind != nethtml.ErrorToken; kind = z.Next() {
		token := z.Token()
		switch kind {
		case nethtml.TextToken:
		case nethtml.StartTagToken:
			attributes, ok := allowed[token.Data]
			if !ok {
				t.Errorf("HTML(%q) has <%s>: %s", in, token.Data, out)
			}
			switch token.Data {
			case "a":
				checkLink(t, in, token)
			case "input":
				checkTask(t, in, token)
			}
			for _, a := range token.Attr {
				if !slices.Contains(attributes, a.Key) {
					t.Errorf("HTML(%q) has %s=%q on <%s>: %s", in, a.Key, a.Val, token.Data, out)
				}
			}
			if token.Data != "br" && token.Data != "input" {
				open = append(open, token.Data)
			}
		case nethtml.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Errorf("HTML(%q) closes %s out of order: %s", in, token.Data, out)
				return
			}
			open = open[:len(open)-1]
		default:
			t.Errorf("HTML(%q) has a %v: %s", in, kind, out)
		}
	}
	if len(open) > 0 {
		t.Errorf("HTML(%q) leaves %v open: %s", in, open, out)
	}
}

// checkTask fails on an input that is not a checkbox or not disabled.
func checkTask(t *testing.T, in string, token nethtml.Token) {
	t.Helper()
	attributes := map[string]string{}
	for _, a := range token.Attr {
		attributes[a.Key] = a.Val
	}
	if _, disabled := attributes["disabled"]; !disabled || attributes["type"] != "checkbox" {
		t.Errorf("HTML(%q) has an input that is not read-only: %v", in, token)
	}
}

func checkLink(t *testing.T, in string, token nethtml.Token) {
	t.Helper()
	attributes := map[string]string{}
	for _, a := range token.Attr {
		attributes[a.Key] = a.Val
	}
	href := strings.ToLower(attributes["href"])
	if !strings.HasPrefix(href, "http://") && !strings.HasPrefix(href, "https://") && !strings.HasPrefix(href, "mailto:") {
		t.Errorf("HTML(%q) links to %q", in, attributes["href"])
	}
	if attributes["rel"] != linkRel || attributes["target"] != linkTarget {
		t.Errorf("HTML(%q) links with rel=%q target=%q, want %q and %q", in, attributes["rel"], attributes["target"], linkRel, linkTarget)
	}
}

func TestHTMLNestingIsLimited(t *testing.T) {
	for _, marker := range []string{">", "> ", "- ", "* ", "1. "} {
		out := HTML(strings.Repeat(marker, 2000) + "x")
		if got := strings.Count(out, "<blockquote>") + strings.Count(out, "<li>"); got > maxNesting {
			t.Errorf("%q nests %d deep, want at most %d", marker, got, maxNesting)
		}
	}
}

// Messages that are slow to parse as Markdown: the longest configurable ones must be rendered in well
// under a second.
func TestHTMLIsFast(t *testing.T) {
	const size = 20_000
	for _, part := range []string{">", "- ", "*a ", "*a_ ", "_ *", "~~a ", "`", "`a``b```c", "[", "[a](", "[a](b", "[a](<", "![", "]", "<", "<a", "&", "\\", "(https://a", "www.a", "a@", "a@a.a ", "*** ", "> a\n", "- a\n"} {
		in := strings.Repeat(part, size/len(part))
		start := time.Now()
		out := HTML(in)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q took %v", part, took)
		}
		if got, most := len(out), 20*size; got > most {
			t.Errorf("%q gives %d bytes, want at most %d", part, got, most)
		}
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range xss {
		f.Add(s)
	}
	for _, cases := range corpus(f) {
		for _, c := range cases {
			f.Add(c.Text)
		}
	}
	for _, s := range []string{"**b** _i_", "> a\n- b\n  1. c", "```go\nx\n```", "https://e.org/?a=b", "[a](https://e.org)", "www.e.org", "a.b", "1. x", "a  b", "x\\",
		"note: (this) a:b", "https:/e.org", "ftp://e.org", "mailto:me", "Привет: всем", "😀 ok", "\"so\" it is", "(a) b", "\u00a0a", "\u3000a\u3000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4000 {
			return
		}
		out := HTML(s)
		checkSafe(t, s, out)
		if again := sanitize(bytes.NewBufferString(out)); again != out {
			t.Errorf("HTML(%q) = %q, but sanitized again %q", s, out, again)
		}
		if isProse(s) {
			if want := render(s, nil); out != want {
				t.Errorf("fast path: %q for %q, want %q", out, s, want)
			}
		}
	})
}

func BenchmarkHTML(b *testing.B) {
	for name, in := range map[string]string{
		"prose":    "I will be there at eight, don't wait for me!",
		"emphasis": "this is **really** important, see `main.go`",
		"link":     "have a look at https://example.org/some/page?x=1",
		"code":     "```go\nfunc main() {\n\tfmt.Println(\"hi\")\n}\n```",
		"long":     strings.Repeat("Some *longer* text with `code` and words. ", 45),
	} {
		b.Run(fmt.Sprintf("%s-%d", name, len(in)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				HTML(in)
			}
		})
	}
}
