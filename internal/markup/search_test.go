package markup

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestQuery(t *testing.T) {
	cases := []struct {
		query, text string
		want        []string // the highlighted parts; nil: no match
	}{
		{"hello", "Hello, hello!", []string{"Hello", "hello"}},
		{"ell", "Hello", []string{"ell"}},
		{"two words", "words come in two", []string{"words", "two"}},
		{"two words", "only two", nil},
		{"creme BRULEE", "une Crème brûlée", []string{"Crème", "brûlée"}},
		{"crème", "creme", []string{"creme"}},
		{"И", "Иван и йод", []string{"И", "и"}},
		{"ваn", "Иван", nil},
		{"北京", "我在北京。", []string{"北京"}},
		{"京", "北京 東京", []string{"京", "京"}},
		{"が", "ガかが", []string{"が"}},
		{"하", "한 하", []string{"하"}},
		{"abc", "ＡＢＣ", []string{"ＡＢＣ"}},
		{"σίσυφος", "ΣΊΣΥΦΟΣ", []string{"ΣΊΣΥΦΟΣ"}},
		{"i", "ﬁsh", []string{"ﬁ"}},
		{"😀", "a😀b", []string{"😀"}},
		{"b", "😀b", []string{"b"}},
		{"100%", "100% or 1000", []string{"100%"}},
		{"a_b", "aXb a_b", []string{"a_b"}},
		{`"or" NEAR(`, `"or" near(x)`, []string{"or", "near("}},
		{"*", "2*3", []string{"*"}},
		{"aa", "aaaa", []string{"aaaa"}},
		{"ab bc", "abc", []string{"abc"}},
		{`\`, `a\b`, []string{`\`}},
	}
	for _, c := range cases {
		t.Run(c.query+" in "+c.text, func(t *testing.T) {
			q, err := NewQuery(c.query, 100)
			if err != nil {
				t.Fatal(err)
			}
			spans, ok := q.Find(c.text)
			if ok != (c.want != nil) || ok != q.Matches(c.text) {
				t.Fatalf("found = %v, matches %v, want %v", ok, q.Matches(c.text), c.want != nil)
			}
			if got := parts(c.text, spans); !slices.Equal(got, c.want) {
				t.Errorf("highlights %q, want %q", got, c.want)
			}
		})
	}
}

// parts slices like a browser: text.slice(start, end).
func parts(text string, spans []Span) []string {
	units := utf16.Encode([]rune(text))
	var out []string
	for _, s := range spans {
		out = append(out, string(utf16.Decode(units[s.Start:s.End])))
	}
	return out
}

func TestNewQuery(t *testing.T) {
	for in, want := range map[string]error{
		"": ErrEmpty, " \u200B ": ErrEmpty, "\u0301": ErrEmpty, "\u0640 \u0640": ErrEmpty, strings.Repeat("a", 101): ErrTooLong,
		strings.Join(strings.Split("abcdefghijklm", ""), " "): ErrTooLong, "a a a a a a a a a a a a": nil, "x": nil,
	} {
		if _, err := NewQuery(in, 100); !errors.Is(err, want) {
			t.Errorf("NewQuery(%q) = %v, want %v", in, err, want)
		}
	}
	q, err := NewQuery(`ab 北京 京 100% éé été --- "a b" "so what" мир`, 100)
	if want := []string{IndexForm("北京"), "100%", "ete", "so what", IndexForm("мир")}; err != nil || !slices.Equal(q.Indexed(), want) {
		t.Errorf("indexed = %q, %v, want %q", q.Indexed(), err, want)
	}
}

func TestExcerptOfFoundMessage(t *testing.T) {
	long := strings.Repeat("lorem ipsum ", 60)
	cases := []struct {
		name, query, text, html string
		want                    string
		highlights              []string
	}{
		{"without Markdown", "bold", "some **bold** text", "<p>some <strong>bold</strong> text</p>\n", "some bold text", []string{"bold"}},
		{"on one line", "b", "a\n\nb", "<p>a</p>\n<p>b</p>\n", "a b", []string{"b"}},
		{"over markup", `"two words"`, "**two** words\ntwo words", "<p><strong>two</strong> words<br>\ntwo words</p>", "two words two words", []string{"two words", "two words"}},
		{"entities", "a<b", "a<b & c", "<p>a&lt;b &amp; c</p>", "a<b & c", []string{"a<b"}},
		{"address of a link", "example", "[docs](https://example.com)", `<p><a href="https://example.com">docs</a></p>`, "[docs](https://example.com)", []string{"example"}},
		{"beginning of a long text", "lorem", long + "end", "<p>" + long + "end</p>", long[:220] + "…", nil},
		{"middle of a long text", "needle", long + "needle " + long, "<p>" + long + "needle " + long + "</p>",
			"…" + long[len(long)-60:] + "needle " + long[:220-67] + "…", []string{"needle"}},
		{"end of a long text", "needle", long + "Needle", "<p>" + long + "Needle</p>", "…ipsum " + strings.Repeat("lorem ipsum ", 17) + "Needle", []string{"Needle"}},
		{"surrogates and marks", "cafe", "🎉🎉 cafe\u0301 🎉", "<p>🎉🎉 cafe\u0301 🎉</p>", "🎉🎉 cafe\u0301 🎉", []string{"cafe\u0301"}},
		{"without HTML", "word", "a word", "", "a word", []string{"word"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			q, err := NewQuery(c.query, 100)
			if err != nil {
				t.Fatal(err)
			}
			got, spans := q.Excerpt(c.text, c.html)
			if got != c.want {
				t.Errorf("excerpt %q, want %q", got, c.want)
			}
			if marked := parts(got, spans); c.highlights != nil && !slices.Equal(marked, c.highlights) || len(marked) == 0 {
				t.Errorf("highlights %q, want %q", marked, c.highlights)
			}
		})
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range nasty {
		f.Add("a", s)
		f.Add(s, "Some text "+s+" and more")
	}
	f.Add(`"a" OR b* NEAR(c) -d`, `%_\`)
	f.Fuzz(func(t *testing.T, typed, text string) {
		text, err := Text(text, 2000)
		if err != nil {
			return
		}
		q, err := NewQuery(typed, 100)
		if err != nil {
			return
		}
		spans, ok := q.Find(text)
		if ok != q.Matches(text) || ok && len(spans) == 0 {
			t.Fatalf("%q in %q: found %v, matches %v, %d spans", typed, text, ok, q.Matches(text), len(spans))
		}
		units, last := len(utf16.Encode([]rune(text))), -1
		for _, s := range spans {
			if s.Start <= last || s.End <= s.Start || s.End > units {
				t.Fatalf("%q in %q: spans %v of %d units", typed, text, spans, units)
			}
			last = s.End
		}
		for _, part := range parts(text, spans) {
			if !utf8.ValidString(part) || part == "" {
				t.Fatalf("%q in %q: a part is %q", typed, text, part)
			}
		}
		excerpt, marked := q.Excerpt(text, text)
		for _, part := range parts(excerpt, marked) {
			if !utf8.ValidString(part) || part == "" || !utf8.ValidString(excerpt) {
				t.Fatalf("%q in %q: a part of the excerpt %q is %q", typed, text, excerpt, part)
			}
		}
		for _, word := range q.Words { // every word finds itself
			if own, err := NewQuery(word, 100); err == nil && !own.Matches(word+" "+text) {
				t.Fatalf("%q does not find itself", word)
			}
		}
	})
}
