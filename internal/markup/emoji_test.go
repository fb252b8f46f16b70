package markup

import (
	"os"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

// rgiEmoji returns every emoji recommended for general interchange, Unicode 17.
func rgiEmoji(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/rgi_emoji.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func TestEmojiAcceptsAllRecommended(t *testing.T) {
	all := rgiEmoji(t)
	if got, want := len(all), 3953; got != want {
		t.Fatalf("%d emoji, want %d", got, want)
	}
	for _, emoji := range all {
		if got, ok := Emoji(emoji); !ok || got != emoji {
			t.Errorf("Emoji(%q) = %q, %t, want itself", emoji, got, ok)
		}
		// Keyboards and databases drop U+FE0F. The reaction is the same.
		if got, _ := Emoji(strings.ReplaceAll(emoji, "\uFE0F", "")); got != emoji {
			t.Errorf("Emoji(%q without style) = %q, want %q", emoji, got, emoji)
		}
	}
}

func TestEmoji(t *testing.T) {
	for in, want := range map[string]string{
		"😀\uFE0F":         "😀",
		"☝\uFE0F🏽":        "☝🏽",
		"❤":               "❤\uFE0F",
		"1⃣":              "1\uFE0F⃣",
		"\U0001FAFC":      "\U0001FAFC", // not assigned yet
		"👩\u200D❤\u200D👩": "👩\u200D❤\uFE0F\u200D👩",
	} {
		if got, ok := Emoji(in); !ok || got != want {
			t.Errorf("Emoji(%q) = %q, %t, want %q, true", in, got, ok, want)
		}
	}
}

func TestEmojiRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"nothing": "", "letter": "a", "digit": "1", "hash": "#", "word": "ok", "kanji": "字",
		"two emoji": "😀😀", "emoji and text": "😀!", "space": " 😀", "newline": "😀\n",
		"text style": "❤\uFE0E", "digit with style": "1\uFE0F", "keycap letter": "a\u20E3",
		"half a flag": "🇩", "unknown flag": "🇦🇧", "private flag": "🇿🇿", "two flags": "🇩🇪🇫🇷",
		"tone on pizza": "🍕🏽", "joiner at the end": "👩\u200D", "joiner at the start": "\u200D👩",
		"joined letter": "👩\u200Da", "five joined": strings.Repeat("👩\u200D", 4) + "👩",
		"endless": strings.Repeat("👩\u200D", 1000) + "👩", "lone style": "\uFE0F", "lone joiner": "\u200D",
		"lone keycap": "\u20E3", "broken UTF-8": "\xf0\x9f\x98", "combining mark": "😀\u0301",
		"Texas": "🏴\U000E0075\U000E0073\U000E0074\U000E0078\U000E007F", "unterminated flag": "🏴\U000E0067\U000E0062",
		"star": "★", "dingbat": "✓", "html": "<b>", "control": "\x00", "two tones": "👍🏽🏽",
	} {
		if got, ok := Emoji(in); ok {
			t.Errorf("%s: Emoji(%q) = %q, true, want false", name, in, got)
		}
	}
}

func FuzzEmoji(f *testing.F) {
	for _, s := range []string{"😀", "❤", "👩\u200D💻", "1\uFE0F\u20E3", "🇩🇪", "🏴\U000E0067", "a", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := Emoji(s)
		if !ok {
			return
		}
		if n := uniseg.GraphemeClusterCount(got); n != 1 {
			t.Errorf("Emoji(%q) = %q, %d graphemes", s, got, n)
		}
		if again, ok := Emoji(got); !ok || again != got {
			t.Errorf("Emoji(%q) = %q, but once more %q, %t", s, got, again, ok)
		}
	})
}
