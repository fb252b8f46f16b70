package markup

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestExcerptHTML(t *testing.T) {
	for text, want := range map[string]string{
		"just words":                       "just words",
		"is **ready**. See *this*, please": "is ready. See this, please",
		"one\n\ntwo\nthree":                "one two three",
		"a list:\n- seeds\n- **patience**": "a list: seeds patience",
		"`a < b` & [link](https://x.org/)": "a < b & link",
		"a | b\n--|--\nc | d":              "a b c d",
		"> quoted\n\nanswer":               "quoted answer",
		"<b>not a tag</b>":                 "<b>not a tag</b>",
		"```go\nx := 1\n```":               "x := 1",
	} {
		if got := ExcerptHTML(HTML(text), 100); got != want {
			t.Errorf("ExcerptHTML(HTML(%q)) = %q, want %q", text, got, want)
		}
	}
}

func TestExcerptHTMLOfAMention(t *testing.T) {
	rendered := HTMLWithMentions("*@bob*, look", map[string]int64{"bob": 7})
	if got, want := ExcerptHTML(rendered, 100), "@bob, look"; got != want {
		t.Errorf("ExcerptHTML(%q) = %q, want %q", rendered, got, want)
	}
}

func TestExcerptHTMLOfTruncatedHTML(t *testing.T) {
	rendered := HTML("say **\"so\"** & see [it](https://example.org/)")
	whole := ExcerptHTML(rendered, 100)
	for n := range len(rendered) {
		got := ExcerptHTML(rendered[:n], 100)
		entity := strings.TrimRight(got, "&#0123456789amp") // may also be truncated
		if !strings.HasPrefix(whole, got) && !strings.HasPrefix(whole, entity) {
			t.Errorf("of %q = %q, want a beginning of %q", rendered[:n], got, whole)
		}
	}
}

// The cost must not grow with the length of the message.
func TestExcerptHTMLIsBounded(t *testing.T) {
	rendered := HTML(strings.Repeat("*a* word ", 2000))
	short := ExcerptHTML(rendered, 140)
	if n := utf8.RuneCountInString(short); n > 140 || n < 130 || !strings.HasSuffix(short, "…") {
		t.Errorf("ExcerptHTML = %q of %d characters, want about 140", short, n)
	}
	few := testing.AllocsPerRun(10, func() { ExcerptHTML(rendered[:4*MaxExcerptHTML], 140) })
	many := testing.AllocsPerRun(10, func() { ExcerptHTML(strings.Repeat(rendered, 100), 140) })
	if many > few+1 {
		t.Errorf("of a hundred times the length it takes %v allocations, want %v", many, few)
	}
}
