package markup

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	nethtml "golang.org/x/net/html"
)

func link(url, label string) string {
	return `<a href="` + url + `" rel="nofollow noopener noreferrer ugc" target="_blank">` + label + `</a>`
}

func TestHTML(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"prose", "hello", "<p>hello</p>"},
		{"prose is escaped", `don't say "no"`, "<p>don&#39;t say &#34;no&#34;</p>"},
		{"bold, italic, strikethrough, code", "**b** _i_ ~~s~~ `c*d*`", "<p><strong>b</strong> <em>i</em> <del>s</del> <code>c*d*</code></p>"},
		{"escaped signs", `\*no\*`, "<p>*no*</p>"},
		{"hard line breaks", "a\nb  \nc", "<p>a<br>\nb<br>\nc</p>"},
		{"paragraphs", "a\n\nb", "<p>a</p>\n<p>b</p>"},
		{"indented text is kept", "    a\n\tb\n\n     c", "<p>a<br>\nb</p>\n<p>c</p>"},
		{"fenced code", "```go\na < b\n```", "<pre><code class=\"language-go\">a &lt; b\n</code></pre>"},
		{"language with symbols", "```c++\n```", "<pre><code class=\"language-c++\"></code></pre>"},
		{"invalid language", "```go\"onclick=x\na\n```", "<pre><code>a\n</code></pre>"},
		{"open fence", "```\na", "<pre><code>a\n</code></pre>"},
		{"quote", "> a\n> b", "<blockquote>\n<p>a<br>\nb</p>\n</blockquote>"},
		{"lists", "- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"},
		{"numbered list", "3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>"},

		{"tags are text", "<b>x</b> <script>y</script>", "<p>&lt;b&gt;x&lt;/b&gt; &lt;script&gt;y&lt;/script&gt;</p>"},
		{"comments are text", "<!-- x -->", "<p>&lt;!-- x --&gt;</p>"},
		{"headings are text", "# a\n\nb\n===", "<p># a</p>\n<p>b<br>\n===</p>"},
		{"rules are text", "---", "<p>---</p>"},
		{"tables are text", "a | b\n--|--", "<p>a | b<br>\n--|--</p>"},

		{"address", "see https://e.org/a_(b)?x=1&y, ok", "<p>see " + link("https://e.org/a_(b)?x=1&amp;y", "https://e.org/a_(b)?x=1&amp;y") + ", ok</p>"},
		{"address of localhost", "http://localhost:3000/", "<p>" + link("http://localhost:3000/", "http://localhost:3000/") + "</p>"},
		{"address in bold", "**https://e.org**", "<p><strong>" + link("https://e.org", "https://e.org") + "</strong></p>"},
		{"www", "www.e.org", "<p>" + link("http://www.e.org", "www.e.org") + "</p>"},
		{"mail", "me@e.org", "<p>" + link("mailto:me@e.org", "me@e.org") + "</p>"},
		{"other scheme", "ftp://e.org", "<p>ftp://e.org</p>"},
		{"link", "[a *b*](https://e.org \"title\")", "<p>" + link("https://e.org", "a <em>b</em>") + "</p>"},
		{"angle brackets", "<https://e.org> <me@e.org>", "<p>" + link("https://e.org", "https://e.org") + " " + link("mailto:me@e.org", "me@e.org") + "</p>"},
		{"relative link is text", "[a](/admin) [b](//e.org)", "<p>a b</p>"},
		{"script link is text", "[a](javascript:alert(1)) <javascript:alert(1)>", "<p>a javascript:alert(1)</p>"},
		{"link without ink shows its address", "[](https://e.org)", "<p>" + link("https://e.org", "https://e.org") + "</p>"},
		{"link in disguise shows its address", "[https://bank.example](https://thief.example)", "<p>" + link("https://thief.example", "https://thief.example") + "</p>"},
		{"shortened label is no disguise", "[https://e.org](https://e.org/long/path)", "<p>" + link("https://e.org/long/path", "https://e.org") + "</p>"},
		{"image is a link", "![cat](https://e.org/c.png)", "<p>" + link("https://e.org/c.png", "cat") + "</p>"},
		{"image without text", "![](https://e.org/c.png)", "<p>" + link("https://e.org/c.png", "https://e.org/c.png") + "</p>"},
		{"image in a link", "[![cat](https://e.org/c.png)](https://e.org)", "<p>" + link("https://e.org", "cat") + "</p>"},
		{"image of a script", "![a](javascript:x)", "<p>a</p>"},
		{"no link references", "[a]: https://e.org\n\n[a]", "<p>[a]: " + link("https://e.org", "https://e.org") + "</p>\n<p>[a]</p>"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.TrimSuffix(HTML(c.in), "\n"); got != c.want {
				t.Errorf("HTML(%q)\n got %s\nwant %s", c.in, got, c.want)
			}
		})
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
	"p": nil, "br": nil, "strong": nil, "em": nil, "del": nil, "pre": nil, "blockquote": nil, "ul": nil, "li": nil,
	"code": {"class"}, "span": {"class", "data-user-id"}, "ol": {"start"}, "a": {"href", "rel", "target"},
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
			if token.Data == "a" {
				checkLink(t, in, token)
			}
			for _, a := range token.Attr {
				if !slices.Contains(attributes, a.Key) {
					t.Errorf("HTML(%q) has %s=%q on <%s>: %s", in, a.Key, a.Val, token.Data, out)
				}
			}
			if token.Data != "br" {
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
		if letters := lettersOf(s); letters == s && letters != "" && !strings.Contains(out, s) {
			t.Errorf("HTML(%q) = %q lost text", s, out)
		}
	})
}

func lettersOf(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, s)
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
