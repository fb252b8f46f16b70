package markup

import (
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"just words":                       "just words",
		"is **ready**. See *this*, please": "is ready. See this, please",
		"one\n\ntwo\nthree":                "one two three",
		"a list:\n- seeds\n- **patience**": "a list: seeds patience",
		"`a < b` & [link](https://x.org/)": "a < b & link",
		"> quoted\n\nanswer":               "quoted answer",
		"<b>not a tag</b>":                 "<b>not a tag</b>",
		"```go\nx := 1\n```":               "x := 1",
	} {
		if got := strings.Join(strings.Fields(Plain(text)), " "); got != want {
			t.Errorf("Plain(%q) = %q, want %q", text, got, want)
		}
	}
}
